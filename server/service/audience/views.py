"""What the audience reads and is told."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from server.domain.words import (
    BroadcastState,
    CaseId,
    ChatLineState,
    LineId,
    MemberId,
    MemberRole,
    PollId,
    PollState,
    QuestionId,
    QuestionState,
    SessionId,
)
from server.service.views import ConsentView, OnAir, SessionView
from server.store.broadcast_rows import LineRow, MemberRow, PollChoiceRow, PollRow, QuestionRow


class Author(StrEnum):
    """Who wrote a line."""

    MEMBER = "member"
    AGENT = "agent"


class Reaction(StrEnum):
    """What people show without words."""

    CLAP = "clap"
    HEART = "heart"
    LAUGH = "laugh"
    WOW = "wow"


@dataclass(frozen=True, slots=True)
class MemberView:
    """Somebody who takes part. `called`: they may come on stage; said in the list of members alone."""

    id: MemberId
    name: str
    role: MemberRole
    muted: bool
    banned: bool
    called: bool = False


@dataclass(frozen=True, slots=True)
class MembersView:
    """Members, for moderators."""

    members: list[MemberView]


@dataclass(frozen=True, slots=True)
class ChatLine:
    """A line of the audience's chat. `seq` is the number of its last change; the text of a removed one is for moderators only."""

    id: LineId
    seq: int
    at: datetime
    by: Author
    member: MemberId | None
    name: str
    text: str
    state: ChatLineState


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question. `answer_s`: how far into the broadcast its answer begins."""

    id: QuestionId
    seq: int
    at: datetime
    member: MemberId
    name: str
    text: str
    state: QuestionState
    votes: int
    answer_s: float | None


@dataclass(frozen=True, slots=True)
class QuestionVotes:
    """How many want a question answered."""

    question: QuestionId
    votes: int


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """One of a poll's choices."""

    text: str
    votes: int


@dataclass(frozen=True, slots=True)
class PollView:
    """A poll and how it stands."""

    id: PollId
    seq: int
    at: datetime
    text: str
    state: PollState
    choices: list[ChoiceView]


@dataclass(frozen=True, slots=True)
class PollVotes:
    """How a poll stands, in the order of its choices."""

    poll: PollId
    votes: list[int]


@dataclass(frozen=True, slots=True)
class HandView:
    """A raised hand, for moderators."""

    member: MemberId
    name: str
    raised_at: datetime
    called_at: datetime | None


@dataclass(frozen=True, slots=True)
class HandsView:
    """Raised hands in their order."""

    hands: list[HandView]


@dataclass(frozen=True, slots=True)
class HandPlace:
    """Where one's own hand stands: the place (1: next; None: not raised), and whether one was called."""

    place: int | None
    called: bool


@dataclass(frozen=True, slots=True)
class MeTooView:
    """How many have a problem of this topic as well, and whether the reader said so."""

    count: int
    mine: bool


@dataclass(frozen=True, slots=True)
class AudienceRules:
    """What holds for taking part now."""

    state: BroadcastState
    slow_mode_s: int
    holds: bool


@dataclass(frozen=True, slots=True)
class AudienceView:
    """Taking part, as one reader finds it. `words` is for moderators; `waiting` are the reader's own lines and questions that are held."""

    seq: int
    rules: AudienceRules
    me: MemberView | None
    moderates: bool
    votes: list[QuestionId]
    poll_votes: dict[PollId, int]
    hand: HandPlace
    me_too: MeTooView
    waiting: list[str]
    words: list[str] | None


@dataclass(frozen=True, slots=True)
class AudienceEvents:
    """What changed after a number. `cut`: older lines were left out, so that what the page has of them is not complete."""

    seq: int
    cut: bool
    lines: list[ChatLine]
    questions: list[QuestionView]
    polls: list[PollView]


@dataclass(frozen=True, slots=True)
class AudienceChange:
    """What one transaction changed: the numbers above `after` up to `seq`; both 0 for what is not kept.

    Everything is in it, also what is for moderators only: `signaling.audience` tells each what is theirs.
    """

    after: int = 0
    seq: int = 0
    lines: list[ChatLine] = field(default_factory=list)
    questions: list[QuestionView] = field(default_factory=list)
    votes: list[QuestionVotes] = field(default_factory=list)
    polls: list[PollView] = field(default_factory=list)
    poll_votes: list[PollVotes] = field(default_factory=list)
    members: list[MemberView] = field(default_factory=list)
    hands: list[HandView] | None = None
    rules: AudienceRules | None = None
    reactions: dict[Reaction, int] = field(default_factory=dict)
    me_too: int | None = None
    viewers: int | None = None
    invited: list[MemberId] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StageTold:
    """`stage`: what changed in an audience since `after`, together for a quarter of a second or more. A page that has not all up to `after`
    asks for the rest. `hands` is for moderators only."""

    session: SessionId
    after: int
    seq: int
    lines: list[ChatLine]
    questions: list[QuestionView]
    votes: list[QuestionVotes]
    polls: list[PollView]
    poll_votes: list[PollVotes]
    hands: list[HandView] | None
    rules: AudienceRules | None
    reactions: dict[Reaction, int]
    me_too: int | None
    viewers: int | None


@dataclass(frozen=True, slots=True)
class MemberTold:
    """`member`: what became of the reader in an audience."""

    session: SessionId
    me: MemberView
    hand: HandPlace | None


@dataclass(frozen=True, slots=True)
class InvitedTold:
    """`invited`: the reader, and nobody else, is offered help or the stage, or no longer. Fetch the invitations."""

    session: SessionId


@dataclass(frozen=True, slots=True)
class HelpOffer:
    """The reader's own case, with a private session; `agent` opened it. `place`: how many are before the reader, and the reader (1: next)."""

    case: CaseId
    number: str
    agent: str
    place: int | None


@dataclass(frozen=True, slots=True)
class StageCall:
    """The reader may come on stage. `member`: under which id they may decline or leave. `raised`: they had raised their hand for it."""

    member: MemberId
    session: SessionId
    raised: bool


@dataclass(frozen=True, slots=True)
class StagePlace:
    """The stage for somebody of the audience who was called to it: of the people those who may be seen there, and of the case nothing.

    `consent`: about being recorded; about being seen by the audience it stands in `broadcast`.
    """

    session: SessionView
    consent: ConsentView | None
    broadcast: OnAir | None


@dataclass(frozen=True, slots=True)
class Invitations:
    """What is offered to the reader alone."""

    help: HelpOffer | None
    stage: StageCall | None


@dataclass(frozen=True, slots=True)
class MemberCase:
    """The case that was opened for a member, for agents."""

    case: CaseId
    number: str
    member: MemberId


def member_view(row: MemberRow, *, called: bool = False) -> MemberView:
    """A member as everybody concerned may see them."""
    return MemberView(row.id, row.name, row.role, row.muted_at is not None, row.banned_at is not None, called)


def line_view(row: LineRow) -> ChatLine:
    """A line with all its text."""
    by = Author.MEMBER if row.member_id else Author.AGENT
    return ChatLine(row.id, row.seq, row.at, by, row.member_id, row.name, row.text, row.state)


def question_view(row: QuestionRow) -> QuestionView:
    """A question."""
    return QuestionView(row.id, row.seq, row.at, row.member_id, row.name, row.text, row.state, row.votes, row.answer_s)


def poll_view(row: PollRow, choices: list[PollChoiceRow]) -> PollView:
    """A poll with its choices in order."""
    return PollView(row.id, row.seq, row.at, row.text, row.state, [ChoiceView(one.text, one.votes) for one in choices])
