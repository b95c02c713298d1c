"""Exports of companies nobody has seen: titles above the headings, days in words, doubled and mute headings, documents
with lists of lines, orders that came to nothing."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from crm_analytics.collection import Proposal, load, suggest_map
from crm_analytics.collection.sources.source import told_apart
from crm_analytics.collection.suggest.dates import dating
from crm_analytics.warehouse.engine import Warehouse

MONTHS = ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
          "декабря")  # fmt: skip
LINES = [(1000 + n // 3, n % 28 + 1, n // 3 % 12, f"Товар {n % 7}", n % 3 + 1, Decimal(n % 7 + 3) / 2)
         for n in range(120)]  # fmt: skip


def placed(proposal: Proposal) -> dict[str, str]:
    return {one.column: one.place for one in proposal.columns if one.place}


def loaded(proposal: Proposal, folder: Path) -> Warehouse:
    (folder / "proposed.yaml").write_text(proposal.text, "utf-8")
    report = load(folder / "proposed.yaml", data=proposal.folder, home=folder / "home")
    assert report.published, report.text
    return Warehouse.open(folder / "home")


def sold(wh: Warehouse) -> Decimal:
    return sum(wh.order_lines.to_pandas().amount)


def test_a_report_with_titles_above_and_totals_below(tmp_path):
    rows = [f"{no};{no % 28 + 1:02}.0{m % 9 + 1}.2024;{name};{q};" + f"{p:.2f};{q * p:.2f}".replace(".", ",")
            for no, _, m, name, q, p in LINES]  # fmt: skip
    text = ["Отчёт о продажах;;;;;", "Период: 2024;;;;;", ";;;;;", "№ чека;Дата чека;Товар;Кол-во;Цена;Сумма", *rows]
    total = sum(q * p for *_, q, p in LINES)
    (tmp_path / "a.csv").write_text("\n".join([*text, f"Итого;;;;;{total:.0f},00", ""]), "cp1251")
    proposal = suggest_map([tmp_path / "a.csv"])
    assert "header_row: 4" in proposal.text
    assert sold(loaded(proposal, tmp_path)) == total


def test_a_heading_of_two_rows_is_no_title(tmp_path):
    heading = "id;Вопрос о доставке и оплате;;;\n;Быстро;Дорого;Вежливо;Удобно\n"
    (tmp_path / "a.csv").write_text(heading + "1;x;;x;x\n" * 9)
    assert "header_row" not in suggest_map([tmp_path / "a.csv"]).text


@pytest.mark.parametrize("written", ["{d} {m} {y} г.", "{d} {m} {y}", "{d:02} {s}. {y} 10:15"])
def test_days_in_russian_words(tmp_path, written):
    said = [written.format(d=d, m=MONTHS[m], s=MONTHS[m][:3], y=2023) for _, d, m, *_ in LINES]
    assert dating(said, day_first=True).formats == ("%d %B %Y %H:%M" if ":" in written else "%d %B %Y",)
    rows = [f"{n};{day};К{n % 9};{n}.5" for n, day in enumerate(said)]
    (tmp_path / "a.csv").write_text("\n".join(["Номер заказа;Дата заказа;Клиент;Сумма", *rows, ""]), "cp1251")
    when = loaded(suggest_map([tmp_path / "a.csv"]), tmp_path).orders.to_pandas().set_index("order_id").ordered_at
    assert [(when[str(n)].day, when[str(n)].month) for n in range(120)] == [(d, m + 1) for _, d, m, *_ in LINES]


def test_headings_that_stand_twice_can_be_told_apart(tmp_path):
    assert told_apart(["a", "b", "a", "", ""]) == ("a (1)", "b", "a (2)", "", "")
    rows = [f"{n};0{n % 9 + 1}.01.2024;К{n % 5};{n + 10}.5;1{n % 9 + 1}.02.2024;1.5" for n in range(40)]
    (tmp_path / "a.csv").write_text("\n".join(["Заказ;Дата;Клиент;Сумма;Дата;Сумма", *rows, ""]), "utf-8")
    proposal = suggest_map([tmp_path / "a.csv"])
    assert placed(proposal)["Дата (1)"] == "orders.ordered_at"
    assert sold(loaded(proposal, tmp_path)) == sum(Decimal(n) + Decimal("10.5") for n in range(40))


def test_headings_that_only_count(tmp_path):
    rows = [f"{no},2024-0{m % 9 + 1}-{no % 28 + 1:02},c{no % 9}@ex.org,{name},{q},{p},{q * p}"
            for no, _, m, name, q, p in LINES]  # fmt: skip
    (tmp_path / "a.csv").write_text("\n".join(["F1,F2,F3,F4,F5,F6,F7", *rows, ""]), "utf-8")
    proposal = suggest_map([tmp_path / "a.csv"])
    at = placed(proposal)
    assert (at["F1"], at["F2"], at["F7"]) == ("orders.order_id", "orders.ordered_at", "order_lines.amount")
    assert {"F1?", "F2?"} <= {word for one in proposal.questions for word in one.split()}
    assert sold(loaded(proposal, tmp_path)) == sum(q * p for *_, q, p in LINES)


def test_documents_with_lists_of_lines(tmp_path):
    orders = [{"id": n, "date": f"2024-01-{n % 28 + 1:02}", "client": {"id": n % 7}, "total": 9.0,
               "lines": [{"sku": f"A{k}", "qty": k, "price": 1.5, "sum": 1.5 * k} for k in (1, 2, 3)]}
              for n in range(60)]  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps({"made": "2024", "orders": orders}), "utf-8")
    proposal = suggest_map([tmp_path / "a.json"])
    assert 'records: "orders.lines"' in proposal.text
    assert sold(loaded(proposal, tmp_path)) == 540


@pytest.mark.parametrize(("heading", "sign"), [("Статус", 0), ("Вид операции", -1)])
def test_what_was_undone_is_no_sale(tmp_path, heading, sign):
    """An order that was given back by its status is none; a document of its own that gives back counts below zero."""
    rows = [f"{n};0{n % 9 + 1}.01.2024;К{n % 5};{n + 10};{'Возврат' if n % 8 == 0 else 'Продажа'}" for n in range(80)]
    (tmp_path / "a.csv").write_text("\n".join([f"Заказ;Дата;Клиент;Сумма;{heading}", *rows, ""]), "utf-8")
    proposal = suggest_map([tmp_path / "a.csv"])
    back = sum(n + 10 for n in range(0, 80, 8))
    assert sold(loaded(proposal, tmp_path)) == sum(n + 10 for n in range(80)) - back + sign * back
    assert any("Возврат" in question for question in proposal.questions) == (sign == 0)


def test_what_no_heading_tells_the_order_of_the_lines_does(tmp_path):
    """Lines that lie together and are of one day are an order; what differs on each of them is what was bought."""
    rows = [f"Q{no},2024-0{no // 28 % 9 + 1}-{no % 28 + 1:02},{no % 9},{name},{q},{q * p}"
            for no, _, _, name, q, p in LINES]  # fmt: skip
    (tmp_path / "a.csv").write_text("\n".join(["Zorb,Date,Customer ID,Glimp,Qty,Amount", *rows, ""]), "utf-8")
    proposal = suggest_map([tmp_path / "a.csv"])
    at = placed(proposal)
    assert (at["Zorb"], at["Glimp"]) == ("orders.order_id", "products.product_id")
    assert {"Zorb?", "Glimp?"} <= {word for one in proposal.questions for word in one.split()}


def test_without_a_number_of_orders_it_is_asked(tmp_path):
    rows = [f"2024-01-{n % 28 + 1:02},{n % 9},{n}.5" for n in range(90)]
    (tmp_path / "a.csv").write_text("\n".join(["Order date,Customer ID,Amount", *rows, ""]), "utf-8")
    assert any("numbers the orders" in question for question in suggest_map([tmp_path / "a.csv"]).questions)


def test_people_at_a_table_are_no_numbers_of_customers(tmp_path):
    rows = [f"{n},2024-01-{n % 28 + 1:02},{n % 4 + 1},+7 912 000-{n % 9}0-0{n % 9},{n}.5" for n in range(300)]
    (tmp_path / "a.csv").write_text("\n".join(["Bill,Opened,Guests,Guest phone,Total", *rows, ""]), "utf-8")
    assert "Guests" not in placed(suggest_map([tmp_path / "a.csv"]))
