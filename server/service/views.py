"""Everything the services answer, as it goes over the wire. OpenAPI schemas and TypeScript types are made from these classes.

Times are UTC; `_s` are seconds. What only agents may know is None for everybody else.
"""

from dataclasses import dataclass, field
from datetime import datetime

from server.domain.words import (
    AgentId,
    CaseId,
    CaseState,
    EntryKind,
    Language,
    LinkId,
    Outcome,
    ParticipantId,
    PersonKind,
    Purpose,
    RecordingId,
    RecordingState,
    Role,
    SessionId,
    SessionState,
    Source,
    TopicId,
    Visibility,
)
from server.service.consent_views import ConsentView as ConsentView
from server.service.consent_views import OnAir as OnAir
from server.service.media_views import ConnectionView as ConnectionView
from server.service.media_views import Moment as Moment
from server.service.media_views import RecordingFile as RecordingFile
from server.service.media_views import RecordingRow as RecordingRow
from server.service.media_views import RecordingView as RecordingView
from server.service.media_views import RestartView as RestartView
from server.service.media_views import RunningRecording as RunningRecording
from server.service.media_views import SlotView as SlotView

Fact = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class TopicView:
    """One thing people need help with, in the reader's language. `words` are what they might look for."""

    id: TopicId
    slug: str
    name: str
    words: list[str]
    is_open: bool


@dataclass(frozen=True, slots=True)
class TopicsView:
    """All topics, and whether somebody is there now: `agents_here` agents, `waiting` people in the queue."""

    topics: list[TopicView]
    agents_here: int
    waiting: int
    wait_min_s: int | None
    wait_max_s: int | None


@dataclass(frozen=True, slots=True)
class QueueView:
    """A place in the queue, counted from 1. The range is None when nobody can honestly say how long it takes."""

    place: int
    ahead: int
    wait_min_s: int | None
    wait_max_s: int | None
    agents_here: int


@dataclass(frozen=True, slots=True)
class SourcesView:
    """What a participant has switched on."""

    microphone: bool = False
    camera: bool = False
    screen: bool = False


@dataclass(frozen=True, slots=True)
class ParticipantView:
    """One person in a session. `here`: connected now; `interrupted`: not for the moment. `tracks`: sources that sent packets in the last second."""

    id: ParticipantId
    kind: PersonKind
    name: str
    here: bool
    on_stage: bool
    state: SourcesView
    tracks: list[Source] = field(default_factory=list)
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session and who is in it. `me` is the reader's own participant, None before the first joining.

    `home` is the number of the media worker it lives on: a connection to another one is of no use in it.
    """

    id: SessionId
    state: SessionState
    started_at: datetime | None
    participants: list[ParticipantView]
    recording: RunningRecording | None
    me: ParticipantId | None
    home: int | None


@dataclass(frozen=True, slots=True)
class AgentName:
    """The agent who has a case. `id` is for agents only."""

    name: str
    id: AgentId | None = None


@dataclass(frozen=True, slots=True)
class TopicName:
    """A case's topic in the reader's language."""

    id: TopicId
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class PastSession:
    """One session of a case, for the list of earlier ones."""

    id: SessionId
    state: SessionState
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as its reader may see it. From `email` on for agents only (None or empty otherwise)."""

    id: CaseId
    number: str
    state: CaseState
    topic: TopicName
    summary: str
    name: str
    language: Language
    opened_at: datetime
    closed_at: datetime | None
    outcome: Outcome | None
    queue: QueueView | None
    session: SessionView | None
    recordings: list[RecordingRow]
    agent: AgentName | None
    consent: ConsentView | None
    broadcast: OnAir | None
    email: str | None = None
    phone: str | None = None
    taken_by: AgentId | None = None
    taken_at: datetime | None = None
    sessions: list[PastSession] = field(default_factory=list)
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """A new case. `link` is the personal link's path with the secret in its fragment; it is shown once and stored hashed."""

    case: CaseId
    number: str
    session: SessionId
    link: str


@dataclass(frozen=True, slots=True)
class LinkExchanged:
    """What a link led to. `session` is the one to join, if there is one."""

    case: CaseId
    number: str
    session: SessionId | None
    kind: PersonKind
    participant: ParticipantId | None


@dataclass(frozen=True, slots=True)
class LinkView:
    """A new link: the whole address with its secret (shown once), and the same as an SVG picture."""

    id: LinkId
    link: str
    qr_svg: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class KeptLink:
    """A link without its secret. `used_at`: when a browser that holds it was last here; None: no browser has it now."""

    id: LinkId
    kind: PersonKind
    name: str
    made_by: str
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class LinksView:
    """The links to a case, oldest first."""

    links: list[KeptLink]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something. `id` is the same for one person everywhere (`domain.principal.Person`); kind and id are None for the house."""

    kind: PersonKind | None
    id: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a case's timeline. `seq` has no holes for agents; `client_id` is set for what a browser sent."""

    case: CaseId
    seq: int
    kind: EntryKind
    at: datetime
    session: SessionId | None
    actor: Actor
    visibility: Visibility
    text: str
    data: dict[str, Fact | list[dict[str, Fact]]]
    client_id: str | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Entries after the one asked for, in order. `seq` is the last of them, or what was asked for when there are none."""

    entries: list[Entry]
    seq: int
    more: bool


@dataclass(frozen=True, slots=True)
class Said:
    """A chat line or note. `is_new` is False when this `client_id` was here before: the entry is the first one."""

    entry: Entry
    is_new: bool


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case in the agents' list. `here`: the customer's browser is connected now. `waiting_s` only while it waits."""

    id: CaseId
    number: str
    state: CaseState
    topic: TopicName
    summary: str
    name: str
    language: Language
    opened_at: datetime
    waiting_s: int | None
    here: bool
    agent: AgentName | None
    session: SessionId | None
    outcome: Outcome | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeskCounts:
    """How many cases wait, are mine and taken, and are open."""

    waiting: int
    mine: int
    open: int


@dataclass(frozen=True, slots=True)
class DeskView:
    """One page of the agents' list. `next` goes into `after` for the following page.

    `home` is the media worker on which the standby connection should be; None: it does not matter.
    """

    cases: list[CaseRow]
    counts: DeskCounts
    longest_wait_s: int | None
    agents_here: int
    next: str | None
    home: int | None


@dataclass(frozen=True, slots=True)
class AgentView:
    """An agent's account. `has_password` is False until the one-time link was used to set one."""

    id: AgentId
    email: str
    name: str
    role: Role
    created_at: datetime
    disabled: bool
    has_password: bool


@dataclass(frozen=True, slots=True)
class AgentsView:
    """All accounts."""

    agents: list[AgentView]


@dataclass(frozen=True, slots=True)
class AgentAdded:
    """A new account and its one-time sign-in link (shown once)."""

    agent: AgentView
    link: str


# What is live, for the announcer


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """A waiting case's place, as it is now."""

    case: CaseId
    queue: QueueView


@dataclass(frozen=True, slots=True)
class CaseChange:
    """The state of a case changed; readers fetch it again."""

    case: CaseId
    state: CaseState
    agent: str | None


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody in a session, whenever that changes."""

    session: SessionId
    participants: list[ParticipantView]
    recording: RecordingId | None


@dataclass(frozen=True, slots=True)
class ConsentQuestion:
    """What a person is asked, in each language."""

    session: SessionId
    purpose: Purpose
    wording_version: str
    wording: dict[Language, str]


@dataclass(frozen=True, slots=True)
class RecordingProgress:
    """How a recording stands. `code` says why it failed; `progress` (0..1) while it is finished."""

    recording: RecordingId
    session: SessionId
    state: RecordingState
    duration_s: float
    size_bytes: int
    progress: float | None = None
    code: str | None = None
