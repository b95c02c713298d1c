"""E-mails, telephones, numbers, dates of birth and addresses in one form each; empty where they are none."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from crm_analytics.collection.identity.names import folded, words

_EMAIL = re.compile(r"[a-z0-9._%+'-]+@[a-z0-9-]+(\.[a-z0-9-]+)+")
_NOBODY_MAIL = re.compile(
    r"(no|none|nomail|noemail|no-email|net|test|tests?\d*|example|user|mail|email|a+|x+|q+|asd\w*|qwe\w*|123\d*|unknown)@"
)

_DOTLESS = frozenset({"gmail.com", "googlemail.com"})

COUNTRIES = {
    "LV": ("371", (8,), ""), "LT": ("370", (8,), "08"), "EE": ("372", (7, 8), ""), "RU": ("7", (10,), "8"),
    "KZ": ("7", (10,), "8"), "BY": ("375", (9,), "80"), "UA": ("380", (9,), "0"), "PL": ("48", (9,), "0"),
    "DE": ("49", (7, 8, 9, 10, 11), "0"), "AT": ("43", (7, 8, 9, 10, 11), "0"), "CH": ("41", (9,), "0"),
    "GB": ("44", (10, 9), "0"), "IE": ("353", (9, 8), "0"), "FR": ("33", (9,), "0"), "BE": ("32", (8, 9), "0"),
    "NL": ("31", (9,), "0"), "ES": ("34", (9,), ""), "IT": ("39", (9, 10), ""), "PT": ("351", (9,), ""),
    "SE": ("46", (7, 8, 9), "0"), "NO": ("47", (8,), ""), "DK": ("45", (8,), ""), "FI": ("358", (7, 8, 9, 10), "0"),
    "CZ": ("420", (9,), ""), "SK": ("421", (9,), "0"), "HU": ("36", (8, 9), "06"), "RO": ("40", (9,), "0"),
    "BG": ("359", (8, 9), "0"), "GR": ("30", (10,), ""), "TR": ("90", (10,), "0"), "IL": ("972", (8, 9), "0"),
    "US": ("1", (10,), "1"), "CA": ("1", (10,), "1"), "AU": ("61", (9,), "0"), "NZ": ("64", (8, 9), "0"),
    "IN": ("91", (10,), "0"), "CN": ("86", (11,), "0"), "GE": ("995", (9,), "0"), "AM": ("374", (8,), "0"),
    "AZ": ("994", (9,), "0"), "UZ": ("998", (9,), ""), "KG": ("996", (9,), "0"), "MD": ("373", (8,), "0"),
}  # fmt: skip
"""Country: its telephone code, the digits of a number within it, and what is dialled before one at home."""
FEWEST_NUMBERS = 20
"""So many numbers written with their country's code tell which country that is, where nobody does."""

_STREET_WORDS = words(
    "street st str road rd avenue ave av lane ln drive dr place pl court ct crescent cres close cl terrace tce circuit "
    "cct parade pde way boulevard blvd highway hwy square sq house flat apartment apt unit suite building bldg "
    "ul ulitsa ulica pr prospekt prosp per pereulok pl ploshchad ploschad d dom kv kvartira k korp korpus str stroenie "
    "g gor gorod obl oblast rayon n shosse sh naberezhnaya nab bulvar b r "
    "iela ielas prospekts gatve g tn mnt maantee pst tee gatve gatves pr al aleja strasse weg platz allee "
    "gasse rue via"
)


def email(text: str) -> str:
    """An address as it is delivered: small letters, and for Google without dots and what follows a plus."""
    found = _EMAIL.search(text.strip().casefold().removeprefix("mailto:"))
    if not found:
        return ""
    box, _, domain = found[0].rpartition("@")
    box = box.partition("+")[0] or box
    if domain in _DOTLESS:
        box, domain = box.replace(".", ""), "gmail.com"
    plain = f"{box}@{domain}"
    return "" if _NOBODY_MAIL.match(plain) else plain


def phone(text: str, country: str) -> str:
    """A number in international form (+37120000000); empty for too few digits, 000000, 123456 and the like."""
    first = re.split(r"[;,/|]|ext|доб|вн|x\d", text.casefold())[0]
    digits = re.sub(r"\D", "", first)
    if len(digits) < 5 or len(set(digits[-7:])) <= 1 or digits in "01234567890123456789" or digits in "9876543210":
        return ""
    code, lengths, trunk = COUNTRIES.get(country, ("", (), ""))
    if first.strip().startswith("+"):
        return "+" + digits
    if digits.startswith("00") and len(digits) > 9:
        return "+" + digits[2:]
    if not code:
        return digits
    if len(digits) in {len(code) + n for n in lengths} and digits.startswith(code):
        return "+" + digits
    for dialled in {trunk, *trunk} - {""}:
        if digits.startswith(dialled) and len(digits) - len(dialled) in lengths:
            return f"+{code}{digits[len(dialled) :]}"
    return f"+{code}{digits}" if len(digits) in lengths else digits


def dialled_from(texts: Iterable[str]) -> str:
    """The country most of these numbers are of, by those that are written with its code; empty where none prevails."""
    written = [re.sub(r"\D", "", text) for text in texts if text.strip().startswith("+")]
    times = {
        country: sum(one.startswith(code) and len(one) - len(code) in lengths for one in written)
        for country, (code, lengths, _) in COUNTRIES.items()
    }
    country = max(times, key=lambda one: times[one])
    return country if len(written) >= FEWEST_NUMBERS and times[country] > 0.8 * len(written) else ""


def number(text: str) -> str:
    """A tax or personal number: capitals and digits; empty when it is all one digit or too short to be one."""
    plain = re.sub(r"[^0-9A-Z]", "", text.upper())
    return "" if len(plain) < 5 or len(set(re.sub(r"\D", "", plain) or plain)) == 1 or plain in "1234567890" else plain


@cache
def birth_date(text: str) -> str:
    """A date of birth as 1980-01-31, from that, 19800131 or 31.01.1980; what is no date keeps its digits."""
    digits = re.sub(r"\D", "", text.split("T")[0].split(" ")[0])
    if len(digits) != 8:
        return ""
    parts = re.split(r"\D+", text.strip())
    if len(parts) >= 3 and len(parts[2]) >= 4 and len(parts[0]) <= 2:
        digits = digits[4:] + digits[2:4] + digits[:2]
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"


@dataclass(frozen=True)
class Place:
    """Where somebody lives: `street` in folded words without the likes of «street», `house` and `flat`."""

    street: str = ""
    house: str = ""
    flat: str = ""
    postcode: str = ""
    city: str = ""


def _town(parts: list[str]) -> str:
    """The part of an address that is the town: the one that says so, else the last that is no street."""
    bare = [part for part in (*parts[:0:-1], parts[0]) if part and not re.search(r"\d", part)]
    said = [part for part in bare if part.split()[0] in ("g", "gor", "gorod")]
    return next(iter(said or [part for part in bare if not _STREET_WORDS & set(part.split())]), "")


@cache
def place(address: str, city: str = "", postcode: str = "") -> Place:
    """An address in parts. Where `address` is the whole of it, the post code and the town are found in it."""
    text = folded(re.sub(r"(?<=\d)\s*[-/]\s*(?=\d)", " ", address.split("\n")[0]))
    town, code = folded(city), re.sub(r"[^0-9a-z]", "", folded(postcode))
    parts = [folded(part) for part in address.split(",")]
    if not town and len(parts) > 1:
        town = _town(parts)
        text = f" {text} ".replace(f" {town} ", " ").strip() if town else text
    if not code:
        found = re.search(r"\b(?:lv |lt |ee )?(\d{4,6})\b", text)
        if found:
            code, text = found[1], text.replace(found[0], " ")
    numbers = re.findall(r"\b\d+[a-z]?\b", text)
    street = [word for word in text.split() if word not in _STREET_WORDS and not word[0].isdigit()]
    town = " ".join(word for word in town.split() if word not in _STREET_WORDS)
    return Place(
        street=" ".join(street), house=numbers[0] if numbers else "", flat=numbers[1] if len(numbers) > 1 else "",
        postcode=code, city=town,
    )  # fmt: skip
