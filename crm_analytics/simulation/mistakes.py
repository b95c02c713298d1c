"""Mistakes planted into clean tables, with the truth about each: what detectors of defects are held against.

The clean company stays as it is, to the last bit: whatever is planted is drawn from a stream of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa

from crm_analytics.simulation.draws import stream

EACH = 12
"""So many rows are spoilt by every kind of mistake."""


@dataclass(frozen=True)
class Mistakes:
    """`tables` with mistakes in them; `truth` says for each kind in which field, how many rows, and how much money is
    at stake where that can be said."""

    tables: dict[str, pa.Table]
    truth: list[dict] = field(default_factory=list)


def plant(tables: dict[str, pa.Table], *, seed: int) -> Mistakes:
    """The same company after careless people and systems have worked on it for a while."""
    made = Mistakes(dict(tables))
    for step in _STEPS:
        step(made, stream(seed, f"mistake {step.__name__}"))
    return made


_STEPS: list[Callable[[Mistakes, np.random.Generator], None]] = []


def _mistake(step: Callable[[Mistakes, np.random.Generator], None]) -> Callable:
    _STEPS.append(step)
    return step


def _note(made: Mistakes, kind: str, place: str, rows: int, money: float | None = None) -> None:
    made.truth.append({"kind": kind, "place": place, "rows": rows, "money": money})


def _set(made: Mistakes, table: str, column: str, where: np.ndarray, values: list) -> None:
    """Put values into a column at these places."""
    rows = made.tables[table]
    old = rows[column].to_pylist()
    for place, value in zip(where, values, strict=True):
        old[place] = value
    number = rows.schema.get_field_index(column)
    made.tables[table] = rows.set_column(
        number, rows.schema.field(column), pa.array(old, rows.schema.field(column).type)
    )


def _add(made: Mistakes, table: str, rows: list[dict]) -> None:
    schema = made.tables[table].schema
    made.tables[table] = pa.concat_tables([made.tables[table], pa.Table.from_pylist(rows, schema=schema)])


def _orders(made: Mistakes, rng: np.random.Generator, *, count: int = EACH) -> list[tuple[dict, list[dict]]]:
    """Some ordinary sales of known customers with their lines, all of at least two."""
    orders, lines = made.tables["orders"].to_pandas(), made.tables["order_lines"].to_pandas()
    many = lines.groupby("order_id").size()
    good = orders[(orders.kind == "sale") & orders.customer_id.notna() & orders.order_id.map(many).ge(2)]
    some = good.iloc[rng.choice(len(good), count, replace=False)]
    back = orders.set_index("order_id").loc[some.order_id].reset_index()[orders.columns]
    return [(order, lines[lines.order_id == order["order_id"]].to_dict("records")) for order in back.to_dict("records")]


@_mistake
def two_alphabets(made: Mistakes, rng: np.random.Generator) -> None:
    products = made.tables["products"].to_pandas()
    some = rng.choice(np.flatnonzero(products.name.str.contains("o")), EACH, replace=False)
    _set(made, "products", "name", some, [products.name[i].replace("o", "о", 1) for i in some])
    sold = made.tables["order_lines"].to_pandas()
    money = float(sold.amount[sold.product_id.isin(products.product_id[some])].sum())
    _note(made, "letters of two alphabets in one word", "products.name", EACH, money)


@_mistake
def other_spelling(made: Mistakes, rng: np.random.Generator) -> None:
    regions = made.tables["customers"]["region"].to_pylist()
    some = rng.choice(len(regions), EACH, replace=False)
    _set(made, "customers", "region", some, [f"{regions[i].upper()}." for i in some])
    _note(made, "the same word spelt differently", "customers.region", EACH)


@_mistake
def typing_error(made: Mistakes, rng: np.random.Generator) -> None:
    regions = np.array(made.tables["customers"]["region"].to_pylist())
    some = rng.choice(np.flatnonzero(regions == "Vilnius"), 3, replace=False)
    _set(made, "customers", "region", some, ["Vilinus"] * 3)
    _note(made, "a typing error", "customers.region", 3)


@_mistake
def contacts(made: Mistakes, rng: np.random.Generator) -> None:
    """One telephone, e-mail and tax number on several customers; impossible ones; a test customer."""
    rows = made.tables["customer_contacts"].to_pandas()
    some = rng.choice(np.flatnonzero(rows.email.notna()), 6 * EACH, replace=False)
    phone, email, bad_phone, bad_email, test, other = some.reshape(6, EACH)
    _set(made, "customer_contacts", "phone", phone, [rows.phone[i].replace("+", "00") for i in other])
    _set(made, "customer_contacts", "email", email, [rows.email[i].upper() for i in other])
    _set(made, "customer_contacts", "phone", bad_phone, ["0000000"] * EACH)
    _set(made, "customer_contacts", "email", bad_email, ["no mail"] * EACH)
    _set(made, "customer_contacts", "full_name", test, ["Test Testing", "Тест"] * (EACH // 2))
    firms = rng.choice(np.flatnonzero(rows.tax_number.notna()), 4, replace=False)
    _set(made, "customer_contacts", "tax_number", firms[:2], [rows.tax_number[i].lower() for i in firms[2:]])
    _note(made, "one telephone on several customers", "customer_contacts.phone", EACH)
    _note(made, "one e-mail on several customers", "customer_contacts.email", EACH)
    _note(made, "an impossible telephone", "customer_contacts.phone", EACH)
    _note(made, "an impossible e-mail", "customer_contacts.email", EACH)
    _note(made, "a test customer", "customer_contacts.full_name", EACH)
    _note(made, "one tax number on several customers", "customer_contacts.tax_number", 2)


@_mistake
def people(made: Mistakes, rng: np.random.Generator) -> None:
    years = made.tables["customers"]["birth_year"].to_pylist()
    some = rng.choice([i for i, year in enumerate(years) if year], EACH, replace=False)
    _set(made, "customers", "birth_year", some, [1880, 2022] * (EACH // 2))
    _note(made, "an impossible age", "customers.birth_year", EACH)


@_mistake
def default_day(made: Mistakes, rng: np.random.Generator) -> None:
    some = rng.choice(made.tables["consents"].num_rows, EACH, replace=False)
    _set(made, "consents", "granted_at", some, [date(1970, 1, 1)] * EACH)
    _note(made, "a default date", "consents.granted_at", EACH)


@_mistake
def booked_again(made: Mistakes, rng: np.random.Generator) -> None:
    """The same basket twice; the same basket under another customer; an order without lines; a test order."""
    money = 0.0
    for number, (order, lines) in enumerate(_orders(made, rng)):
        again = f"R{number:08d}"
        _add(made, "orders", [order | {"order_id": again}])
        _add(made, "order_lines", [line | {"order_id": again} for line in lines])
        money += float(sum(line["amount"] for line in lines))
    _note(made, "the same basket twice", "orders.order_id", EACH, money)
    anybody = made.tables["customers"]["customer_id"].to_pylist()
    for number, (order, lines) in enumerate(_orders(made, rng)):
        other = next(c for c in rng.permutation(anybody[:500]) if c != order["customer_id"])
        _add(made, "orders", [order | {"order_id": f"Q{number:08d}", "customer_id": other}])
        _add(made, "order_lines", [line | {"order_id": f"Q{number:08d}"} for line in lines])
    _note(made, "one basket, two customers", "orders.customer_id", 2 * EACH)
    empty = [order | {"order_id": f"E{n:08d}"} for n, (order, _) in enumerate(_orders(made, rng))]
    _add(made, "orders", empty)
    _note(made, "an order without lines", "orders.order_id", EACH)


@_mistake
def slipped(made: Mistakes, rng: np.random.Generator) -> None:
    """Prices ten times too high, and amounts that are not quantity times price."""
    lines = made.tables["order_lines"].to_pandas()
    usual = (lines.quantity > 0) & (lines.product_id <= "P080")
    ten, wrong, token = rng.choice(np.flatnonzero(usual), (3, EACH), replace=False)
    _set(made, "order_lines", "price", ten, [10 * lines.price[i] for i in ten])
    _set(made, "order_lines", "amount", ten, [10 * lines.amount[i] for i in ten])
    _note(made, "a decimal point in the wrong place", "order_lines.price", EACH, float(9 * lines.amount[ten].sum()))
    _set(made, "order_lines", "amount", wrong, [lines.amount[i] + 7 for i in wrong])
    _note(made, "an amount that is not quantity times price", "order_lines.amount", EACH, 7.0 * EACH)
    _set(made, "order_lines", "price", token, [Decimal("0.01")] * EACH)
    _set(made, "order_lines", "amount", token, [lines.quantity[i] * Decimal("0.01") for i in token])
    _note(made, "a test order", "order_lines.price", EACH)


@_mistake
def returned(made: Mistakes, rng: np.random.Generator) -> None:
    """Returns of what the customer never bought."""
    late = made.tables["orders"].to_pandas().ordered_at.max()
    lines = made.tables["order_lines"].to_pandas()
    bought = made.tables["orders"].to_pandas().merge(lines, on="order_id").groupby("customer_id").product_id.agg(set)
    for number, (order, of_order) in enumerate(_orders(made, rng)):
        never = sorted(set(lines.product_id[:500]) - bought[order["customer_id"]])[0]
        back = order | {"order_id": f"Z{number:08d}", "kind": "return", "ordered_at": late}
        line = of_order[0] | {"order_id": back["order_id"], "product_id": never, "quantity": -1}
        _add(made, "orders", [back])
        _add(made, "order_lines", [line | {"amount": -line["price"]}])
    _note(made, "a return of what was never sold", "order_lines.product_id", EACH)


@_mistake
def campaigns(made: Mistakes, rng: np.random.Generator) -> None:
    """Costs and contacts that were not booked, a control group that was addressed, a campaign that ends before it
    begins."""
    costs, arms = made.tables["campaign_costs"].to_pandas(), made.tables["arms"].to_pandas()
    listed = made.tables["campaigns"].to_pandas()
    lost = sorted(costs.campaign_id.unique())[:2]
    made.tables["campaign_costs"] = made.tables["campaign_costs"].filter(
        pa.compute.invert(pa.compute.is_in(made.tables["campaign_costs"]["campaign_id"], pa.array(lost)))
    )
    budget = float(listed.budget[listed.campaign_id.isin(lost)].sum())
    _note(made, "a campaign without cost", "campaign_costs.campaign_id", 2, budget)
    control = arms[arms.arm == "control"].sample(EACH, random_state=int(rng.integers(2**31)))
    touches = made.tables["contacts"].slice(0, EACH).to_pylist()
    for number, (touch, one) in enumerate(zip(touches, control.itertuples(), strict=True)):
        touch |= {
            "contact_id": f"V{number:07d}",
            "customer_id": one.customer_id,
            "campaign_id": one.campaign_id,
            "kind": "out",
            "channel": "visit",
        }
    _add(made, "contacts", touches)
    _note(made, "a message to somebody who was to be left alone", "contacts.customer_id", EACH)
    _set(made, "campaigns", "ends", np.array([3]), [listed.starts[3].replace(year=listed.starts[3].year - 1)])
    _note(made, "an end before its beginning", "campaigns.ends", 1)


@_mistake
def stock(made: Mistakes, rng: np.random.Generator) -> None:
    some = rng.choice(made.tables["stock"].num_rows, EACH, replace=False)
    _set(made, "stock", "quantity", some, [-3] * EACH)
    _note(made, "less than nothing in stock", "stock.quantity", EACH)


@_mistake
def lost_days(made: Mistakes, rng: np.random.Generator) -> None:
    """Day and month change places in some orders."""
    orders = made.tables["orders"].to_pandas()
    day, month = orders.ordered_at.dt.day, orders.ordered_at.dt.month
    plain = orders.order_id.str.startswith("A") & (orders.kind == "sale")
    far = ((day - month).abs() >= 3) & (day <= 12)
    some = rng.choice(np.flatnonzero(plain & far), EACH, replace=False)
    swapped = [at.replace(day=at.month, month=at.day).to_pydatetime() for at in orders.ordered_at[some]]
    _set(made, "orders", "ordered_at", some, swapped)
    _note(made, "day and month in each other's place", "orders.ordered_at", EACH)
