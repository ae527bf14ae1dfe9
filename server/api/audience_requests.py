"""What requests of an audience say."""

from typing import Annotated

from pydantic import Field, StringConstraints

from server.api.requests import ClientId, Request
from server.domain.taking_part import (
    CHOICE_LIMIT,
    CHOICES,
    LINE_LIMIT,
    MEMBER_NAME_LIMIT,
    QUESTION_LIMIT,
    SLOW_MODE_LIMIT_S,
    WORD_LIMIT,
    WORDS_LIMIT,
)
from server.domain.words import ChatLineState, MemberRole, PollState, QuestionState, SessionId
from server.service.audience.views import Reaction

MemberName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MEMBER_NAME_LIMIT)]
ChatText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LINE_LIMIT)]
QuestionText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=QUESTION_LIMIT)]
Choice = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=CHOICE_LIMIT)]
HeldWord = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=WORD_LIMIT)]


class TakePart(Request):
    """Somebody of the audience says a name, to take part."""

    name: MemberName


class SayLine(Request):
    """A line of the audience's chat."""

    text: ChatText
    client_id: ClientId


class ModerateLine(Request):
    """What a moderator makes of a line."""

    state: ChatLineState


class AskQuestion(Request):
    """A question of the audience."""

    text: QuestionText
    client_id: ClientId


class ModerateQuestion(Request):
    """What a moderator makes of a question."""

    state: QuestionState


class OpenPoll(Request):
    """A poll and what may be chosen."""

    text: QuestionText
    choices: Annotated[list[Choice], Field(min_length=CHOICES.start, max_length=CHOICES.stop - 1)]
    client_id: ClientId


class VoteInPoll(Request):
    """One of a poll's choices, counted from 0."""

    position: Annotated[int, Field(ge=0, lt=CHOICES.stop)]


class ClosePoll(Request):
    """Whether a poll takes votes."""

    state: PollState


class CallHand(Request):
    """Whether somebody whose hand is up is called."""

    called: bool


class ModerateMember(Request):
    """What a moderator makes of a member; what is not named stays. `remove_lines`: what they wrote is taken away, too."""

    muted: bool | None = None
    banned: bool | None = None
    role: MemberRole | None = None
    remove_lines: bool = False


class SetAudienceRules(Request):
    """What holds for taking part; what is not named stays."""

    slow_mode_s: Annotated[int, Field(ge=0, le=SLOW_MODE_LIMIT_S)] | None = None
    holds: bool | None = None
    words: Annotated[list[HeldWord], Field(max_length=WORDS_LIMIT)] | None = None


class JoinAudience(Request):
    """Socket: hear what changes in an audience. `after`: the last number that the page has."""

    session: SessionId
    after: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class WatchStage(Request):
    """Socket: hear what those on a stage hear, without the case behind it."""

    session: SessionId


class React(Request):
    """Socket: show something without words, several times at once; in an audience that this page hears."""

    session: SessionId
    reaction: Reaction
    count: Annotated[int, Field(ge=1, le=10)] = 1
