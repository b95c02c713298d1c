"""What people write in an open question: a beginning, a matter and an end, put together so that few are alike."""

from __future__ import annotations

MATTERS = {
    "Delivery": (
        "the delivery was late",
        "my parcel came a week late, such delivery is no good",
        "the courier was late and the parcel damaged",
        "delivery by courier takes too many days",
        "couriers never call before the delivery",
        "the parcel was delivered late and damaged",
        "faster delivery of parcels to the countryside",
        "the courier lost my parcel",
    ),
    "Prices": (
        "prices are too high",
        "the same tools are cheaper elsewhere, your prices are high",
        "everything is expensive, lower your prices",
        "lower prices and more discounts",
        "more discounts for card holders",
        "the price is too expensive for a pensioner",
        "the price went up again and the discount is gone",
        "cheaper prices and honest discounts",
    ),
    "Range": (
        "a wider choice of plants in stock",
        "the size I need is never in stock",
        "more choice of lamps and more sizes",
        "half of the range was out of stock",
        "the range of textiles has little choice",
        "seeds were out of stock in April",
        "keep more sizes in stock",
        "too little choice in the range of grills",
    ),
    "Staff": (
        "the staff were rude",
        "the staff at the counter could not advise me",
        "rude answers from the shop assistants",
        "the assistants are not polite and cannot advise",
        "staff should be polite and advise people",
        "an assistant was rude to my mother",
        "more polite staff at the counter",
        "no assistant to advise us at the counter",
    ),
    "Web shop": (
        "the website is slow",
        "the website crashed at the payment",
        "searching on the website finds nothing",
        "the payment page lost my basket",
        "searching is slow and the page hangs",
        "the payment page of the website hangs",
        "make the website work on a phone, the page is slow",
        "logging in to the website fails at the payment",
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
