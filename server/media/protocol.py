"""What the web process and a media worker say to each other: JSON bodies of the control routes, and events on one WebSocket.

People, cases and names never cross this line: `participant`, `session` and `recording` are opaque ids.

    POST   /connections                                 Offer            -> Answer
    PATCH  /connections/{connection}                    Restart          -> Answer          ICE restart
    POST   /connections/{connection}/fragments          Fragment         -> Renewal         trickle, or ICE restart (WHIP, WHEP)
    PUT    /connections/{connection}/tiles              Tiles            -> 204             how large the page shows what it gets
    DELETE /connections/{connection}                                     -> 204
    PUT    /sessions/{session}/participants/{participant} Seat           -> SessionView     joins, moves, goes on or off stage, changes `state`
    DELETE /sessions/{session}/participants/{participant}                -> 204             the connection stays until it is closed
    GET    /sessions/{session}                                           -> SessionView
    POST   /sessions/{session}/key-frames                                -> 204             somebody is about to look
    DELETE /sessions/{session}                                           -> 204             everybody out, recording stopped
    GET    /sessions/{session}/packets                  WebSocket        -> for composers: what the stage sends, see `packet_wire.py`
    PUT    /sessions/{session}/shown                    Shown            -> 204    what the audience sees, and whom who came from it, now
    POST   /sessions/{session}/recordings               StartRecording   -> RecordingFacts
    PATCH  /recordings/{recording}                      Agreement        -> RecordingFacts  the people who agree, now
    DELETE /recordings/{recording}                                       -> RecordingFacts  stopped, files closed
    GET    /health                                                       -> Health
    GET    /stats                                                        -> Stats
    GET    /events                                      WebSocket        -> Event, one JSON object a message

Failures are problem details with the `code` of `server/errors.py`.

A connection's id begins with the number of its worker, so that whoever knows the connection knows the worker (`worker_of`).
"""

import secrets
from dataclasses import dataclass, field
from typing import Any, Literal

CONNECTIONS_MAX = 600
"""Of one worker, whatever they do."""


def new_connection_id(worker: int) -> str:
    """An id that nobody guesses, of a connection of this worker."""
    return f"{worker}.{secrets.token_urlsafe(16)}"


def worker_of(connection: str) -> int:
    """The number of the worker that has this connection; 0 for an id that names none."""
    number, dot, _ = connection.partition(".")
    return int(number) if dot and number.isascii() and number.isdigit() and len(number) < 4 else 0


@dataclass(frozen=True, slots=True)
class Offer:
    """A browser's offer. `sources` says what each sending m-line (by mid) carries: camera, microphone or screen.

    `way` "send" or "receive": the connection does only that, whatever the offer says; what it sends is then a camera and a microphone.
    `returns`: somebody comes back into a running call; a worker that takes nobody new takes them.
    """

    sdp: str
    sources: dict[str, str] = field(default_factory=dict)
    way: Literal["both", "send", "receive"] = "both"
    returns: bool = False


@dataclass(frozen=True, slots=True)
class Restart:
    """A new offer of the same peer connection after `restartIce()`: only the ICE credentials differ."""

    sdp: str


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of a session description (RFC 8840). `match` names the ICE session it is about; "*" is any."""

    sdp: str
    match: str


@dataclass(frozen=True, slots=True)
class Renewal:
    """The ICE session that counts now. `sdp` is the fragment that answers a restart; "" when nothing was restarted."""

    ice: str
    sdp: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer for `setRemoteDescription`, and the receiving m-lines in the order in which streams fill them. `ice` names the ICE session."""

    connection: str
    sdp: str
    slots: list["Slot"]
    ice: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """One receive-only m-line of a connection and who is in it. `participant` is None while it is empty.

    `paused`: nothing comes in it for now, because the line of this connection carries no more.
    """

    mid: str
    kind: Literal["audio", "video"]
    participant: str | None = None
    source: str | None = None
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    """How large the picture of one slot stands on the page, in pixels of the screen; 0 x 0 while nobody can see it."""

    mid: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Tiles:
    """All tiles of a page. A slot that is not among them is hidden; a page that never says anything gets all pictures as large as they come."""

    tiles: list[Tile]


@dataclass(frozen=True, slots=True)
class LayersView:
    """The layers (RIDs) of one sending m-line that somebody watches, smallest first. Empty: it has only one.

    `limit_bps`: no more than that should be sent of a picture of one layer, because no viewer's line carries it; None: no limit.
    """

    mid: str
    rids: list[str]
    limit_bps: int | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a participant is. `connection` None keeps the one it has; `state` (microphone on, camera on, …) is passed to the others as it is.

    Who `watches` sees the stage, is in no view of the session, and is forgotten with the connection. Somebody of the `audience` sees of it only
    the programme that the session shows to its audience: at first nothing. An `outsider` is on stage and sees those alone whom the session shows to
    outsiders; None keeps what was said before.
    """

    connection: str | None = None
    on_stage: bool | None = None
    state: dict[str, Any] | None = None
    watches: bool = False
    audience: bool = False
    outsider: bool | None = None


@dataclass(frozen=True, slots=True)
class ParticipantView:
    """A participant as the worker sees it. `tracks` lists the sources from which packets came in the last second.

    `interrupted`: connected, but nothing comes any more at the moment.
    """

    participant: str
    connection: str | None
    on_stage: bool
    connected: bool
    tracks: list[str] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class SessionView:
    """Everybody in a session, waiting people included."""

    session: str
    participants: list[ParticipantView]
    recording: str | None = None


@dataclass(frozen=True, slots=True)
class LineView:
    """What the line of somebody on stage did since the last look, as the worker saw it. None: it could not be counted.

    Up is what came from them, down what went to them; shares 0..1. `height` is that of the largest picture sent to them. `twice`: sound goes to
    them twice, because their line loses packets. `lowered`: they get less of a picture than they would, because their line carries no more.
    """

    participant: str
    connection: str
    up_bps: int
    down_bps: int
    up_loss: float | None
    down_loss: float | None
    up_jitter_ms: float | None
    down_jitter_ms: float | None
    rtt_ms: float | None
    height: int
    twice: bool = False
    lowered: bool = False


@dataclass(frozen=True, slots=True)
class StartRecording:
    """Where to write, and whose tracks. `directory` is relative to the worker's recordings folder; `facts` go into the index as they are."""

    recording: str
    directory: str
    participants: list[str]
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Exactly these people's tracks are written from now on."""

    participants: list[str]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the audience gets from now on: the programme of the composer that writes this stream; None: nothing, and its connections end.

    Exactly those `to_outsiders` are shown to who came from it on stage.
    """

    programme: str | None = None
    to_outsiders: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RecordingFacts:
    """What a recording has become so far. Times are wall-clock seconds (UNIX)."""

    recording: str
    started_at: float
    duration_s: float
    size_bytes: int
    tracks: int
    participants: list[str]


@dataclass(frozen=True, slots=True)
class Health:
    """`ready` is False while the worker starts or ends. `load` is the busy share of its core, 0..1, over the last seconds.

    `is_full`: newcomers are refused with `busy`.
    """

    ready: bool
    boot: str
    load: float
    connections: int
    is_full: bool = False


@dataclass(frozen=True, slots=True)
class Stats:
    """`counters` since the worker's start, such as `packets_in`, `packets_out`, `bytes_out`, `dropped_unknown_address`; `gauges` now."""

    boot: str
    uptime_s: float
    cpu_s: float
    counters: dict[str, int] = field(default_factory=dict)
    gauges: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened. `kind` is one of:

    hello            {boot}                                        first message on each WebSocket; a new `boot` means that all connections are gone
    connected        {connection, session, participant}            DTLS is up
    gone             {connection, session, participant, reason}    closed_by_peer | no_check_30s | replaced | ended | dtls_failed | failed
    slots            {connection, slots: [Slot]}                   who is in which slot, and which is paused, whenever it changes
    layers           {connection, sources: [LayersView]}           which layers of its sources the page should send, and how much
    roster           {session, participants: [ParticipantView]}    whenever somebody joins, leaves, goes on stage, or changes state
    speaking         {session, connections, participants, main}    who speaks, who has the word (kept in silence); those on stage
    lines            {session, at, seconds, lines: [LineView]}     every 5 s, of those on stage; `at` is UNIX time
    recording        {recording, session, duration_s, size_bytes, free_bytes}   every 2 s while one runs
    recording_failed {recording, session, code}                    no_space | write_failed; the recording is closed and what was written stays
    """

    kind: str
    data: dict[str, Any]
