"""Open pages are set aside from the collector, and what they leave is found once they have gone."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from server.signaling.settled import GONE_PAGES, NEW_PAGES, Settled


class Circle:
    """Something that only the collector frees."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture
def settled() -> Iterator[Settled]:
    gc.unfreeze()
    yield Settled()
    gc.unfreeze()


def test_few_pages_are_left_to_the_collector(settled: Settled) -> None:
    for _ in range(NEW_PAGES - 1):
        settled.opened()
    assert gc.get_freeze_count() == 0


def test_what_many_pages_leave_is_freed_once_they_have_gone(settled: Settled) -> None:
    left = weakref.ref(Circle())
    for _ in range(NEW_PAGES):
        settled.opened()
    assert gc.get_freeze_count() > 0
    gc.collect()
    assert left() is not None, "set aside"
    for _ in range(GONE_PAGES):
        settled.closed()
    settled.sweep(open_now=0)
    assert left() is None
    assert gc.get_freeze_count() == 0


def test_those_who_are_still_there_stay_set_aside(settled: Settled) -> None:
    for _ in range(GONE_PAGES):
        settled.closed()
    settled.sweep(open_now=3 * GONE_PAGES)
    assert gc.get_freeze_count() == 0, "too few have gone"
    for _ in range(GONE_PAGES):
        settled.closed()
    settled.sweep(open_now=3 * GONE_PAGES)
    assert gc.get_freeze_count() > 0
