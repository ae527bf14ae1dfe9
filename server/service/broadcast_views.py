"""What the services answer about broadcasts to agents and to those on stage. What the audience reads is made elsewhere."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from server.domain.words import (
    BroadcastState,
    CaseId,
    ChannelId,
    ConsentAnswer,
    Language,
    MemberId,
    Openness,
    ParticipantId,
    PersonKind,
    QuestionId,
    RecordingId,
    SessionId,
)
from server.service.consent_views import ConsentView
from server.service.views import TopicName
from server.service.watch_views import Poster

Layout = Literal["speaker", "grid", "screen", "single"]


@dataclass(frozen=True, slots=True)
class CardView:
    """A picture over everything, while nobody is heard. `until`: the UNIX time that a countdown runs to."""

    kind: str
    title: str
    text: str
    until: float | None


@dataclass(frozen=True, slots=True)
class BannerView:
    """The question on the picture, and who asked it."""

    text: str
    name: str


@dataclass(frozen=True, slots=True)
class SceneView:
    """What the audience sees. `main`: who has the large place, None for who speaks. `size` and `small` hold from the stream's beginning."""

    layout: str
    lower_thirds: bool
    main: ParticipantId | None
    card: CardView | None
    banner: BannerView | None
    logo: bool
    size: int
    small: bool


@dataclass(frozen=True, slots=True)
class ChannelName:
    """Under whose name a broadcast stands. `is_complete`: a person responsible and an Impressum are named."""

    id: ChannelId
    slug: str
    name: str
    is_complete: bool


@dataclass(frozen=True, slots=True)
class StagePerson:
    """Somebody on stage and what they said about being seen (None: not asked in these words). `shown`: the audience may see and hear them."""

    participant: ParticipantId
    name: str
    kind: PersonKind
    answer: ConsentAnswer | None
    shown: bool


@dataclass(frozen=True, slots=True)
class LinkedCase:
    """A case that came up, `at_s` into the stream; for its `member` of the audience, if it was opened for one."""

    case: CaseId
    number: str
    at: datetime
    at_s: float | None
    member: MemberId | None = None


@dataclass(frozen=True, slots=True)
class BroadcastView:
    """A broadcast for agents. `case` carries its timeline; `own`: that was made with it, and is closed with it.

    `obstacles`: codes of what is in the way of going before an audience now. `viewers` watch at this moment.
    `watch` is the audience's address, `preview` the stream for agents.
    """

    session: SessionId
    case: CaseId
    own: bool
    channel: ChannelName
    topic: TopicName
    title: str
    description: str
    language: Language
    visibility: Openness
    state: BroadcastState
    starts_at: datetime | None
    live_at: datetime | None
    ended_at: datetime | None
    scene: SceneView
    people: list[StagePerson]
    me: ConsentView | None
    obstacles: list[str]
    listed: bool
    removed: bool
    slow_mode_s: int
    holds: bool
    words: list[str]
    poster: Poster | None
    recording: RecordingId | None
    cases: list[LinkedCase]
    viewers: int
    watch: str
    preview: str


@dataclass(frozen=True, slots=True)
class BroadcastRow:
    """A broadcast in the agents' list. `by` planned or opened it."""

    session: SessionId
    title: str
    topic: TopicName
    language: Language
    visibility: Openness
    state: BroadcastState
    created_at: datetime
    starts_at: datetime | None
    live_at: datetime | None
    ended_at: datetime | None
    by: str
    recording: RecordingId | None
    removed: bool


@dataclass(frozen=True, slots=True)
class BroadcastsView:
    """One page of the list, newest first. `next` goes into `before` for the following page."""

    broadcasts: list[BroadcastRow]
    next: datetime | None


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """A question whose answer began `at_s` into the stream."""

    id: QuestionId
    text: str
    at_s: float


@dataclass(frozen=True, slots=True)
class AnswerPlace:
    """A broadcast in which a case may have been answered. `own_topic`: it is about the case's topic; `live`: it is on air now."""

    session: SessionId
    title: str
    topic: TopicName
    own_topic: bool
    live: bool
    at: datetime
    questions: list[AnsweredQuestion]


@dataclass(frozen=True, slots=True)
class AnswerPlaces:
    """Where a case may have been answered before an audience: broadcasts of its topic first, the newest in front."""

    broadcasts: list[AnswerPlace]


@dataclass(frozen=True, slots=True)
class BroadcastChange:
    """`broadcast`: a broadcast stands otherwise, or somebody may be seen who was not, or the other way round. Fetch it again."""

    session: SessionId
    state: BroadcastState
    visibility: Openness
    title: str
    starts_at: datetime | None
    live_at: datetime | None
    ended_at: datetime | None
