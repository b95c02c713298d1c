"""What people write in an open question: a beginning, a matter and an end, put together so that few are alike."""

from __future__ import annotations

MATTERS = {
    "Delivery": (
        "the delivery was late",
        "my parcel came a week late",
        "the courier came late and had no notice",
        "delivery takes too many days",
        "couriers never call before delivery",
        "the parcel was delivered late and damaged",
        "faster delivery to the countryside",
        "a late delivery spoiled our weekend",
    ),
    "Prices": (
        "prices are too high",
        "the same tools are cheaper at the supermarket",
        "everything is expensive compared with the market",
        "lower the prices of garden furniture",
        "more discounts for card holders",
        "too expensive for a pensioner",
        "the price went up again and the discount is gone",
        "cheaper offers and honest discounts",
    ),
    "Range": (
        "a wider choice of plants",
        "the size I need is never in stock",
        "more choice of lamps",
        "half of the shelf was out of stock",
        "the range of textiles is small",
        "seeds were out of stock in April",
        "stock more sizes",
        "too little choice of grills",
    ),
    "Staff": (
        "the staff were rude",
        "nobody at the counter could advise me",
        "rude answers from the shop assistants",
        "the assistants know little and are not polite",
        "staff should greet people and advise them",
        "an assistant was impolite to my mother",
        "more polite staff at the counter",
        "no assistant to be found to advise us",
    ),
    "Web shop": (
        "the website is slow",
        "the web page crashed at the payment",
        "I cannot find anything on the website",
        "the online basket lost my order page",
        "searching on the site does not work",
        "the payment page of the website hangs",
        "make the website work on a phone",
        "logging in to the web page fails",
    ),
}

BEGINNINGS = (
    "",
    "Honestly, ",
    "As I said before: ",
    "First of all ",
    "For me ",
    "Every time ",
    "Last month ",
    "Please: ",
)
ENDS = ("", ".", "!", ", that is all.", ", again.", ", which is a pity.", ", please do something.", ", otherwise fine.")

CONFIDENCES = (
    " Call me on +371 2912 4455.",
    " Write to {name}@example.com.",
    " Ask for Ilze Ozola at the counter.",
    " My card is 4455 7781 9023.",
)
EVERY_CONFIDENCE = 17
"""One open answer in so many gives away what should not be shown."""


def wording(theme: str, code: int) -> str:
    """The answer about a theme that a number stands for."""
    matter = MATTERS[theme][code % len(MATTERS[theme])]
    begin = BEGINNINGS[code // 8 % len(BEGINNINGS)]
    text = begin + (matter if begin else matter[0].upper() + matter[1:]) + ENDS[code // 64 % len(ENDS)]
    if code // 512 % EVERY_CONFIDENCE:
        return text
    return text + CONFIDENCES[code // 512 // EVERY_CONFIDENCE % len(CONFIDENCES)].format(name=f"user{code % 997}")
