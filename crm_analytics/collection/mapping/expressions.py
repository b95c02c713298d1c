"""Expressions: what a map may calculate. One scalar expression over the columns of its own file, and nothing else.

DuckDB's own parser reads it, and every node of what it read must be on a list; so an expression can reach no file, no
other table, no clock and no chance. Column names are replaced by positions, so that a hostile header is never SQL.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

_ALLOWED = """
abs ascii ceil ceiling chr concat concat_ws contains date_diff date_part date_trunc datediff datepart datetrunc day
dayofmonth dayofweek ends_with epoch floor format greatest hour ifnull instr last_day lcase least left len length lower
lpad ltrim make_date md5 minute mod moment month monthname nfc_normalize nullif num prefix quarter regexp_extract
regexp_full_match regexp_matches regexp_replace replace reverse right round rpad rtrim second sha256 sign split_part
starts_with strftime strip_accents strlen strpos strptime substr substring suffix to_days to_hours to_minutes to_months
to_seconds to_years translate trim trunc try_strptime ucase upper week weekday year
+ - * / // % || ~~ !~~ ~~* !~~* ^@
"""
FUNCTIONS = frozenset(_ALLOWED.split())
"""The functions and operators an expression may use."""

_CALCULATING = "+ - * / // % abs round floor ceil ceiling sign mod trunc"
ARITHMETIC = frozenset(_CALCULATING.split())
"""Those that read the columns they are given as numbers."""

_NODES = "CASE COMPARISON CONJUNCTION OPERATOR BETWEEN CAST CONSTANT FUNCTION COLUMN_REF"
_NUMBERS = "TINYINT SMALLINT INTEGER BIGINT HUGEINT FLOAT DOUBLE DECIMAL"
_TESTS = "COMPARE_IN COMPARE_NOT_IN OPERATOR_NOT OPERATOR_IS_NULL OPERATOR_IS_NOT_NULL OPERATOR_COALESCE OPERATOR_TRY"
_PLAIN, _NUMBER_TYPES, _OPERATORS = (frozenset(words.split()) for words in (_NODES, _NUMBERS, _TESTS))
_TYPES = _NUMBER_TYPES | {"VARCHAR", "BOOLEAN", "DATE", "TIME", "TIMESTAMP"}
_LOCAL = frozenset(("num", "day", "moment"))


class ExpressionError(ValueError):
    """The expression is not one that a map may hold; the message says why."""


def bind(connection: Any, text: str, *, column: Callable[[str], str], dialect: str) -> str:
    """The expression as SQL over positions, ready to be put into a query.

    `column` gives the SQL of a source column by its name (and raises for an unknown one); `dialect` is the suffix of
    the file's own `num`, `day` and `moment`. Raises ExpressionError.
    """
    if len(text) > 5_000:
        raise ExpressionError("it is too long; an expression has at most 5,000 characters")
    try:
        parsed = json.loads(connection.execute("SELECT json_serialize_sql(?)", ["SELECT " + text]).fetchone()[0])
    except Exception as error:
        raise ExpressionError(f"it cannot be read ({_first_line(error)})") from None
    if parsed["error"]:
        raise ExpressionError(f"it cannot be read ({_first_line(parsed['error_message'])})")
    select = _only_select(parsed)
    node = _Binder(column, dialect).bound(select["select_list"][0])
    node["alias"] = ""
    select["select_list"] = [node]
    sql = connection.execute("SELECT json_deserialize_sql(?)", [json.dumps(parsed)]).fetchone()[0]
    return "(" + sql.removeprefix("SELECT ") + ")"


def _only_select(parsed: dict) -> dict:
    statements = parsed["statements"]
    select = statements[0]["node"] if len(statements) == 1 else {}
    rest = ("where_clause", "group_expressions", "group_sets", "having", "sample", "qualify", "modifiers")
    if (
        select.get("type") != "SELECT_NODE"
        or len(select["select_list"]) != 1
        or any(select[key] for key in rest)
        or select["from_table"]["type"] != "EMPTY"
        or select["cte_map"]["map"]
    ):
        raise ExpressionError("it should be one expression over the file's columns, not a query or several")
    return select


class _Binder:
    def __init__(self, column: Callable[[str], str], dialect: str):
        self.column, self.dialect = column, dialect

    def bound(self, node: dict) -> dict:
        kind = node["class"]
        if kind not in _PLAIN:
            raise ExpressionError(f"it holds a {kind.lower().replace('_', ' ')}, which a map may not")
        return getattr(self, "_" + kind.lower())(node)

    def _column_ref(self, node: dict) -> dict:
        if len(node["column_names"]) != 1:
            raise ExpressionError(
                f'it names {".".join(node["column_names"])}; put a column\'s name with a dot into double quotes: "a.b"'
            )
        return node | {"column_names": [self.column(node["column_names"][0])]}

    def _constant(self, node: dict) -> dict:
        return node

    def _cast(self, node: dict) -> dict:
        if node["cast_type"]["id"] not in _TYPES:
            raise ExpressionError(f"it turns a value into {node['cast_type']['id']}, which a map may not")
        return node | {"child": self.bound(node["child"])}

    def _case(self, node: dict) -> dict:
        checks = [
            {"when_expr": self.bound(one["when_expr"]), "then_expr": self.bound(one["then_expr"])}
            for one in node["case_checks"]
        ]
        return node | {"case_checks": checks, "else_expr": self.bound(node["else_expr"])}

    def _conjunction(self, node: dict) -> dict:
        return node | {"children": [self.bound(child) for child in node["children"]]}

    def _comparison(self, node: dict) -> dict:
        left, right = self._alike([node["left"], node["right"]])
        return node | {"left": left, "right": right}

    def _between(self, node: dict) -> dict:
        middle, lower, upper = self._alike([node["input"], node["lower"], node["upper"]])
        return node | {"input": middle, "lower": lower, "upper": upper}

    def _operator(self, node: dict) -> dict:
        if node["type"] not in _OPERATORS:
            raise ExpressionError(f"it uses {node['type'].lower()}, which a map may not")
        if node["type"] in ("COMPARE_IN", "COMPARE_NOT_IN"):
            return node | {"children": self._alike(node["children"])}
        return node | {"children": [self.bound(child) for child in node["children"]]}

    def _function(self, node: dict) -> dict:
        name = node["function_name"].lower()
        if name not in FUNCTIONS or node["schema"] not in ("", "main") or node["catalog"]:
            raise ExpressionError(f"it uses {name}(), which is not on the list of maps/README.md")
        if node["filter"] or node["distinct"] or node["order_bys"]["orders"]:
            raise ExpressionError(f"{name}() is used as if over many lines; an expression sees one")
        children = [self.number(c) if name in ARITHMETIC else self.bound(c) for c in node["children"]]
        local = {"function_name": name + self.dialect} if name in _LOCAL else {}
        return node | {"children": children} | local

    def _alike(self, nodes: list[dict]) -> list[dict]:
        """What is compared with a number is read as a number, in the file's own way of writing them."""
        numbers = any(_is_number(node) for node in nodes)
        return [self.number(node) if numbers else self.bound(node) for node in nodes]

    def number(self, node: dict) -> dict:
        if node["class"] != "COLUMN_REF":
            return self.bound(node)
        return {
            "class": "FUNCTION",
            "type": "FUNCTION",
            "alias": "",
            "query_location": node["query_location"],
            "function_name": "num" + self.dialect,
            "schema": "",
            "children": [self.bound(node)],
            "filter": None,
            "order_bys": {"type": "ORDER_MODIFIER", "orders": []},
            "distinct": False,
            "is_operator": False,
            "export_state": False,
            "catalog": "",
        }


def _is_number(node: dict) -> bool:
    if node["class"] == "CONSTANT":
        return node["value"]["type"]["id"] in _NUMBER_TYPES
    if node["class"] == "CAST":
        return node["cast_type"]["id"] in _NUMBER_TYPES
    return node["class"] == "FUNCTION" and node["function_name"].lower() in ARITHMETIC | {"num", "length", "len"}


def _first_line(error: Any) -> str:
    return str(error).splitlines()[0][:200]
