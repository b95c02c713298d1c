"""The words of a rule, in English and Russian: what each means, what else a marketer may have typed for it.

A phrase of several words stands for what it means only as a whole: "not less than" is no "not".
"""

from __future__ import annotations

import re
from functools import cache

NUMBER, TEXT, DAY = "number", "text", "day"

COLUMNS: dict[str, tuple[str, str]] = {
    "kind": (TEXT, "customer kind, тип, тип клиента, вид клиента"),
    "region": (TEXT, "регион, регионе, город, область"),
    "gender": (TEXT, "sex, пол"),
    "acquired_channel": (TEXT, "acquired by, came by, канал привлечения, пришёл через, пришел через"),
    "reason_first_purchase": (TEXT, "reason, reason of the first purchase, причина первой покупки, причина"),
    "top_category": (TEXT, "favourite category, favorite category, главная категория, любимая категория"),
    "top_channel": (TEXT, "favourite channel, favorite channel, канал покупок, любимый канал"),
    "day_part": (TEXT, "part of the day, time of day, время суток"),
    "first_category": (TEXT, "category of the first purchase, первая категория, категория первой покупки"),
    "age": (NUMBER, "возраст, возраста, лет от роду"),
    "known_days": (NUMBER, "known for, знаком, дней с нами"),
    "recency_days": (NUMBER, "recency, last bought, last purchase, days since last purchase, days since the last"
                             " purchase, давность, давность покупки, дней с последней покупки, последняя покупка"),
    "orders": (NUMBER, "purchases, orders made, frequency, заказов, заказы, покупок, покупки, частота"),
    "orders_window": (NUMBER, "recent orders, недавних заказов"),
    "revenue": (NUMBER, "money, turnover, выручка, оборот, всего потратил, деньги"),
    "revenue_window": (NUMBER, "recent revenue, recent money, недавняя выручка"),
    "revenue_before": (NUMBER, "earlier revenue, прежняя выручка"),
    "margin_window": (NUMBER, "margin, recent margin, маржа, прибыль"),
    "mean_order": (NUMBER, "average order, mean purchase, average receipt, средний чек, средний заказ"),
    "days_between": (NUMBER, "days between purchases, дней между покупками"),
    "lines_per_order": (NUMBER, "lines, basket size, позиций в чеке, строк в заказе"),
    "categories": (NUMBER, "number of categories, категорий, число категорий"),
    "top_category_share": (NUMBER, "share of the top category, доля главной категории"),
    "discount_share": (NUMBER, "discount, share of discount, доля скидки, скидка"),
    "return_share": (NUMBER, "returns, share of returns, доля возвратов, возвраты"),
    "weekend_share": (NUMBER, "weekend, share of weekends, доля выходных, выходные"),
    "contacts_window": (NUMBER, "recent contacts, недавних контактов"),
    "responses_window": (NUMBER, "recent responses, недавних откликов"),
    "deals_won": (NUMBER, "won deals, deals, выигранных сделок, сделок"),
    "first_day": (DAY, "first purchase, первая покупка, first bought"),
    "last_day": (DAY, "last day bought, день последней покупки, дата последней покупки"),
}  # fmt: skip
"""What is always known or asked of a customer (`features.profile`), its kind, and what else it is called."""

KEYWORDS: dict[str, str] = {
    "and": "and, but, as well as, и, а, но, а также, &",
    "or": "or, или, либо",
    "not": "not, no, не, нет",
    "never": "never, ни разу не, никогда не, ни разу, никогда",
    "(": "(",
    ")": ")",
    ",": ",",
    "is": "exactly, is, are, was, equals, equal to, =, ==, равен, равно, равна, равны, ровно, это, есть",
    "is not": "is not, isn't, are not, was not, !=, <>, ≠, не равен, не равно, не равна",
    "in": "in, one of, any of, is one of, is in, в, среди, один из, одна из, одно из",
    "not in": "not in, is not in, not one of, is not one of, none of, не в, не среди",
    "unknown": "is unknown, unknown, is empty, неизвестен, неизвестно, неизвестна, не указан, не указано, не указана",
    "known": "is known, known, is not unknown, известен, известно, известна, указан, указано, указана",
    "contains": "contains, has in it, содержит",
    "over": "over, more than, is over, is more than, above, greater than, exceeds, longer than, older than, >,"
            " больше, более, больше чем, более чем, свыше, выше, старше, дольше",
    "under": "under, less than, fewer than, is under, is less than, below, younger than, shorter than, <, меньше,"
             " менее, меньше чем, менее чем, ниже, младше, короче",
    "at least": "at least, no less than, not less than, no fewer than, not fewer than, minimum, is at least, >=, ≥,"
                " не менее, не меньше, не менее чем, не меньше чем, минимум, хотя бы, не ниже, не младше",
    "at most": "at most, no more than, not more than, up to, maximum, is at most, <=, ≤, не более, не больше,"
               " не более чем, не больше чем, максимум, не выше, не старше, не свыше",
    "from": "from, between, is between, is from, от, между, с, со",
    "to": "to, and, up to, –, —, -, до, и, по",
    "after": "after, later than, после, позже, позднее",
    "before": "before, earlier than, до, раньше, ранее",
    "since": "since, from, on or after, not before, с, со, начиная с, не раньше, не ранее",
    "until": "until, till, on or before, not after, по, не позже, не позднее",
    "bought": "bought, has bought, have bought, had bought, buys, buy, purchased, has purchased, did buy, has, owns,"
              " покупал, покупала, покупали, купил, купила, купили, покупает, приобрёл, приобрел, приобретал",
    "not bought": "did not buy, didn't buy, has not bought, hasn't bought, have not bought, not bought, lacks, has no,"
                  " does not have, не покупал, не покупала, не покупали, не купил, не купила, не купили",
    "never bought": "never bought, has never bought, have never bought, never purchased, has never purchased,"
                    " ни разу не покупал, ни разу не покупала, никогда не покупал, никогда не покупала,"
                    " ни разу не купил",
    "anything": "anything, something, at all, что-нибудь, что-либо, что-то, хоть что-то",
    "nothing": "nothing, ничего",
    "times": "times, time, purchases, раз, раза",
    "once": "once, один раз, однажды",
    "twice": "twice, дважды",
    "spent": "spent, has spent, spends, spending, потратил, потратила, потратили, тратит",
    "on": "on, for, на",
    "contacts": "contacts, contact, touches, messages, letters, контактов, контакты, контакта, касаний,"
                " обращений, писем",
    "contacted": "contacted, was contacted, was addressed, was touched, контактировали, обращались",
    "not contacted": "was not contacted, was not addressed, never contacted, не контактировали, не обращались",
    "by": "by, via, through, по, через, на",
    "responses": "responses, answers, откликов, отклики, отклика, ответов",
    "responded": "responded, has responded, answered, reacted, откликался, откликалась, откликнулся, откликнулась,"
                 " ответил, ответила, отвечал, отвечала",
    "not responded": "has not responded, did not respond, never responded, не откликался, не откликалась,"
                     " ни разу не откликался, не отвечал, не отвечала",
    "responded to": "to, на",
    "consents": "consents to, consent to, agrees to, agreed to, has agreed to, may be contacted by, согласен на,"
                " согласна на, согласны на, согласие на, есть согласие на, дал согласие на, разрешил",
    "category": "category, the category, категорию, категория, категории",
    "brand": "brand, the brand, бренд, марку, марка, бренда",
    "product": "product, the product, товар, продукт, товара",
    "ever": "ever, at any time, когда-либо, за всё время, за все время, когда-нибудь",
    "within": "in the last, in last, in the past, within the last, over the last, over the past, during the last,"
              " within, during, in, for the last, за последние, за последний, за последнюю, за последнее, за,"
              " в течение, в последние",
    "days": "days, day, d, дней, день, дня, сут, суток",
    "weeks": "weeks, week, недель, неделю, недели, неделя",
    "months": "months, month, месяцев, месяц, месяца, мес",
    "quarter": "quarter, quarters, квартал, квартала, кварталов",
    "half-year": "half a year, half year, half-year, полгода, полугодие",
    "years": "years, year, год, года, лет",
    "money": "eur, euro, euros, usd, dollars, rub, rubles, roubles, pounds, gbp, €, $, £, ₽, евро, руб, рублей, рубля,"
             " рубль, долларов",
    "ago": "ago, назад, тому назад",
    "%": "%, percent, per cent, процентов, процента, процент",
}  # fmt: skip
"""What each phrase means to the parser. A phrase may mean several things; where it stands decides."""


def folded(text: str) -> str:
    """Words as they are compared: small letters, and ё as most people type it."""
    return text.casefold().replace("ё", "е")


@cache
def phrases() -> dict[str, list[tuple[tuple[str, ...], frozenset[str]]]]:
    """By its first word every phrase and what it may mean, the longest first. A column means `:name`."""
    meanings: dict[tuple[str, ...], set[str]] = {}
    named = {f":{name}": f"{name}, {name.replace('_', ' ')}, {others}" for name, (_, others) in COLUMNS.items()}
    for meaning, said in (KEYWORDS | named).items():
        for phrase in [said] if said == "," else said.split(","):
            meanings.setdefault(tuple(folded(phrase).split()), set()).add(meaning)
    by_first: dict[str, list[tuple[tuple[str, ...], frozenset[str]]]] = {}
    for words in sorted(meanings, key=len, reverse=True):
        by_first.setdefault(words[0], []).append((words, frozenset(meanings[words])))
    return by_first


@cache
def single() -> frozenset[str]:
    """Every keyword that is one word."""
    said = {phrase.strip() for words in KEYWORDS.values() for phrase in words.split(",")}
    return frozenset(word for word in said if len(word) > 2 and " " not in word)


@cache
def is_plain(name: str) -> bool:
    """Whether a column's name can stand in a rule as it is; what would be read otherwise stands between backticks."""
    if name in COLUMNS:
        return True
    return bool(re.fullmatch(r"[^\W\d]\w*", name)) and folded(name) not in phrases()
