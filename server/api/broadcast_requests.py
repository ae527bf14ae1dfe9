"""What requests about broadcasts say, as `requests.py` does for the rest."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from server.api.requests import ClientId, Line, Request
from server.domain.broadcasts import COUNTDOWN_MAX_S, COUNTDOWN_MIN_S
from server.domain.words import CaseId, Language, Openness, ParticipantId, QuestionId, SessionId
from server.service.broadcast_views import Layout

Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]
Slug = Annotated[str, StringConstraints(min_length=1, max_length=64)]
CardText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Words = Annotated[list[Word], Field(max_length=500)]
SlowMode = Annotated[int, Field(ge=0, le=3600)]


class OpenBroadcast(Request):
    """A running session is to have an audience. No channel: the first one."""

    title: Line
    description: Description = ""
    visibility: Openness = Openness.PUBLIC
    language: Language = Language.DE
    starts_at: AwareDatetime | None = None
    channel: Slug | None = None
    size: Literal[720, 1080] = 720
    small: bool = False


class PlanBroadcast(OpenBroadcast):
    """A broadcast is planned, with a case of its own. `client_id` is made by the browser: sent twice, one is planned."""

    topic: Slug
    client_id: ClientId


class ChangeBroadcast(Request):
    """What is to be different; what is not named stays. `removed` takes it and its recording from the public, or gives it back."""

    title: Line | None = None
    description: Description | None = None
    topic: Slug | None = None
    channel: Slug | None = None
    language: Language | None = None
    visibility: Openness | None = None
    starts_at: AwareDatetime | None = None
    listed: bool | None = None
    removed: bool | None = None
    slow_mode_s: SlowMode | None = None
    holds: bool | None = None
    words: Words | None = None


class CountDown(Request):
    """How long the audience sees the time run."""

    seconds: Annotated[int, Field(ge=COUNTDOWN_MIN_S, le=COUNTDOWN_MAX_S)] = 30


class SetCard(Request):
    """A picture over everything; nobody is heard. A countdown and the end have cards of their own."""

    kind: Literal["title", "pause"]
    title: CardText = ""
    text: CardText = ""


class SetBanner(Request):
    """A question on the picture, and who asked it."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)] = ""


class SetScene(Request):
    """What the audience is to see; what is left out stays as it is. `main`: who has the large place; None: who speaks."""

    layout: Layout = "speaker"
    lower_thirds: bool = True
    main: ParticipantId | None = None
    card: SetCard | None = None
    banner: SetBanner | None = None
    logo: bool = True
    size: Literal[720, 1080] = 720
    small: bool = False


class LinkCase(Request):
    """A case that was answered before the audience. `at`: when its answer began; none: now."""

    case: CaseId
    at: AwareDatetime | None = None


class MarkAnswer(Request):
    """What was said before an audience answers a case: at a question, at a second of the stream; neither: now."""

    session: SessionId
    question: QuestionId | None = None
    second: Annotated[float, Field(ge=0, le=86_400 * 7, allow_inf_nan=False)] | None = None


def when(text: str) -> datetime | None:
    """A time from a query, with its zone; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
