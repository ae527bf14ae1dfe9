"""Who is on the stage, and what comes from them: by the worker's facts, and of those only who agreed. On the event loop."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import structlog

from server.broadcast.compose.delay import Delay
from server.broadcast.compose.line import CODECS, Line, Reports
from server.broadcast.compose.picture_source import PictureSource
from server.broadcast.compose.sound_source import SoundSource
from server.media.packet_wire import unpack
from server.media.protocol import Event
from server.media.recorder.reorder import Packet
from server.media.tap import Codec, Source

log = structlog.get_logger(__name__)

SAME_CLOCK_S = 1.0
"""A worker whose clock is so near to ours runs on this machine, and the clock is the same."""

AskKey = Callable[[str, Source], None]
CallOnLoop = Callable[[Callable[[], None]], None]
Tiles = dict[tuple[str, Source], tuple[int, int]]
"""How large somebody's picture is shown, in pixels; (0, 0) while it is not."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who agreed. What is None does not come at the moment."""

    id: str
    camera: PictureSource | None = None
    screen: PictureSource | None = None
    microphone: SoundSource | None = None


@dataclass(frozen=True, slots=True)
class OnStage:
    """One state of the stage; the programme takes it as a whole. People stand in the order in which they came."""

    people: tuple[Person, ...] = ()
    speaking: frozenset[str] = frozenset()
    main: str | None = None


class _Coming:
    """One source: its line, and what the programme takes of it."""

    def __init__(self, number: int, line: Line, end: PictureSource | SoundSource) -> None:
        self.number, self.line, self.end = number, line, end


class Stage:
    """`seen` and `delay` are what the programme reads, from any thread, and `show` what it calls; everything else happens on the event loop.

    `ask_key` asks a sender for a key frame, `tell_tiles` tells the worker how large pictures are shown; `on_loop` has a call made on the
    event loop, from any thread.
    """

    def __init__(self, ask_key: AskKey, tell_tiles: Callable[[Tiles], None], on_loop: CallOnLoop) -> None:
        self._ask_key, self._tell_tiles, self._on_loop = ask_key, tell_tiles, on_loop
        self.agreed: frozenset[str] = frozenset()
        self.seen, self.delay = OnStage(), Delay()
        self._here: dict[str, frozenset[str]] = {}
        self._codecs: dict[int, tuple[str, Source, Codec]] = {}
        self._coming: dict[tuple[str, Source], _Coming] = {}
        self._by_number: dict[int, _Coming] = {}
        self._reports: defaultdict[str, Reports] = defaultdict(Reports)
        self._shift_s = 0.0

    def agree(self, participants: Iterable[str]) -> None:
        """Exactly these may be seen and heard. What is there of others is let go at once."""
        self.agreed = frozenset(participants)
        self._prune()

    def empty(self) -> None:
        """The worker is away: nobody is here until it says so."""
        self._here.clear()
        self._codecs.clear()
        self._prune()

    def hear(self, fact: Event, now: float) -> None:
        """A fact of the worker, at `now` on our clock. Raises KeyError, TypeError, ValueError for one that it does not say."""
        data = fact.data
        match fact.kind:
            case "hello":
                shift_s = now - float(data["now"])
                self._shift_s = shift_s if abs(shift_s) > SAME_CLOCK_S else 0.0
            case "stage":
                people = [
                    (str(one["participant"]), frozenset(map(str, one["sources"]))) for one in data["participants"]
                ]
                kept = {who: dict(people)[who] for who in self._here if who in dict(people)}
                self._here = {**kept, **dict(people)}
                self._prune()
            case "speaking":
                speaking, main = frozenset(map(str, data["participants"])), data["main"]
                self.seen = replace(self.seen, speaking=speaking, main=main)
            case "source":
                codec = Codec(str(data["mime"]), int(data["clock_rate"]), str(data["fmtp"]), int(data["channels"]))
                self._codecs[int(data["number"])] = (str(data["participant"]), Source(data["source"]), codec)

    def show(self, tiles: Tiles) -> None:
        """How large the programme shows pictures; of those it does not name it wants the best that comes."""
        self._on_loop(lambda: self._tell_tiles(tiles))

    def packets(self, message: bytes) -> None:
        """A binary message of the worker. Raises ValueError for one that is cut off."""
        for number, packet in unpack(message):
            coming = self._by_number.get(number) or self._find(number)
            if coming is not None:
                coming.line.packet(_shifted(packet, self._shift_s) if self._shift_s else packet)

    def tick(self, now: float) -> None:
        """Several times a second: gives up what never came."""
        for coming in list(self._coming.values()):
            coming.line.tick(now)

    def close(self) -> None:
        """Lets go of everything."""
        self.agree(())

    def _find(self, number: int) -> _Coming | None:
        """Where packets of this number go; None when nobody may have them."""
        participant, source, codec = self._codecs.get(number, ("", Source.CAMERA, Codec("", 1)))
        if participant not in self.agreed or source.value not in self._here.get(participant, ()):
            return None
        coming = self._coming.get((participant, source))
        if codec.mime.lower() not in CODECS:
            return None
        if coming is not None:
            del self._by_number[coming.number]
            coming.end.close()
        coming = self._coming[participant, source] = self._make(number, participant, source, codec)
        self._by_number[number] = coming
        self._publish()
        return coming

    def _make(self, number: int, participant: str, source: Source, codec: Codec) -> _Coming:
        end: PictureSource | SoundSource
        if source is Source.MICROPHONE:
            end = SoundSource(self.delay)
        else:
            end = PictureSource(
                f"{source} {number}", CODECS[codec.mime.lower()], lambda: self._on_loop(line.want_key), self.delay
            )
        ask = self._ask_key
        line = Line(
            codec.mime, codec.clock_rate, self._reports[participant], end.take, lambda: ask(participant, source)
        )
        if isinstance(end, PictureSource):
            end.repeat_keys = line.repeat_keys
        return _Coming(number, line, end)

    def _prune(self) -> None:
        for key, coming in list(self._coming.items()):
            participant, source = key
            if participant not in self.agreed or source.value not in self._here.get(participant, ()):
                del self._coming[key], self._by_number[coming.number]
                coming.end.close()
        for participant in [one for one in self._reports if one not in self.agreed or one not in self._here]:
            del self._reports[participant]
        self._publish()

    def _publish(self) -> None:
        people = tuple(self._person(who) for who in self._here if who in self.agreed)
        self.seen = replace(self.seen, people=people)

    def _person(self, participant: str) -> Person:
        found = {
            source: self._coming[participant, source].end for source in Source if (participant, source) in self._coming
        }
        camera, screen, microphone = (found.get(one) for one in (Source.CAMERA, Source.SCREEN, Source.MICROPHONE))
        return Person(
            participant,
            camera if isinstance(camera, PictureSource) else None,
            screen if isinstance(screen, PictureSource) else None,
            microphone if isinstance(microphone, SoundSource) else None,
        )


def _shifted(packet: Packet, shift_s: float) -> Packet:
    """With its times on our clock."""
    known = None if packet.capture is None else packet.capture + shift_s
    return packet._replace(arrival=packet.arrival + shift_s, capture=known)
