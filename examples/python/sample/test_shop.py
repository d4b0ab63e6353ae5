"""A suite with one of everything, for `sidecar_pytest`: two of its seven tests fail, each in its own way."""
import pytest

PRICES = {"tea": 3, "cake": 5}

@pytest.fixture
def till():
    yield []
    raise RuntimeError("the till does not close")

@pytest.mark.parametrize("item", ["tea", "cake", "beer"])
def test_has_a_price(item):
    assert item in PRICES, f"nobody knows the price of {item}"

def test_sums_up():
    assert sum(PRICES.values()) == 8

def test_takes_money(till):
    till.append(PRICES["tea"])
    assert till == [3]

@pytest.mark.skip(reason="cards are not taken yet")
def test_takes_cards():
    raise AssertionError("never called")

@pytest.mark.xfail(reason="rounding is not settled")
def test_rounds():
    assert round(2.5) == 3
