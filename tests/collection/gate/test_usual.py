"""What is usual is read from the past alone, whatever its level, its trend and its week."""

from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.collection.gate.usual import LEAST, unusual, usual

NUMBERS = st.lists(st.floats(-1e3, 1e3), min_size=LEAST, max_size=60)


def days(past) -> list[int]:
    return [number % 7 for number in range(len(past))]


def test_too_short_a_past_says_nothing():
    assert usual([1.0] * (LEAST - 1), [0] * (LEAST - 1), 0) is None


@given(NUMBERS, st.floats(-1e3, 1e3))
def test_it_moves_with_the_level(past, by):
    one, two = usual(past, days(past), 3), usual([value + by for value in past], days(past), 3)
    assert abs(two.value - one.value - by) < 1e-6
    assert abs(two.spread - one.spread) < 1e-6
    assert one.spread >= 0


def test_a_week_is_learned():
    past = [0.0 if number % 7 == 6 else 5.0 for number in range(35)]
    assert not unusual(0.0, usual(past, days(past), 6), 0.1)
    assert unusual(0.0, usual(past, days(past), 2), 0.1)
    assert unusual(5.0, usual(past, days(past), 6), 0.1)


def test_growth_is_no_surprise_and_a_fall_is():
    past = [0.02 * number for number in range(40)]
    expected = usual(past, days(past), 0)
    assert not unusual(0.8, expected, 0.01)
    assert unusual(0.2, expected, 0.01)


def test_an_odd_day_neither_blinds_nor_alarms_for_ever():
    past = [5.0 + 0.01 * (number % 3) for number in range(30)]
    past[15] = -3.0
    expected = usual(past, days(past), 2)
    assert not unusual(5.0, expected, 0.05)
    assert unusual(3.0, expected, 0.05)


def test_chance_alone_is_no_alarm():
    assert not unusual(3.0, usual([1.0] * 20, days([1.0] * 20), 0), 1.0)
