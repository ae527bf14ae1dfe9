"""The words of the field, as types. Everything else imports them from here."""

from enum import StrEnum
from typing import NewType

AgentId = NewType("AgentId", str)
CaseId = NewType("CaseId", str)
LinkId = NewType("LinkId", str)
ParticipantId = NewType("ParticipantId", str)
RecordingId = NewType("RecordingId", str)
SessionId = NewType("SessionId", str)
TopicId = NewType("TopicId", str)
VisitorId = NewType("VisitorId", str)
ConnectionId = NewType("ConnectionId", str)
ChannelId = NewType("ChannelId", str)
MemberId = NewType("MemberId", str)
LineId = NewType("LineId", str)
QuestionId = NewType("QuestionId", str)
PollId = NewType("PollId", str)


class Language(StrEnum):
    """Languages of the pages."""

    DE = "de"
    EN = "en"


class Role(StrEnum):
    """What an agent may do; each role may do all that stands before it."""

    AGENT = "agent"
    ADMIN = "admin"


class CaseState(StrEnum):
    """Where a case stands: waiting in the queue, taken by an agent, waiting for an answer later, closed."""

    WAITING = "waiting"
    TAKEN = "taken"
    OPEN = "open"
    CLOSED = "closed"


class SessionState(StrEnum):
    """A session waits for an agent, runs, and ends."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"


class Outcome(StrEnum):
    """How an agent left a session."""

    SOLVED = "solved"
    FOLLOW_UP = "follow_up"
    NOT_SOLVED = "not_solved"
    NOBODY_THERE = "nobody_there"


class PersonKind(StrEnum):
    """What a person is in a session. A member came from the audience; a source is a machine on stage (OBS, a camera); a viewer only watches
    and is listed nowhere."""

    CUSTOMER = "customer"
    AGENT = "agent"
    GUEST = "guest"
    MEMBER = "member"
    SOURCE = "source"
    VIEWER = "viewer"


class Source(StrEnum):
    """What a participant's track shows or sounds."""

    CAMERA = "camera"
    MICROPHONE = "microphone"
    SCREEN = "screen"


class EntryKind(StrEnum):
    """The kinds of timeline entries."""

    OPENED = "opened"
    WAITED = "waited"
    TAKEN = "taken"
    RELEASED = "released"
    JOINED = "joined"
    LEFT = "left"
    INVITED = "invited"
    CHAT = "chat"
    NOTE = "note"
    CONSENT_ASKED = "consent_asked"
    CONSENT_GIVEN = "consent_given"
    CONSENT_REFUSED = "consent_refused"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    RECORDING_STARTED = "recording_started"
    RECORDING_STOPPED = "recording_stopped"
    RECORDING_INTERRUPTED = "recording_interrupted"
    RECORDING_FAILED = "recording_failed"
    RECORDING_READY = "recording_ready"
    RECORDING_SHARED = "recording_shared"
    ENDED = "ended"
    CLOSED = "closed"
    REOPENED = "reopened"
    QUALITY = "quality"
    BROADCAST_PLANNED = "broadcast_planned"
    BROADCAST_REHEARSED = "broadcast_rehearsed"
    BROADCAST_LIVE = "broadcast_live"
    BROADCAST_PAUSED = "broadcast_paused"
    BROADCAST_RESUMED = "broadcast_resumed"
    BROADCAST_ENDED = "broadcast_ended"
    PUBLIC_ASKED = "public_asked"
    PUBLIC_GIVEN = "public_given"
    PUBLIC_REFUSED = "public_refused"
    PUBLIC_WITHDRAWN = "public_withdrawn"
    PUBLIC_ANSWER = "public_answer"
    PUBLIC_QUESTION = "public_question"
    STAGE_CALLED = "stage_called"
    STAGE_LEFT = "stage_left"


class Visibility(StrEnum):
    """Who reads a timeline entry."""

    EVERYONE = "everyone"
    AGENTS = "agents"


class Purpose(StrEnum):
    """What a person is asked to agree to: that the session is recorded, that its audience sees and hears them."""

    RECORDING = "recording"
    PUBLIC = "public"


class ConsentAnswer(StrEnum):
    """Where a person's consent to one purpose stands. Nothing is written or shown unless it is GIVEN."""

    ASKED = "asked"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class RecordingState(StrEnum):
    """RECORDING while packets are written; FINISHING while files are made seekable and the view is encoded; READY, or FAILED.

    LIVE: the stream of a broadcast, which is watched while it grows and is READY when it ends.
    """

    LIVE = "live"
    RECORDING = "recording"
    FINISHING = "finishing"
    READY = "ready"
    FAILED = "failed"


class LineState(StrEnum):
    """How good somebody's line is at the moment."""

    GOOD = "good"
    WEAK = "weak"
    BAD = "bad"


class Trouble(StrEnum):
    """What is wrong with a line: it carries less than the pictures need, packets are lost on the way to or from the person, sound or picture
    break off there, or everything comes late."""

    NONE = "none"
    NARROW = "narrow"
    LOSS_DOWN = "loss_down"
    LOSS_UP = "loss_up"
    SOUND = "sound"
    FREEZES = "freezes"
    DELAY = "delay"


class Grade(StrEnum):
    """How good a whole conversation was for somebody."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class BroadcastState(StrEnum):
    """A broadcast is planned, may be rehearsed without audience, counts down, is live, pauses with a card, and ends."""

    PLANNED = "planned"
    REHEARSAL = "rehearsal"
    COUNTDOWN = "countdown"
    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"


class Openness(StrEnum):
    """Who may watch a broadcast: agents and who holds a link to its session; whoever knows its address; everybody, and it is listed."""

    PRIVATE = "private"
    UNLISTED = "unlisted"
    PUBLIC = "public"


class MemberRole(StrEnum):
    """What a member of the audience may do."""

    VIEWER = "viewer"
    MODERATOR = "moderator"


class ChatLineState(StrEnum):
    """A line of the audience's chat: to be read by all, held until somebody approves it, or taken away."""

    SHOWN = "shown"
    HELD = "held"
    REMOVED = "removed"


class QuestionState(StrEnum):
    """Where a question of the audience stands; PINNED is the one on the picture."""

    ASKED = "asked"
    APPROVED = "approved"
    PINNED = "pinned"
    ANSWERED = "answered"
    REJECTED = "rejected"


class PollState(StrEnum):
    """A poll takes votes until it is closed."""

    OPEN = "open"
    CLOSED = "closed"
