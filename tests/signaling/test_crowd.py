"""Which pages are found, without looking at all of them."""

from collections.abc import Callable, Iterable
from typing import Any

from aiohttp.test_utils import make_mocked_request

from server.domain.principal import Grant, Visitor
from server.domain.words import CaseId, Language, LinkId, PersonKind, SessionId, VisitorId
from server.service.views import Entry
from server.signaling.audience import REST, REST_LIMIT_S, ROUND_S, next_round_at
from server.signaling.crowd import AT_ONCE, Crowd, Socket
from server.signaling.feed import Watcher

CASE, OTHER, SESSION = CaseId("case"), CaseId("other"), SessionId("session")


class Heard:
    """What was said to whom."""

    def __init__(self) -> None:
        self.encoded = 0
        self.sids: list[list[str]] = []
        self.crowd = Crowd(self._emit, self._close, self._shout)

    async def _emit(self, event: str, body: dict[str, Any], sid: str) -> None: ...

    async def _close(self, sid: str) -> None: ...

    def _shout(self, event: str, body: Any) -> Callable[[Iterable[str]], None]:
        self.encoded += 1
        return lambda sids: self.sids.append(list(sids))

    def page(self, sid: str, *cases: CaseId, kind: PersonKind = PersonKind.CUSTOMER) -> Socket:
        """A page of somebody who holds a link to each of the cases."""
        stage = SESSION if kind is PersonKind.MEMBER else None
        links = tuple(Grant(LinkId(f"{sid}-{case}"), kind, case, stage, sid) for case in cases)
        request = make_mocked_request("GET", "/socket.io/")
        socket = Socket(sid, Visitor(VisitorId(sid), links), request, Language.EN, "visitor")
        self.crowd.add(socket)
        return socket


async def _tell(entry: Entry) -> None: ...


def follow(crowd: Crowd, socket: Socket, case: CaseId) -> None:
    crowd.watch(socket, Watcher(case, socket.principal, 0, _tell))


def test_watchers_are_found_once_and_until_they_go() -> None:
    crowd = (heard := Heard()).crowd
    both, one, audience = heard.page("both", CASE, OTHER), heard.page("one", CASE), heard.page("audience")
    for case in (OTHER, CASE):
        follow(crowd, both, case)
    follow(crowd, one, CASE)
    assert crowd.watching([CASE, OTHER]) == [(both, CASE), (one, CASE)]
    crowd.unwatch(both, CASE)
    assert crowd.watching([CASE, OTHER]) == [(one, CASE), (both, OTHER)]
    crowd.remove("one")
    assert crowd.watching([CASE]) == []
    assert not one.watching
    follow(crowd, one, CASE)
    assert crowd.watching([CASE]) == [], "its page is gone: nothing may stay of it"
    assert audience in crowd.all()


def test_pages_on_stage_are_found_until_they_leave_it() -> None:
    crowd = (heard := Heard()).crowd
    member = heard.page("member", CASE, kind=PersonKind.MEMBER)
    heard.page("audience")
    crowd.enter_stage(member, SESSION)
    assert crowd.in_session([CASE], SESSION) == [member]
    crowd.enter_stage(member, SessionId("another"))
    assert crowd.in_session([CASE], SESSION) == []
    crowd.enter_stage(member, SESSION)
    crowd.remove("member")
    assert crowd.in_session([CASE], SESSION) == []
    assert member.stage is None


async def test_what_all_hear_is_encoded_once() -> None:
    heard = Heard()
    pages = [heard.page(str(number)) for number in range(AT_ONCE + 1)]
    await heard.crowd.tell_all(pages, "stage", {"seq": 1})
    assert heard.encoded == 1
    assert [len(sids) for sids in heard.sids] == [AT_ONCE, 1]


def test_telling_is_a_quarter_of_the_work_at_most() -> None:
    assert next_round_at(10.0, 10.01) == 10.0 + ROUND_S
    assert next_round_at(10.0, 10.1) == 10.1 + REST * (10.1 - 10.0)


def test_audience_does_not_wait_long_after_a_stop_of_the_process() -> None:
    assert next_round_at(10.0, 12.0) == 12.0 + REST_LIMIT_S
