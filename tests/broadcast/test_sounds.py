"""Sound keeps its place, and the word goes to who speaks."""

from pathlib import Path

import numpy as np

from server.broadcast.sounds import RATE, SoundTrack, Speaker, _placed, limited


def pieces(positions: list[int], length: int = 960) -> list[tuple[int, np.ndarray]]:
    return [(position, np.ones((length, 2), np.float32)) for position in positions]


def test_slow_drift_is_made_up_without_a_seam() -> None:
    """A clock that is 300 millionths slow: every piece follows the one before, and the last is where it belongs."""
    wanted = [round(number * 960 * 1.0003) for number in range(3000)]
    cursor, last = 0, 0
    for number, (position, samples) in enumerate(_placed(iter(pieces(wanted)))):
        assert position == cursor
        cursor += len(samples)
        last = abs(position - wanted[number])
        assert last < RATE // 100
    assert last < RATE // 100


def test_gap_stays_a_gap_and_what_was_there_before_is_dropped() -> None:
    placed = list(_placed(iter(pieces([0, 960, 48_000, 40_000, 48_960]))))
    assert [position for position, _ in placed] == [0, 960, 48_000, 48_960]


def test_several_voices_never_leave_the_range() -> None:
    mix = np.full((100, 2), 3.0, np.float32)
    assert np.abs(limited(mix)).max() <= 1.0
    quiet = np.full((100, 2), 0.5, np.float32)
    assert limited(quiet) is quiet


def test_missing_part_is_silence(tmp_path: Path) -> None:
    track = SoundTrack("ann", tmp_path / "never-opened.webm", 10.0, 5.0)
    mix = np.zeros((1024, 2), np.float32)
    assert track.add_to(mix, 0) == 0.0
    assert not mix.any()


def test_word_goes_to_the_loudest_after_a_second() -> None:
    speaker = Speaker()
    speaker.hear({"ann": 0.001, "bob": 0.002}, 0.0)
    assert speaker.key is None
    speaker.hear({"ann": 0.2, "bob": 0.0}, 1.0)
    assert speaker.key == "ann"
    speaker.hear({"ann": 0.0, "bob": 0.3}, 1.1)
    assert speaker.key == "ann"
    for step in range(50):
        speaker.hear({"ann": 0.0, "bob": 0.3}, 1.2 + step / 47)
    assert speaker.key == "bob"
