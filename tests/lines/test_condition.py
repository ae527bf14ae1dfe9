"""What a condition does to packets, packet by packet."""

import itertools

from tests.lines.condition import Condition, Direction

SEED = 5
UDP = bytes((0x45,)) + bytes(8) + bytes((17,)) + bytes(90)
TCP = bytes((0x45,)) + bytes(8) + bytes((6,)) + bytes(90)
EVERY_S = 0.005


def fates(condition: Condition, packets: int = 20_000, seed: int = SEED) -> list[list[float]]:
    """When the copies of so many packets, sent one by one, leave; counted from their own sending."""
    direction = Direction(condition, seed)
    return [
        [leaves - number * EVERY_S for leaves in direction.take(UDP, number * EVERY_S)] for number in range(packets)
    ]


def runs_of_loss(found: list[list[float]]) -> list[int]:
    """How many packets each loss took."""
    runs, run = [], 0
    for leaves in found:
        if leaves and run:
            runs.append(run)
        run = 0 if leaves else run + 1
    return runs


def test_same_seed_is_the_same_fate() -> None:
    condition = Condition(loss=0.15, delay_ms=50, jitter_ms=20, reorder=0.05, duplicate=0.02)
    assert fates(condition, 500) == fates(condition, 500)
    assert fates(condition, 500) != fates(condition, 500, SEED + 1)


def test_loss_and_doubles_have_their_share() -> None:
    found = fates(Condition(loss=0.15, duplicate=0.02))
    assert abs(sum(not leaves for leaves in found) / len(found) - 0.15) < 0.01
    assert abs(sum(len(leaves) == 2 for leaves in found) / len(found) - 0.85 * 0.02) < 0.003


def test_bursts_have_their_length_and_the_same_mean() -> None:
    found = fates(Condition(loss=0.03, burst=(5, 20)), 200_000)
    assert abs(sum(not leaves for leaves in found) / len(found) - 0.03) < 0.004
    runs = runs_of_loss(found)
    assert min(runs) >= 5
    assert abs(sum(runs) / len(runs) - 12.5) < 1


def test_jitter_alone_overtakes_nobody() -> None:
    direction = Direction(Condition(delay_ms=40, jitter_ms=30), SEED)
    leaves = [direction.take(UDP, number * EVERY_S)[0] for number in range(2000)]
    assert leaves == sorted(leaves)
    assert all(at >= number * EVERY_S + 0.01 for number, at in enumerate(leaves))


def test_reordered_packets_are_overtaken() -> None:
    direction = Direction(Condition(delay_ms=40, reorder=0.05), SEED)
    leaves = [direction.take(UDP, number * EVERY_S)[0] for number in range(2000)]
    overtaken = sum(later < earlier for earlier, later in itertools.pairwise(leaves))
    assert abs(overtaken / 2000 - 0.05) < 0.02
    assert direction.counts.reordered > 70


def test_narrow_place_queues_and_then_drops() -> None:
    """100 bytes every 5 ms are 160 kbit/s."""
    direction = Direction(Condition(rate_bps=80_000, queue_ms=200), SEED)
    waits = [[at - number * EVERY_S for at in direction.take(UDP, number * EVERY_S)] for number in range(1000)]
    passed = [wait[0] for wait in waits if wait]
    assert abs(len(passed) / 1000 - 0.5) < 0.05
    assert 0.15 < passed[-1] <= 0.22
    assert direction.counts.overflown == 1000 - len(passed)


def test_outage_size_and_protocol_refuse() -> None:
    assert not Direction(Condition(is_out=True), SEED).take(TCP, 0.0)
    assert not Direction(Condition(mtu=99), SEED).take(TCP, 0.0)
    without_udp = Direction(Condition(udp=False), SEED)
    assert not without_udp.take(UDP, 0.0)
    assert without_udp.take(TCP, 0.0)
    assert without_udp.counts.refused == 1
