"""Who speaks, by made-up traces of loudness: one level for each person and fifth of a second, in dB above -127 dBov."""

from collections.abc import Sequence

from server.media.rtp.loudness import OLD_S, Loudness
from server.media.rtp.speakers import Speakers

STEP_S = 0.2
ROOM, SPEECH, SHOUT = 60.0, 95.0, 110.0


class Trace:
    """Speakers who heard something, and what they said about it at each step."""

    def __init__(self) -> None:
        self.speakers = Speakers()
        self.now = 100.0
        self.main: list[str | None] = []
        self.speaking: list[tuple[str, ...]] = []

    def hear(self, seconds: float, **levels: float | Sequence[float] | None) -> "Trace":
        """For so long; a sequence of levels is repeated."""
        for step in range(round(seconds / STEP_S)):
            at = {who: one[step % len(one)] if isinstance(one, Sequence) else one for who, one in levels.items()}
            self.speakers.hear(at, self.now)
            self.now += STEP_S
            self.main.append(self.speakers.main)
            self.speaking.append(self.speakers.speaking)
        return self

    def changes(self) -> list[str | None]:
        """Who had the word, one after the other."""
        return [who for place, who in enumerate(self.main) if place == 0 or self.main[place - 1] != who]


def test_who_speaks_is_named_within_half_a_second() -> None:
    trace = Trace().hear(2, ann=ROOM, bob=ROOM).hear(0.6, ann=SPEECH, bob=ROOM)
    assert trace.speaking[-1] == ("ann",)
    assert trace.changes() == [None, "ann"]


def test_word_is_kept_in_breaths_and_in_silence() -> None:
    syllables = [SPEECH, SPEECH, 70.0, SPEECH, ROOM, ROOM, ROOM]
    trace = Trace().hear(10, ann=syllables, bob=ROOM)
    assert set(trace.speaking[4:]) == {("ann",)}
    trace.hear(3, ann=ROOM, bob=ROOM)
    assert trace.speaking[-1] == ()
    assert trace.main[-1] == "ann"


def test_cough_takes_no_word() -> None:
    trace = Trace().hear(3, ann=SPEECH, bob=ROOM).hear(0.2, ann=SPEECH, bob=SHOUT).hear(3, ann=SPEECH, bob=ROOM)
    assert trace.changes() == [None, "ann"]
    assert all("bob" not in speaking for speaking in trace.speaking)


def test_yes_in_between_is_shown_and_takes_no_word() -> None:
    trace = Trace().hear(3, ann=SPEECH, bob=ROOM).hear(0.8, ann=SPEECH, bob=SPEECH).hear(3, ann=SPEECH, bob=ROOM)
    assert ("ann", "bob") in trace.speaking
    assert trace.changes() == [None, "ann"]


def test_word_goes_on_when_another_answers() -> None:
    trace = Trace().hear(3, ann=SPEECH, bob=ROOM).hear(4, ann=ROOM, bob=SPEECH).hear(4, ann=SPEECH, bob=ROOM)
    assert trace.changes() == [None, "ann", "bob", "ann"]


def test_two_at_once_do_not_flicker() -> None:
    trace = Trace().hear(20, ann=[SPEECH, SPEECH + 4], bob=[SPEECH + 4, SPEECH])
    assert len(trace.changes()) == 2


def test_much_louder_voice_takes_the_word_after_a_second() -> None:
    trace = Trace().hear(3, ann=SPEECH, bob=ROOM).hear(5, ann=SPEECH, bob=SHOUT)
    assert trace.changes() == [None, "ann", "bob"]


def test_fan_that_hums_is_nobody_after_a_while_and_speech_over_it_is_heard() -> None:
    trace = Trace().hear(12, ann=84.0)
    assert trace.speaking[-1] == ()
    assert trace.hear(2, ann=[SPEECH + 5, SPEECH, 84.0]).speaking[-1] == ("ann",)


def test_who_left_has_no_word() -> None:
    trace = Trace().hear(3, ann=SPEECH, bob=ROOM).hear(1, bob=ROOM)
    assert trace.main[-1] is None
    assert trace.speakers.heard == ("bob",)


def test_newcomer_is_heard_at_once_before_those_who_are_silent() -> None:
    trace = Trace().hear(2, ann=SPEECH, bob=ROOM, cem=ROOM).hear(3, ann=ROOM, bob=SPEECH, cem=ROOM)
    assert trace.speakers.heard == ("bob", "ann", "cem")
    trace.hear(0.2, ann=ROOM, bob=ROOM, cem=SPEECH)
    assert trace.speakers.heard == ("bob", "cem", "ann")
    assert trace.speakers.seen == ("bob", "ann", "cem")
    assert trace.hear(2, ann=ROOM, bob=ROOM, cem=SPEECH).speakers.seen == ("cem", "bob", "ann")


def test_louder_voice_is_heard_first_when_all_speak() -> None:
    trace = Trace().hear(4, ann=80.0, bob=SPEECH, cem=SPEECH, dora=SHOUT)
    assert trace.speakers.heard == ("dora", "bob", "cem", "ann")


def test_machine_without_levels_is_heard_before_who_is_silent_and_never_speaks() -> None:
    trace = Trace().hear(3, ann=ROOM, machine=None, bob=SPEECH)
    assert trace.speakers.heard == ("bob", "machine", "ann")
    assert trace.speaking[-1] == ("bob",)


def test_loudness_needs_more_than_a_click_and_forgets() -> None:
    loudness = Loudness()
    assert loudness.at(0.0) is None
    for packet in range(50):
        loudness.note(67, packet * 0.02)
    quiet = loudness.at(1.0)
    assert quiet is not None
    loudness.note(17, 1.0)
    clicked = loudness.at(1.0)
    assert clicked is not None
    assert clicked - quiet < 10
    for packet in range(10):
        loudness.note(17, 1.0 + packet * 0.02)
    voice = loudness.at(1.2)
    assert voice is not None
    assert voice > 90
    assert loudness.at(1.3 + OLD_S) == 0.0


def test_voice_with_short_pauses_is_not_taken_for_noise_however_long_it_speaks() -> None:
    """A quarter of a second of silence in each two seconds, which looks five times a second may all miss."""
    loudness, speakers, now = Loudness(), Speakers(), 0.0
    speaking = []
    for packet in range(50 * 60):
        now = packet * 0.02
        is_pause = 25 <= packet % 100 < 37
        loudness.note(127 if is_pause else 22, now)
        if packet % 100 in (0, 24, 44, 64, 84):
            speakers.hear({"ann": loudness.at(now)}, now, {"ann": loudness.take_least(now)})
            speaking.append(speakers.speaking)
    assert set(speaking[5:]) == {("ann",)}


def test_quietest_moment_is_of_the_time_since_the_last_question() -> None:
    loudness = Loudness()
    for packet in range(100):
        loudness.note(22, packet * 0.02)
    loudness.take_least(2.0)
    for packet in range(100, 112):
        loudness.note(127, packet * 0.02)
    for packet in range(112, 150):
        loudness.note(22, packet * 0.02)
    assert loudness.take_least(3.0) < 60
    assert loudness.take_least(3.0) > 90
    assert loudness.take_least(9.0) == 0
