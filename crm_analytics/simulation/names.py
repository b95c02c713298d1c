"""Invented names: in several alphabets and languages, with the short forms people use for them."""

from __future__ import annotations

import re
import unicodedata

WOMEN = (
    ("Anna", "Anna"), ("Ilze", "Ilze"), ("Marta", "Marta"), ("Liis", "Liis"), ("Kadri", "Kadri"), ("Rūta", "Ruta"),
    ("Анна", "Anna"), ("Ольга", "Olga"), ("Eva", "Eva"), ("Laura", "Laura"),
    ("Katrin", "Katrin"), ("Екатерина", "Ekaterina"),
    ("Елена", "Elena"), ("Наталья", "Natalia"), ("Светлана", "Svetlana"), ("Татьяна", "Tatiana"), ("Ирина", "Irina"),
    ("Юлия", "Yulia"), ("Мария", "Maria"), ("Kristīne", "Kristine"), ("Inese", "Inese"), ("Dace", "Dace"),
    ("Līga", "Liga"), ("Zane", "Zane"), ("Elīna", "Elina"), ("Piret", "Piret"),
    ("Tiina", "Tiina"), ("Maarika", "Maarika"),
    ("Aistė", "Aiste"), ("Jurgita", "Jurgita"), ("Daiva", "Daiva"), ("Виктория", "Viktoria"), ("Людмила", "Ludmila"),
    ("Sanita", "Sanita"), ("Baiba", "Baiba"), ("Ieva", "Ieva"), ("Gunta", "Gunta"), ("Evelin", "Evelin"),
)  # fmt: skip
MEN = (
    ("Jānis", "Janis"), ("Pēteris", "Peteris"), ("Toomas", "Toomas"), ("Jonas", "Jonas"), ("Сергей", "Sergey"),
    ("Andris", "Andris"), ("Mindaugas", "Mindaugas"), ("Ivars", "Ivars"), ("Дмитрий", "Dmitry"),
    ("Александр", "Alexander"),
    ("Михаил", "Mikhail"), ("Алексей", "Alexey"), ("Владимир", "Vladimir"), ("Николай", "Nikolay"), ("Иван", "Ivan"),
    ("Виктор", "Viktor"), ("Евгений", "Evgeny"), ("Юрий", "Yury"), ("Andrejs", "Andrejs"), ("Māris", "Maris"),
    ("Juris", "Juris"), ("Edgars", "Edgars"), ("Kaspars", "Kaspars"), ("Raimonds", "Raimonds"), ("Tõnu", "Tonu"),
    ("Jaan", "Jaan"), ("Margus", "Margus"), ("Priit", "Priit"), ("Vytautas", "Vytautas"), ("Darius", "Darius"),
    ("Tomas", "Tomas"), ("Kęstutis", "Kestutis"), ("Павел", "Pavel"), ("Андрей", "Andrey"), ("Игорь", "Igor"),
    ("Normunds", "Normunds"), ("Gints", "Gints"), ("Rein", "Rein"),
)  # fmt: skip
SHORT = {
    "Анна": "Аня", "Ольга": "Оля", "Екатерина": "Катя", "Елена": "Лена", "Наталья": "Наташа", "Светлана": "Света",
    "Татьяна": "Таня", "Ирина": "Ира", "Юлия": "Юля", "Мария": "Маша", "Виктория": "Вика", "Людмила": "Люда",
    "Сергей": "Серёжа", "Дмитрий": "Дима", "Александр": "Саша", "Михаил": "Миша", "Алексей": "Лёша", "Владимир": "Вова",
    "Николай": "Коля", "Иван": "Ваня", "Евгений": "Женя", "Юрий": "Юра", "Павел": "Паша", 
    "Виктор": "Витя",
}  # fmt: skip
"""How the people who answer to these names are called by those who know them."""

STEMS = (
    "Иван", "Петр", "Смирн", "Кузнец", "Сокол", "Мороз", "Волк", "Лебед", "Козл", "Новик", "Федор", "Орл",
    "Жук", "Щербак",
)  # fmt: skip
LAST_NAMES = (
    *((f"{stem}ов", f"{stem}ова") for stem in STEMS),
    *((name, name) for name in (
        "Tamm", "Saar", "Kask", "Sepp", "Mägi", "Kukk", "Rebane", "Ilves", "Pärn", "Koppel", "Oja", "Raud", "O'Hara",
        "Õunapuu", "Lepik", "Vaher", "Teder", "Kuusk", "Karu", "Laas", "Põld", "Aas", "Allik", "Lind", "Jõgi",
    )),
    *((f"{stem}s", f"{stem}a") for stem in (
        "Ozol", "Liep", "Vītol", "Zariņ", "Bērz", "Kalniņ", "Krūmiņ", "Balod", "Janson", "Pried", "Zirn", "Rozenberg",
        "Vanag", "Dūm", "Krauj", "Pēterson", "Gail", "Zvirbul", "Āboliņ", "Siliņ", "Putniņ", "Strazdiņ", "Freiman",
        "Grīnberg", "Lūs", "Cīrul", "Avotiņ", "Celmiņ", "Dreiman", "Kārkliņ",
    )),
    *((f"{stem}as", f"{stem}ienė") for stem in (
        "Kazlausk", "Petrausk", "Jankausk", "Stankevič", "Vasiliausk", "Žukausk", "Butk", "Paulausk", "Urbon", "Navick",
        "Rimk", "Savick", "Šimk", "Baranausk", "Lapinsk",
    )),
)  # fmt: skip
"""Family names, as a man and as a woman bears them."""

STREETS = (
    "Brīvības iela", "Liepājas iela", "Narva mnt", "Gedimino pr.", "Skolas iela", "Dārza iela", "Тёплая улица",
    "Kalna iela", "Upes iela", "Meža iela", "Pils iela", "Tallinas iela", "Krasta iela", "Ausekļa iela",
    "Raiņa bulvāris",
    "Pärnu mnt", "Tartu mnt", "Kopli tn", "Pikk tn", "Lai tn", "Vilniaus g.", "Kauno g.", "Pylimo g.", "Žemaitės g.",
    "Садовая улица", "Речная улица", "Школьная улица", "Miera iela", "Stabu iela", "Zemgales prospekts",
)  # fmt: skip

_LATIN = dict(
    pair.split("=")
    for pair in re.split(
        " ", "а=a б=b в=v г=g д=d е=e ё=e ж=zh з=z и=i й=y к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=kh ц=ts "
        "ч=ch ш=sh щ=shch ъ= ы=y ь= э=e ю=yu я=ya"
    )
)


def latin(name: str) -> str:
    """The name as a clerk without a Cyrillic keyboard, or without accents, types it."""
    letters = "".join(_LATIN.get(letter, _LATIN.get(letter.lower(), letter).capitalize()) for letter in name)
    return "".join(c for c in unicodedata.normalize("NFKD", letters) if not unicodedata.combining(c))
