"""Invoices, their payment and the costs of orders find their tables, in English and in Russian."""

from datetime import date, timedelta

import pytest

from crm_analytics.collection import load, suggest_map
from crm_analytics.warehouse.engine import Warehouse

FIRST = date(2024, 1, 5)


def owed(number, style):
    due = FIRST + timedelta(days=number % 90 + 30)
    paid = "" if number % 9 == 0 else (due + timedelta(days=number % 23 - 4)).strftime(style)
    return [f"{10_000 + number}", f"C{number % 40:04d}", (due - timedelta(days=30)).strftime(style),
            due.strftime(style), paid]  # fmt: skip


def written(path, header, rows, *, by):
    path.write_text("\n".join(by.join(row) for row in (header, *rows)) + "\n", "utf-8")
    return path


INVOICES = {
    "english": (",", "%Y-%m-%d", ("Invoice No", "Customer ID", "Invoice date", "Due date", "Paid on", "Amount")),
    "of a debtor": (",", "%Y-%m-%d", ("Order", "Debtor", "Invoiced", "Due", "Settled", "Amount")),
    "russian": (";", "%d.%m.%Y", ("Документ", "Контрагент", "Дата счёта", "Срок оплаты", "Дата оплаты", "Сумма")),
    "russian, short": (";", "%d.%m.%Y", ("Заказ", "Плательщик", "Выставлен", "Оплатить до", "Оплачено", "Сумма")),
}


@pytest.mark.parametrize("said", INVOICES)
def test_a_list_of_invoices_becomes_payments(said, tmp_path):
    by, style, header = INVOICES[said]
    comma = "," if by == ";" else "."
    rows = [[*owed(n, style), f"{20 + 7 * n % 900}{comma}{n % 90 + 10}"] for n in range(200)]
    proposal = suggest_map([written(tmp_path / "invoices.csv", header, rows, by=by)])
    placed = {one.column: one.place for one in proposal.columns}
    assert [placed[name] for name in header] == [
        "orders.order_id", "customers.customer_id", "payments.invoiced_at", "payments.due_at", "payments.paid_at",
        "payments.amount",
    ]  # fmt: skip
    if said != "russian":
        return
    path = tmp_path / "map.yaml"
    path.write_text(proposal.text, "utf-8")
    report = load(path, data=tmp_path, home=tmp_path / "home")
    assert report.published, report.text
    payments = Warehouse.open(tmp_path / "home").payments.to_pandas()
    assert len(payments) == 200
    assert payments.paid_at.isna().sum() == len(range(0, 200, 9))


@pytest.mark.parametrize(
    "header",
    [("Order ID", "Cost type", "Date", "Cost"), ("Заказ", "Статья затрат", "Дата", "Расходы")],
    ids=["english", "russian"],
)
def test_a_list_of_costs_of_orders_becomes_order_costs(header, tmp_path):
    kinds = ("delivery", "packaging", "return")
    rows = [
        [f"{10_000 + n}", kinds[n % 3], str(FIRST + timedelta(days=n % 80)), f"{3 + n % 25}.{n % 90 + 10}"]
        for n in range(200)
    ]
    proposal = suggest_map([written(tmp_path / "delivery_costs.csv", header, rows, by=",")])
    assert [one.place for one in proposal.columns] == [
        "orders.order_id", "order_costs.kind", "order_costs.day", "order_costs.amount",
    ]  # fmt: skip


def test_what_a_call_cost_is_placed(tmp_path):
    header = ("Call ID", "Customer ID", "Call date", "Duration", "Result", "Cost")
    rows = [
        [f"T{n}", f"C{n % 40:04d}", f"{FIRST + timedelta(days=n % 80)} 10:{n % 60:02d}:00", str(5 + 7 * n % 600),
         ("answered", "no answer")[n % 2], f"{n % 3}.{n % 90 + 10}"]
        for n in range(200)
    ]  # fmt: skip
    proposal = suggest_map([written(tmp_path / "calls.csv", header, rows, by=",")])
    assert {one.column: one.place for one in proposal.columns}["Cost"] == "contacts.cost"
