"""Trees of segments: a text with indents, its rules, Kleene's logic, and why somebody is in."""

from itertools import product

import numpy as np
import pytest

from crm_analytics.rules.clauses import clauses
from crm_analytics.rules.logic import HOLDS, HOLDS_NOT, UNKNOWN, column_of, holds, reason
from crm_analytics.rules.parser import read
from crm_analytics.rules.tokens import RuleError
from crm_analytics.rules.tree import USUAL, read_tree

TREE = """
# what we call them
buyers: orders at least 1
    regulars: orders at least 4
        near: region is "Riga"
    late: recency over 90
nobody yet: orders exactly 0
"""


def test_what_is_indented_lies_within():
    tree = read_tree(TREE)
    assert [(one.name, one.within, one.level) for one in tree.segments] == [
        ("buyers", None, 0), ("regulars", "buyers", 1), ("near", "regulars", 2), ("late", "buyers", 1),
        ("nobody yet", None, 0),
    ]  # fmt: skip
    assert str(tree.whole("near")) == 'orders at least 1 and orders at least 4 and region is "Riga"'
    assert len(tree.clauses) == 5


@pytest.mark.parametrize("text", [TREE, USUAL])
def test_a_tree_prints_back(text):
    tree = read_tree(text)
    assert read_tree(str(tree)) == tree


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "There is no segment"),
        (
            "orders over 3",
            "A line is a name, a colon and a rule, like: regulars: orders at least 4 (line 1, character 1)",
        ),
        ("a: orders over 3\nb: age ovr 3", "'ovr' is not understood; did you mean over? (line 2, character 8)"),
        (
            "a: orders over 3\nA: age over 3",
            "two segments called 'A'; give each a name of its own (line 2, character 1)",
        ),
        ("  a: orders over 3\nb: age over 3", "lies within no segment (line 2, character 1)"),
        ("a: orders over 3\nb:", "The rule is empty"),
        ("a" * 61 + ": orders over 3", "at most 60"),
    ],
)
def test_a_mistake_names_its_line(text, told):
    with pytest.raises(RuleError) as error:
        read_tree(text)
    assert told in str(error.value)


def test_what_is_unknown_stays_unknown():
    rule = read("age over 3 and (orders over 1 or not region is a)")
    names = [column_of(one) for one in clauses(rule)]
    for values in product((HOLDS, UNKNOWN, HOLDS_NOT), repeat=3):
        said = dict(zip(names, values, strict=True))
        age, orders, region = ({HOLDS: True, HOLDS_NOT: False, UNKNOWN: None}[one] for one in values)
        either = True if orders or region is False else None if None in (orders, region) else False
        both = False if age is False or either is False else None if None in (age, either) else True
        code = holds(rule, lambda clause, said=said: said[column_of(clause)])
        assert {HOLDS: True, HOLDS_NOT: False, UNKNOWN: None}[int(code)] is both
        many = holds(rule, lambda clause, said=said: np.array([said[column_of(clause)]] * 2))
        assert (many == code).all()


def test_the_reason_names_the_way_that_was_taken():
    rule = read("age over 3 and (orders over 1 or recency under 9) and not region is a")
    said = dict.fromkeys(map(column_of, clauses(rule)), HOLDS) | {
        'region is "a"': HOLDS_NOT,
        "orders over 1": HOLDS_NOT,
    }
    assert reason(rule, lambda one: said[column_of(one)]) == 'age over 3 and recency_days under 9 and region is not "a"'
