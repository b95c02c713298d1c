"""Sales: receipts and their lines, told to the map with what files only imply: numbers, amounts, returns."""

from __future__ import annotations

import numpy as np

from crm_analytics.collection.mapping.conversion import quoted
from crm_analytics.collection.suggest.columns import Columns, num_of, one_of, rows_of
from crm_analytics.collection.suggest.lexicon import lexicon
from crm_analytics.collection.suggest.part import Spec
from crm_analytics.collection.suggest.place import trouble_of
from crm_analytics.collection.suggest.profile import Profile
from crm_analytics.say import say
from crm_analytics.warehouse.tables import TABLES


class Sales(Columns):
    """A file of order lines or of positions of orders."""

    def _sales(self) -> None:
        at = self.reading.at
        if self.reading.kind in ("order line", "order head"):
            self._orders()
        if (self.reading.kind == "order line" and not self.headed) or self.reading.kind == "position":
            self._undone()
            quantity, back = self.at("order_lines.quantity"), self._given_back()
            order = self._order()
            given: dict[str, Spec] = {"order_id": order, "line_no": self._line_no(order)}
            if "order_lines.amount" not in at and "order_lines.price" in at:
                price = self.at("order_lines.price")
                money = f"num({quantity.said}) * {num_of(price)}" if quantity else num_of(price)
                given["amount"] = {"expression": money}
                self.part.money = money if quantity or price.adorned else price.name
            else:
                amount = self.at("order_lines.amount")
                plain = isinstance(self.raw(amount), str) and not amount.adorned
                self.part.money = amount.name if plain else num_of(amount)
            if quantity is None:
                given["quantity"] = {"constant": "1"}
            if back:
                self._turned(given, back)
            self._block("order_lines", **given)
        elif self.headed:
            amount = at.get("order_lines.amount")
            if amount:
                self.used.discard(amount.column)

    def _order(self) -> Spec:
        profile = self.at("orders.order_id")
        if profile is not None:
            return self._id("orders.order_id")
        who = self.at("customers.customer_id")
        if who is None:
            return {"number_within": "'all'"}
        when = self.at("orders.ordered_at")
        return {"expression": f"concat_ws(' ', {who.said}, {when.said})"}

    def _line_no(self, order: Spec) -> Spec:
        line, number = self.at("order_lines.line_no"), self.at("orders.order_id")
        if line is not None and number is not None:
            pairs = [pair for pair in zip(number.cells, line.cells, strict=True) if all(pair)]
            if number.unique < 1 and len(set(pairs)) >= 0.98 * len(pairs) > 0 and line.filled > 0.98:
                self.use("order_lines.line_no")
                return self.raw(line)
        if isinstance(order, dict) and "number_within" in order:
            return {"constant": "1"}
        return {"number_within": self._group(order)}

    def _group(self, order: Spec) -> str:
        number = self.at("orders.order_id")
        return rows_of(self.raw(number)) if number is not None else rows_of(order)

    def _turned(self, given: dict[str, Spec], back: str) -> None:
        """What is given back, with a minus."""
        quantity, amount = self.at("order_lines.quantity"), self.at("order_lines.amount")
        money = num_of(amount) if amount is not None else self.part.money
        pieces = f"num({quantity.said})" if quantity is not None else "1"
        self.use("order_lines.quantity", "order_lines.amount", "order_lines.price")
        self.part.money = f"CASE WHEN {back} THEN -abs({money}) ELSE {money} END"
        given["amount"] = {"expression": self.part.money}
        given["quantity"] = {"expression": f"CASE WHEN {back} THEN -abs({pieces}) ELSE {pieces} END"}

    def _undone(self) -> None:
        """Orders whose status says that they came to nothing are no sales, though their money stands there."""
        money = self.at("order_lines.amount") or self.at("order_lines.price")
        for profile in self.reading.columns if money is not None and money.numbers is not None else ():
            if "status" not in lexicon().means(profile.name) or not profile.words or trouble_of(profile, ()):
                continue
            words = self._positive(profile, money, "return")
            if words and len(words) < profile.distinct:
                self.part.refuse.append((one_of(profile, words), say("cancelled or given back: no sale came of it")))
                self.part.questions.append(
                    say("Orders that are {words} are refused, as no sale came of them; is that so?",
                        words=", ".join(words))
                )  # fmt: skip

    def _positive(self, profile: Profile, money: Profile, value: str) -> list[str]:
        """The words for a kind of order under which money stands without a minus."""
        words = [word for word in profile.words if lexicon().canonical("orders.kind", word) == value]
        sums = [n for cell, n in zip(profile.cells, money.numbers, strict=True) if cell in words and n == n and n]
        return sorted(words) if sums and np.mean(np.array(sums) > 0) > 0.9 else []

    def _given_back(self) -> str:
        """The condition under which a line gives goods back though its money has no minus; empty where none does."""
        kind, money = self.at("orders.kind"), self.at("order_lines.amount") or self.at("order_lines.price")
        if kind is None or not kind.words or money is None or money.numbers is None:
            return ""
        words = [] if "status" in lexicon().means(kind.name) else self._positive(kind, money, "return")
        return one_of(kind, words) if words else ""

    def _orders(self) -> None:
        order = self._order()
        if "orders.order_id" not in self.reading.at:
            each = isinstance(order, dict) and "number_within" in order
            alike = say("Each line") if each else say("What a customer bought in one moment")
            ask = say("Which column numbers the orders? {alike} is taken for one.", alike=alike)
            self.part.questions.append(ask)
        block = self._block("orders", order_id=order, kind=self._deed())
        if not (isinstance(order, dict) and "number_within" in order):
            block.rows = self._group(order)

    def _deed(self) -> Spec:
        """Sale or return, by the word for it, by the sign, or by what the numbers of returns begin with."""
        kind = self.at("orders.kind")
        if kind is not None and kind.words and "status" not in lexicon().means(kind.name):
            known = {lexicon().canonical("orders.kind", word) for word in kind.words}
            if "sale" in known or "return" in known:
                self.use("orders.kind")
                return self._worded(TABLES["orders"].by_name["kind"], "orders.kind", kind)
        signed = self.at("order_lines.quantity") or self.at("order_lines.amount")
        if (signed is None or signed.numbers is None or not (signed.numbers < 0).any()) and self.at(
            "order_lines.amount"
        ):
            signed = self.at("order_lines.amount")
        if signed is None or signed.numbers is None or not (signed.numbers < 0).any():
            return {"constant": "sale"}
        number = self.at("orders.order_id")
        if number is not None:
            below = signed.numbers < 0
            marks = {cell[:1] for cell, minus in zip(number.cells, below, strict=True) if minus and cell}
            others = {cell[:1] for cell, minus in zip(number.cells, below, strict=True) if not minus and cell}
            letters = sorted(mark for mark in marks - others if mark.isalpha())
            marked = np.array([cell[:1] in letters for cell in number.cells])
            if letters and marked[below].mean() > 0.8:
                tests = " OR ".join(f"starts_with({number.said}, {quoted(mark)})" for mark in letters)
                return {"expression": f"CASE WHEN {tests} THEN 'return' ELSE 'sale' END"}
        return {"expression": f"CASE WHEN {num_of(signed)} < 0 THEN 'return' ELSE 'sale' END"}
