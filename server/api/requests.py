"""What requests say: one pydantic model for each body. Parsed once, at the edge; unknown fields are refused."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from server.domain.words import CaseId, ConnectionId, ConsentAnswer, Language, Outcome, Role

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Email = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^$|^[^@\s]+@[^@\s]+\.[^@\s]+$")
]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40, pattern=r"^[0-9+()/ .\-]*$")]
ClientId = Annotated[str, StringConstraints(min_length=16, max_length=64, pattern=r"^[A-Za-z0-9_\-]+$")]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=256)]
NewPassword = Annotated[str, StringConstraints(min_length=12, max_length=256)]
Sdp = Annotated[str, StringConstraints(min_length=1, max_length=60_000)]
Mid = Annotated[str, StringConstraints(min_length=1, max_length=16)]


class Request(BaseModel):
    """Base of all bodies."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=100_000)


class OpenCase(Request):
    """A customer asks for help. `client_id` is made by the browser: sent twice, one case is opened."""

    topic: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    summary: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    name: Name
    email: Email = ""
    phone: Phone = ""
    language: Language = Language.DE
    client_id: ClientId


class ExchangeLink(Request):
    """The secret of a personal link, as it stood behind the `#`."""

    secret: Secret


class Say(Request):
    """A chat line or a note."""

    text: Text
    client_id: ClientId


class SignIn(Request):
    """An agent's e-mail and password."""

    email: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=254)]
    password: Password


class SignInLink(Request):
    """The secret of a one-time sign-in link."""

    secret: Secret


class SetPassword(Request):
    """A new password, twelve characters or more."""

    password: NewPassword


class TakeCase(Request):
    """An agent takes a waiting case; `connection` is the standby connection that goes on stage at once."""

    connection: ConnectionId | None = None


class CloseCase(Request):
    """How the case ended."""

    outcome: Outcome


class EndSession(Request):
    """How the session ended, and a last note."""

    outcome: Outcome
    text: Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)] = ""


class Invite(Request):
    """Somebody else is asked to join a session by a link of their own."""

    name: Name
    kind: Literal["guest"] = "guest"


class NewKey(Request):
    """A key for a machine, with the name that stands on its tile."""

    name: Name


class Connect(Request):
    """A browser's offer; `sources` says by mid what each sending m-line carries."""

    sdp: Sdp
    sources: Annotated[dict[Mid, Literal["camera", "microphone", "screen"]], Field(max_length=8)]


class Reconnect(Request):
    """A new offer of the same connection, after `restartIce()`."""

    sdp: Sdp


class DeviceState(Request):
    """What a participant has switched on."""

    microphone: bool
    camera: bool
    screen: bool


class Consent(Request):
    """An answer to the question whether one may be recorded."""

    answer: Literal[ConsentAnswer.GIVEN, ConsentAnswer.REFUSED, ConsentAnswer.WITHDRAWN]
    wording_version: Annotated[str, StringConstraints(min_length=1, max_length=40)]


class Share(Request):
    """Whether the customer may see the recording."""

    shared: bool


class AddAgent(Request):
    """A new agent's account."""

    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
    name: Name
    role: Role = Role.AGENT


class SwitchAgent(Request):
    """Whether an account is off."""

    disabled: bool


class SetChannel(Request):
    """What is to change of a channel; an empty text takes something away."""

    name: Name | None = None
    responsible_name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None = None
    responsible_address: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] | None = None
    imprint_url: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] | None = None
    warn_share: Annotated[float, Field(ge=0.01, le=1)] | None = None


class Watch(Request):
    """Socket: follow a case. `after` is the last sequence number that the page has; the column holds 32 bits."""

    case: CaseId
    after: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class Unwatch(Request):
    """Socket: follow it no longer."""

    case: CaseId


class WatchDesk(Request):
    """Socket: hear that the desk's lists changed."""


class Hold(Request):
    """Socket: this page owns that media connection."""

    connection: ConnectionId


class TileSize(Request):
    """How large the picture of one slot stands on the page, in pixels of the screen; 0 x 0 while nobody can see it."""

    mid: Mid
    width: Annotated[int, Field(ge=0, le=16_384)]
    height: Annotated[int, Field(ge=0, le=16_384)]


class Tiles(Request):
    """Socket: how large this page shows the pictures of a connection that it holds. Slots that are not named are hidden."""

    connection: ConnectionId
    tiles: Annotated[list[TileSize], Field(max_length=24)] = []


class Looked(Request):
    """Socket: what this page saw of its own line in the last seconds, of a connection that it holds; None where its browser does not say.

    `frozen_s`: how long pictures stood still; `made_up`: the share of the sound that the browser had to invent. The rest is of the largest picture.
    """

    connection: ConnectionId
    seconds: Annotated[float, Field(ge=1, le=60)]
    frozen_s: Annotated[float, Field(ge=0, le=3600)] | None = None
    made_up: Annotated[float, Field(ge=0, le=1)] | None = None
    fps: Annotated[float, Field(ge=0, le=240)] | None = None
    height: Annotated[int, Field(ge=0, le=16_384)] | None = None
