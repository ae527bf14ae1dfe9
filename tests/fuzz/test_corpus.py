"""Parsers of bytes from the network: what fuzzing found stays found, and any bytes give an answer or the promised error."""

import random
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.explore import Explorer, corpus_of
from tests.fuzz.mutate import mutate
from tests.fuzz.targets import TARGETS, Target

by_name = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)


@by_name
async def test_kept_inputs_are_read_or_refused(target: Target) -> None:
    kept = corpus_of(target.name)
    assert kept, "scripts/bench fuzz makes the corpus"
    for path in kept:
        target(path.read_bytes())


@by_name
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_any_bytes_are_read_or_refused(target: Target, data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from(target.seeds))
    rng = data.draw(st.randoms(use_true_random=False))
    changed = mutate(rng, seed, target.seeds, target.words, target.limit)
    target(data.draw(st.binary(max_size=target.limit) | st.just(changed)))


def test_a_broken_parser_is_found_and_its_input_kept() -> None:
    """The fuzzer itself: three bytes in a row, each looked at in a line of its own, are found by coverage and not by luck."""
    explorer = Explorer(Target("broken", _broken, (sys.modules[__name__],), (ValueError,)), [b"abc"], seed=7)
    end = time.monotonic() + 20
    while not explorer.found.findings and time.monotonic() < end:
        explorer.run(0.05)
    found = explorer.finish()
    assert list(found.findings) == ["IndexError: hidden"]
    assert found.findings["IndexError: hidden"].startswith(b"OAS")
    assert found.edges > found.edges_before


def _broken(data: bytes) -> None:
    if data[:1] != b"O":
        raise ValueError
    if data[1:2] != b"A":
        raise ValueError
    if data[2:3] == b"S":
        raise IndexError("hidden")


def test_changes_are_repeatable_and_bounded() -> None:
    twice = [[mutate(random.Random(n), b"seed", [b"other"], [b"word"], 6) for n in range(500)] for _ in range(2)]
    assert twice[0] == twice[1]
    assert max(map(len, twice[0])) == 6
