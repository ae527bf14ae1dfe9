"""Who speaks in a session, calmly: a cough takes no word, a breath loses none, and a fan that hums is nobody. Pure.

Two questions have two answers. Who is *heard* when there are more microphones than slots has to be quick, or the first syllable is lost; a wrong
guess costs nothing, because changing a sound makes no click. Who is *shown* as speaking has to be calm, because eyes follow every change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SPEECH = 77.0
"""-50 dBov; a quiet room lies below -60."""
ABOVE_NOISE = 9.0
NOISE_LEAST = 60.0
NOISE_RISES_A_S = 2.0
"""What never pauses is noise: after some seconds it has to be beaten by 9 dB. Speech pauses all the time."""
BEGIN_S = 0.3
HOLD_S = 1.2
LOUDER = 6.0
TAKES_S = 1.0
STAYS_S = 1.5
SLOW = 1 / 8


@dataclass(slots=True)
class _Voice:
    noise: float = NOISE_LEAST
    slow: float = 0.0
    begun_at: float | None = None
    voiced_at: float = float("-inf")
    spoke_at: float = float("-inf")
    speaks: bool = False

    def hear(self, level: float, least: float, elapsed_s: float, now: float) -> None:
        risen = self.noise + NOISE_RISES_A_S * elapsed_s
        self.noise = max(NOISE_LEAST, min(level, least, risen))
        if level > max(SPEECH, self.noise + ABOVE_NOISE):
            self.begun_at = now if self.begun_at is None else self.begun_at
            self.voiced_at = now
            self.slow += (level - self.slow) * SLOW
        elif now - self.voiced_at > BEGIN_S:
            self.begun_at = None
        lasts = self.begun_at is not None and now - self.begun_at >= BEGIN_S
        self.speaks = lasts or (self.speaks and now - self.voiced_at <= HOLD_S)
        if self.speaks:
            self.spoke_at = now

    def is_voiced(self, now: float) -> bool:
        return now - self.voiced_at <= HOLD_S


class Speakers:
    """`speaking` are shown as speaking; `main` is who has the word, also while nobody says anything.

    `heard` and `seen` are orders of importance: whose sound and whose picture get a slot first.
    """

    def __init__(self) -> None:
        self.speaking: tuple[str, ...] = ()
        self.main: str | None = None
        self.heard: tuple[str, ...] = ()
        self.seen: tuple[str, ...] = ()
        self._voices: dict[str, _Voice] = {}
        self._at: float | None = None
        self._main_at = float("-inf")
        self._rival_since: float | None = None

    def hear(
        self, levels: Mapping[str, float | None], now: float, least: Mapping[str, float] = MappingProxyType({})
    ) -> None:
        """How loud everybody is at this moment (`Loudness.at`), a few times a second. Who is not named is gone.

        `least`: how loud they were in their quietest moment since the last time (`Loudness.take_least`), where that is known.
        """
        elapsed_s = 0.0 if self._at is None else now - self._at
        self._at = now
        for gone in self._voices.keys() - levels.keys():
            del self._voices[gone]
        for who, level in levels.items():
            voice = self._voices.setdefault(who, _Voice())
            if level is None:  # Who cannot say it comes after those who speak, and before those who are silent.
                voice.voiced_at = now - HOLD_S - BEGIN_S
            else:
                voice.hear(level, least.get(who, level), elapsed_s, now)
        self._order(now)
        self.speaking = tuple(sorted(who for who, voice in self._voices.items() if voice.speaks))
        self._choose(now)

    def _order(self, now: float) -> None:
        voices = self._voices
        known = [who for who in self.heard if who in voices]
        known += [who for who in voices if who not in self.heard]
        known.sort(key=lambda who: float("-inf") if voices[who].is_voiced(now) else -voices[who].voiced_at)
        for place in range(len(known) - 1):  # One step at a time: who is much louder moves up, and nobody flickers.
            before, after = voices[known[place]], voices[known[place + 1]]
            if after.is_voiced(now) and after.slow > before.slow + LOUDER:
                known[place], known[place + 1] = known[place + 1], known[place]
        self.heard = tuple(known)
        seen = [who for who in self.seen if who in voices] + [who for who in voices if who not in self.seen]
        self.seen = tuple(sorted(seen, key=lambda who: -voices[who].spoke_at))

    def _choose(self, now: float) -> None:
        if self.main not in self._voices:
            self.main = None
        if not self.speaking:
            self._rival_since = None
            return
        loudest = max(self.speaking, key=lambda who: self._voices[who].slow)
        if self.main is None or self.main not in self.speaking:
            if now - self._main_at >= STAYS_S or self.main is None:
                self._give(loudest, now)
        elif self._voices[loudest].slow <= self._voices[self.main].slow + LOUDER:
            self._rival_since = None
        elif self._rival_since is None:
            self._rival_since = now
        elif now - self._rival_since >= TAKES_S:
            self._give(loudest, now)

    def _give(self, who: str, now: float) -> None:
        self.main, self._main_at, self._rival_since = who, now, None
