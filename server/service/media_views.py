"""What the services answer about connections and recordings: the part of `views.py` that deals with media."""

from dataclasses import dataclass
from datetime import datetime

from server.domain.words import (
    CaseId,
    ConnectionId,
    EntryKind,
    LineState,
    LinkId,
    ParticipantId,
    RecordingId,
    RecordingState,
    SessionId,
    Source,
    Trouble,
)


@dataclass(frozen=True, slots=True)
class RunningRecording:
    """The recording of a session that is written now."""

    id: RecordingId
    state: RecordingState
    started_at: datetime


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """A recording in the list of a case."""

    id: RecordingId
    session: SessionId
    state: RecordingState
    interrupted: bool
    started_at: datetime
    duration_s: float
    progress: float | None
    shared: bool


@dataclass(frozen=True, slots=True)
class KeyView:
    """A new key of a machine: where it connects, and the secret that it sends as `Authorization: Bearer` (shown once)."""

    id: LinkId
    name: str
    address: str
    key: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SlotView:
    """One receiving m-line and who is in it. `paused`: nothing comes in it for now, because the line of this page carries no more."""

    mid: str
    kind: str
    participant: ParticipantId | None
    source: Source | None
    paused: bool


@dataclass(frozen=True, slots=True)
class Speaking:
    """Who speaks in a session now. `main` has the word, also while nobody says anything."""

    session: SessionId
    participants: list[ParticipantId]
    main: ParticipantId | None


@dataclass(frozen=True, slots=True)
class TurnView:
    """A TURN server for one's own connection, as `RTCIceServer` wants it; ask again before `expires_in_s` are over."""

    urls: list[str]
    username: str
    credential: str
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class PersonLine:
    """How somebody's line is now. Up is what they send, down what they get; shares are 0..1; None: nobody could see it.

    `lowered`: they get less of a picture because their line carries no more. `twice`: sound is sent to them twice, because packets get lost.
    """

    participant: ParticipantId
    state: LineState
    trouble: Trouble
    lowered: bool
    twice: bool
    loss_up: float | None
    loss_down: float | None
    rtt_ms: float | None
    jitter_ms: float | None
    up_kbps: float | None
    down_kbps: float | None
    frozen: float | None
    made_up: float | None
    fps: float | None
    height: int | None


@dataclass(frozen=True, slots=True)
class LinesTold:
    """`lines`: how the lines in a session are; agents hear of everybody there, everybody else of their own."""

    session: SessionId
    lines: list[PersonLine]


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """The answer to a browser's offer. `participant` is None for an agent's standby connection, `turn` where no TURN server is set.

    `home` is the number of the media worker.
    """

    connection: ConnectionId
    sdp: str
    slots: list[SlotView]
    participant: ParticipantId | None
    home: int
    turn: TurnView | None = None


@dataclass(frozen=True, slots=True)
class RestartView:
    """The answer to an ICE restart."""

    sdp: str


@dataclass(frozen=True, slots=True)
class RecordingFile:
    """One playable file: the watchable view of everybody, or one person's track."""

    kind: str
    name: str
    type: str
    url: str
    participant_name: str | None
    source: Source | None
    size_bytes: int
    start_s: float
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class Moment:
    """Something of the timeline that happened `t_s` into the recording."""

    t_s: float
    kind: EntryKind
    text: str


@dataclass(frozen=True, slots=True)
class CaptionsFile:
    """Captions of a recording in one language (ISO 639), as a WebVTT file."""

    language: str
    url: str


@dataclass(frozen=True, slots=True)
class RecordingView:
    """A recording with its files. `progress` (0..1) while it is being finished; `unread`: how many broken files are left out of it."""

    id: RecordingId
    case: CaseId
    session: SessionId
    state: RecordingState
    interrupted: bool
    started_at: datetime
    ended_at: datetime | None
    duration_s: float
    size_bytes: int
    progress: float | None
    files: list[RecordingFile]
    shared: bool
    moments: list[Moment]
    error: str | None
    unread: int
    captions: list[CaptionsFile]

    @property
    def is_stream(self) -> bool:
        """Whether it is what a broadcast left, and is watched as one."""
        return any(file.url.startswith("/live/") for file in self.files)
