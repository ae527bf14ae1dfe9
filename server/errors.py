"""Every failure we expect, sorted by who has to act. `code` and `status` never change; the sentence for people is found by code in `web/locales`.

The layer that knows raises; only `api` and `signaling` turn it into a reply; nobody in between catches it.
"""

from typing import ClassVar


class OaseError(Exception):
    """An expected failure. `facts` are safe to show and fill the sentence's placeholders."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(self, **facts: str | int | float) -> None:
        super().__init__(self.code)
        self.facts = facts


class BadRequest(OaseError):
    """The request cannot be understood; the caller has to change it."""

    code = "bad_request"
    status = 400


class BadField(BadRequest):
    """One field of the request is wrong; `facts["field"]` names it."""

    code = "bad_field"


class BadCaptions(BadRequest):
    """No captions that we can read; `facts["line"]` says where (1 is the first) and `facts["why"]` what is wrong there."""

    code = "bad_captions"
    status = 422


class BadPicture(BadRequest):
    """No picture that we take: JPEG, PNG or WebP of a bounded size, which can be read."""

    code = "bad_picture"
    status = 422


class BadSdp(BadRequest):
    """The offer is not a session description that we can answer."""

    code = "bad_sdp"


class NoCommonCodec(BadRequest):
    """The browser offers no picture or sound format that we forward."""

    code = "no_common_codec"


class NotJson(BadRequest):
    """The body has to be sent as application/json."""

    code = "not_json"
    status = 415


class NotOffered(OaseError):
    """The answer is not to be had in this form."""

    code = "not_offered"
    status = 501


class NotSdp(BadRequest):
    """The body has to be a session description; `facts["type"]` says which type it is sent as."""

    code = "not_sdp"
    status = 415


class NotAcceptable(BadRequest):
    """The caller does not take the type that we answer with, or wants to send more than one picture or one sound."""

    code = "not_acceptable"
    status = 406


class NothingToSend(BadRequest):
    """The offer can be read, but has no line for what it is meant for."""

    code = "nothing_to_send"
    status = 422


class EtagMissing(BadRequest):
    """A change of the transport has to say in `If-Match` which one it changes."""

    code = "etag_missing"
    status = 428


class EtagStale(BadRequest):
    """The transport was changed meanwhile: `If-Match` names an earlier one."""

    code = "etag_stale"
    status = 412


class WrongMethod(BadRequest):
    """The address exists, but not for this method."""

    code = "wrong_method"
    status = 405


class TooLarge(BadRequest):
    """The body is larger than this route accepts."""

    code = "too_large"
    status = 413


class TooSlow(BadRequest):
    """The body did not come in time."""

    code = "too_slow"
    status = 408


class NotSignedIn(OaseError):
    """Nobody we know: sign in, or open the personal link again."""

    code = "not_signed_in"
    status = 401


class WrongPassword(NotSignedIn):
    """E-mail and password do not belong together."""

    code = "wrong_password"


class BadLink(NotSignedIn):
    """The link is unknown, or was revoked, or its time is over. One answer for all three: it says nothing about which exist."""

    code = "bad_link"


class BadKey(NotSignedIn):
    """The key is missing, or unknown, or was revoked, or its time is over. One answer for all of them."""

    code = "bad_key"


class Forbidden(OaseError):
    """We know who asks, and this is not theirs to do."""

    code = "forbidden"
    status = 403


class NotAMember(Forbidden):
    """Taking part begins with a name; who only watches cannot do this yet."""

    code = "not_a_member"


class Muted(Forbidden):
    """A moderator lets this member read only."""

    code = "muted"


class Banned(Forbidden):
    """A moderator took this member, or this address, out of the audience that takes part."""

    code = "banned"


class CrossOrigin(Forbidden):
    """A page of another origin tried to change something."""

    code = "cross_origin"


class NotFound(OaseError):
    """Not there, or not yours: the same answer for both."""

    code = "not_found"
    status = 404


class Removed(OaseError):
    """It was public, and somebody took it away."""

    code = "removed"
    status = 410


class Conflict(OaseError):
    """The state of the thing does not allow this now."""

    code = "conflict"
    status = 409


class ConsentNeeded(Conflict):
    """Nobody comes from the audience on stage who has not agreed to be seen."""

    code = "consent_needed"


class ImprintNeeded(Conflict):
    """A channel with something public keeps its responsible person and its Impressum."""

    code = "imprint_needed"


class AlreadyTaken(Conflict):
    """Another agent took this case first; `facts["agent"]` says who."""

    code = "already_taken"


class CaseClosed(Conflict):
    """The case is closed."""

    code = "case_closed"


class SessionEnded(Conflict):
    """The session is over."""

    code = "session_ended"


class SessionFull(Conflict):
    """The stage has no free seat."""

    code = "session_full"


class AlreadyRecording(Conflict):
    """This session is being recorded already."""

    code = "already_recording"


class NobodyAgreed(Conflict):
    """Nobody on stage has agreed to be recorded."""

    code = "nobody_agreed"


class BroadcastEnded(Conflict):
    """The broadcast is over."""

    code = "broadcast_ended"


class AlreadyBroadcast(Conflict):
    """This session is a broadcast already."""

    code = "already_broadcast"


class ImprintMissing(Conflict):
    """The channel names no person responsible, or no Impressum."""

    code = "imprint_missing"


class NobodyOnStage(Conflict):
    """There is nobody on stage whom an audience could see."""

    code = "nobody_on_stage"


class NotEverybodyAsked(Conflict):
    """Somebody on stage was not asked yet whether an audience may see them."""

    code = "not_everybody_asked"


class NobodyToShow(Conflict):
    """Nobody on stage has agreed to be seen by the audience."""

    code = "nobody_to_show"


class AudienceClosed(Conflict):
    """The audience cannot do this now: before the countdown, or after the end."""

    code = "audience_closed"


class PollClosed(Conflict):
    """The poll takes no more votes."""

    code = "poll_closed"


class SlowMode(OaseError):
    """The chat is in slow mode; `facts["retry_after_s"]` says when the next line may come."""

    code = "slow_mode"
    status = 429


class TooManyRequests(OaseError):
    """Slow down; `facts["retry_after_s"]` says how long."""

    code = "too_many_requests"
    status = 429


class Busy(OaseError):
    """The machine carries as many calls as it can carry well."""

    code = "busy"
    status = 503


class MediaAway(OaseError):
    """The media worker does not answer; it is being restarted."""

    code = "media_away"
    status = 503


class ComposerAway(OaseError):
    """The composer of a broadcast does not answer; it is being restarted."""

    code = "composer_away"
    status = 503


class DatabaseAway(OaseError):
    """The database does not answer."""

    code = "database_away"
    status = 503


class NoSpace(OaseError):
    """Less free space than the reserve."""

    code = "no_space"
    status = 507
