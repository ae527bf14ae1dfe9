"""A broadcast's way from the plan to the end, on both databases, with a composer that only listens."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from server.domain.broadcasts import Card
from server.domain.principal import Anonymous
from server.domain.words import (
    BroadcastState,
    CaseState,
    ConsentAnswer,
    EntryKind,
    Openness,
    Outcome,
    PersonKind,
    RecordingState,
    SessionId,
    SessionState,
)
from server.errors import (
    AlreadyBroadcast,
    BroadcastEnded,
    Conflict,
    Forbidden,
    ImprintMissing,
    NobodyOnStage,
    NobodyToShow,
    NotFound,
    NotSignedIn,
)
from server.service import broadcast_cases, broadcast_reading, broadcasts, cases, planning, recordings
from server.service.airing import control_of, settle_recording, show_audience
from server.store import broadcasts as store
from server.store import sessions
from tests.composer_double import ComposerDouble
from tests.desk import Desk, client_id
from tests.studio_desk import name_somebody, opened_call, plan, rehearsed, row_of, says

GIVEN, REFUSED, WITHDRAWN = ConsentAnswer.GIVEN, ConsentAnswer.REFUSED, ConsentAnswer.WITHDRAWN


@contextlib.asynccontextmanager
async def composer(desk: Desk, session: SessionId) -> AsyncIterator[ComposerDouble]:
    """A composer for the broadcast as it stands."""
    row = await row_of(desk, session)
    double = ComposerDouble(control_of(desk.house.settings, session), desk.house.settings.recordings / row.directory)
    await double.start(desk.house.now().timestamp())
    try:
        yield double
    finally:
        await double.close()


async def seat_of(desk: Desk, session: SessionId, kind: PersonKind) -> str:
    view = await broadcasts.read_broadcast(desk.house, await desk.agent("ann"), session)
    return next(one.participant for one in view.people if one.kind is kind)


async def test_a_planned_broadcast_has_a_case_that_never_waits(desk: Desk) -> None:
    ann = await desk.agent("ann")
    key = client_id()
    view = await plan(desk, client_id=key)
    again = await plan(desk, client_id=key)
    assert again == view
    assert (view.state, view.own, view.obstacles) == (
        BroadcastState.PLANNED,
        True,
        ["imprint_missing", "nobody_on_stage"],
    )
    case = await cases.read_case(desk.house, ann, view.case)
    assert (case.state, case.summary, case.taken_by) == (CaseState.TAKEN, "How to read a meter", ann.agent_id)
    assert case.session is not None
    assert (case.session.id, case.session.state) == (view.session, SessionState.RUNNING)
    assert await desk.kinds(view.case) == [EntryKind.BROADCAST_PLANNED]
    listed = await broadcast_reading.list_broadcasts(desk.house, ann, None, view.language)
    assert [(one.session, one.by) for one in listed.broadcasts] == [(view.session, "ann")]
    with pytest.raises(Conflict):
        await cases.release_case(desk.house, ann, view.case)


async def test_an_explainer_from_plan_to_recording(desk: Desk) -> None:
    await name_somebody(desk)
    ann = await desk.agent("ann")
    session = (await plan(desk)).session
    with pytest.raises(NobodyOnStage):
        await broadcasts.go_live(desk.house, ann, session)
    await desk.connects(ann, session)
    rehearsed = await broadcasts.rehearse(desk.house, ann, session)
    assert [(one.answer, one.shown) for one in rehearsed.people] == [(ConsentAnswer.ASKED, False)]
    with pytest.raises(NobodyToShow):
        await broadcasts.go_live(desk.house, ann, session)
    await says(desk, ann, session, GIVEN)
    counting = await broadcasts.count_down(desk.house, ann, session, 30)
    async with composer(desk, session) as double:
        await broadcasts.set_scene(
            desk.house, ann, session, lambda wish: replace(wish, layout="single", card=Card("title", "Hello"))
        )
        assert (double.scenes[-1]["card"]["kind"], double.scenes[-1]["layout"]) == ("countdown", "single")
        assert counting.starts_at is not None
        assert double.scenes[-1]["card"]["until"] == pytest.approx(counting.starts_at.timestamp())
        live = await broadcasts.go_live(desk.house, ann, session)
        assert double.scenes[-1]["card"] == {"kind": "title", "title": "Hello", "text": "", "until": None}
        await broadcasts.pause(desk.house, ann, session)
        assert double.scenes[-1]["card"]["kind"] == "pause"
        await broadcasts.resume(desk.house, ann, session)
        assert live.recording is not None
        running = await recordings.read_recording(desk.house, ann, live.recording)
        assert running.state is RecordingState.LIVE
        over = await broadcasts.end(desk.house, ann, session)
        assert double.has_ended
    assert (over.state, over.live_at, over.recording) == (BroadcastState.ENDED, live.live_at, live.recording)
    case = await cases.read_case(desk.house, ann, over.case)
    assert (case.state, case.session) == (CaseState.CLOSED, None)
    kept = await recordings.read_recording(desk.house, Anonymous(), live.recording)
    assert (kept.state, kept.duration_s) == (RecordingState.READY, 1.0)
    assert [file.url for file in kept.files] == [f"/live/{session}/recording.m3u8"]
    assert kept.moments == []
    told = [change.state for _, change in desk.heard.of("broadcast_changed")]
    assert [one for one in BroadcastState if one in told] == list(BroadcastState)
    kinds = await desk.kinds(over.case)
    for kind in ("rehearsed", "live", "paused", "resumed", "ended"):
        assert kinds.count(EntryKind(f"broadcast_{kind}")) == 1, kind
    assert kinds.count(EntryKind.RECORDING_READY) == 1
    for step in (broadcasts.go_live, broadcasts.pause, broadcasts.rehearse):
        with pytest.raises(BroadcastEnded):
            await step(desk.house, ann, session)


async def test_nothing_goes_public_without_somebody_responsible(desk: Desk) -> None:
    customer, ann = await desk.call(), await desk.agent("ann")
    wish = planning.Plan("A call", "", "")
    await planning.open_broadcast(desk.house, ann, customer.session, wish)
    with pytest.raises(AlreadyBroadcast):
        await planning.open_broadcast(desk.house, ann, customer.session, wish)
    await broadcasts.rehearse(desk.house, ann, customer.session)
    await says(desk, ann, customer.session, GIVEN)
    for openness in (Openness.PUBLIC, Openness.UNLISTED):
        await planning.change_broadcast(desk.house, ann, customer.session, planning.Change(visibility=openness))
        with pytest.raises(ImprintMissing):
            await broadcasts.go_live(desk.house, ann, customer.session)
        with pytest.raises(ImprintMissing):
            await broadcasts.count_down(desk.house, ann, customer.session, 5)
    await planning.change_broadcast(desk.house, ann, customer.session, planning.Change(visibility=Openness.PRIVATE))
    await broadcasts.go_live(desk.house, ann, customer.session)  # Who said yes to everybody said yes to fewer.
    with pytest.raises(ImprintMissing):
        await planning.change_broadcast(desk.house, ann, customer.session, planning.Change(visibility=Openness.PUBLIC))


async def test_only_who_agreed_is_seen_from_the_moment_of_the_answer(desk: Desk) -> None:
    customer, ann = await opened_call(desk), await desk.agent("ann")
    session = customer.session
    await broadcasts.rehearse(desk.house, ann, session)
    mine, theirs = await seat_of(desk, session, PersonKind.AGENT), await seat_of(desk, session, PersonKind.CUSTOMER)
    await says(desk, ann, session, GIVEN)
    await says(desk, customer.principal, session, REFUSED)
    await broadcasts.go_live(desk.house, ann, session)
    async with composer(desk, session) as double:
        await broadcasts.set_scene(desk.house, ann, session, lambda wish: replace(wish, main=theirs))  # type: ignore[arg-type]
        assert (double.agreed, double.scenes[-1]["main"]) == ([mine], None)
        assert desk.worker.shown[session] == (await row_of(desk, session)).directory
        assert theirs not in double.scenes[-1]["names"]
        await says(desk, customer.principal, session, GIVEN)
        assert (double.agreed, double.scenes[-1]["main"]) == (sorted([mine, theirs]), theirs)
        view = await cases.read_case(desk.house, customer.principal, customer.case)
        assert view.broadcast is not None
        assert (view.broadcast.shown, view.broadcast.state) == (True, BroadcastState.LIVE)
        await says(desk, customer.principal, session, WITHDRAWN)
        assert double.agreed == [mine]
        await broadcasts.pause(desk.house, ann, session)
        assert double.scenes[-1]["card"]["kind"] == "pause", "nobody is seen behind a card"
        await broadcasts.resume(desk.house, ann, session)
        assert (double.agreed, double.scenes[-1]["card"]) == ([mine], None)
        assert desk.worker.shown[session] == (await row_of(desk, session)).directory
        guest = await desk.guest(session)
        await desk.connects(guest, session)
        view = await cases.read_case(desk.house, guest, customer.case)
        assert view.broadcast is not None
        assert (view.broadcast.shown, view.broadcast.consent) != (True, None)
        assert double.agreed == [mine]
    kinds = await desk.kinds(customer.case)
    assert [kinds.count(EntryKind(f"public_{one}")) for one in ("given", "refused", "withdrawn")] == [2, 1, 1]
    assert EntryKind.CONSENT_GIVEN not in kinds


async def test_who_agreed_to_fewer_people_is_asked_before_more_are_let_in(desk: Desk) -> None:
    customer, ann = await opened_call(desk), await desk.agent("ann")
    session = customer.session
    narrow, wide = planning.Change(visibility=Openness.UNLISTED), planning.Change(visibility=Openness.PUBLIC)
    await planning.change_broadcast(desk.house, ann, session, narrow)
    await broadcasts.rehearse(desk.house, ann, session)
    await says(desk, ann, session, GIVEN, Openness.UNLISTED)
    await says(desk, customer.principal, session, REFUSED, Openness.UNLISTED)
    await broadcasts.go_live(desk.house, ann, session)
    async with composer(desk, session) as double:
        asked = len(desk.heard.of("consent_asked"))
        view = await planning.change_broadcast(desk.house, ann, session, wide)
        assert double.agreed == []
        assert [(one.kind, one.answer) for one in view.people if one.answer is not None] == [
            (PersonKind.AGENT, ConsentAnswer.ASKED)
        ]
        assert len(desk.heard.of("consent_asked")) == asked + 1  # Who said no to fewer is not asked for more.
        await says(desk, ann, session, GIVEN)
        assert double.agreed == [await seat_of(desk, session, PersonKind.AGENT)]


async def test_a_call_goes_on_without_its_audience(desk: Desk) -> None:
    customer, ann = await opened_call(desk), await desk.agent("ann")
    session = customer.session
    await broadcasts.rehearse(desk.house, ann, session)
    await says(desk, ann, session, GIVEN)
    await broadcasts.go_live(desk.house, ann, session)
    async with composer(desk, session):
        over = await broadcasts.end(desk.house, ann, session)
    assert over.recording is not None
    case = await cases.read_case(desk.house, customer.principal, customer.case)
    assert (case.state, case.broadcast) == (CaseState.TAKEN, None)
    assert case.session is not None
    assert case.session.state is SessionState.RUNNING
    await cases.release_case(desk.house, ann, customer.case)


async def test_the_end_of_a_session_ends_its_broadcast(desk: Desk) -> None:
    await name_somebody(desk)
    ann = await desk.agent("ann")
    view = await plan(desk)
    await desk.connects(ann, view.session)
    await broadcasts.rehearse(desk.house, ann, view.session)
    await says(desk, ann, view.session, GIVEN)
    live = await broadcasts.go_live(desk.house, ann, view.session)
    assert live.recording is not None
    async with composer(desk, view.session) as double:
        double.is_deaf = True
        await cases.close_case(desk.house, ann, view.case, Outcome.NOT_SOLVED)
        waiting = await recordings.read_recording(desk.house, ann, live.recording)
        assert waiting.state is RecordingState.LIVE  # Nobody has ended its stream yet.
        assert not await settle_recording(desk.house, view.session)
    async with desk.house.db.read() as db:
        row = await store.find_broadcast(db, view.session)
        stage = await sessions.find_session(db, view.session)
    assert row is not None
    assert stage is not None
    assert (row.state, stage.state) == (BroadcastState.ENDED, SessionState.ENDED)

    return Outcome.NOT_SOLVED


async def test_a_private_recording_is_for_who_was_invited(desk: Desk) -> None:
    customer, ann = await opened_call(desk), await desk.agent("ann")
    session = customer.session
    await planning.change_broadcast(desk.house, ann, session, planning.Change(visibility=Openness.PRIVATE))
    await broadcasts.rehearse(desk.house, ann, session)
    await says(desk, ann, session, GIVEN, Openness.PRIVATE)
    live = await broadcasts.go_live(desk.house, ann, session)
    assert live.recording is not None
    async with composer(desk, session):
        await broadcasts.end(desk.house, ann, session)
    guest, stranger = await desk.guest(session), await desk.customer_opens_case()
    for invited in (ann, customer.principal, guest):
        assert (await recordings.read_recording(desk.house, invited, live.recording)).state is RecordingState.READY
    with pytest.raises(NotFound):
        await recordings.read_recording(desk.house, stranger.principal, live.recording)
    with pytest.raises(NotSignedIn):
        await recordings.read_recording(desk.house, Anonymous(), live.recording)
    await recordings.delete_recording(desk.house, ann, live.recording)
    assert (await broadcasts.read_broadcast(desk.house, ann, session)).removed


async def test_a_case_that_was_answered_in_public_says_so(desk: Desk) -> None:
    customer, ann = await desk.customer_opens_case(), await desk.agent("ann")
    session = (await plan(desk)).session
    for _ in range(2):
        view = await broadcast_cases.link_answer(desk.house, ann, session, customer.case)
    assert [one.case for one in view.cases] == [customer.case]
    assert (await desk.kinds(customer.case)).count(EntryKind.PUBLIC_ANSWER) == 1
    assert (await cases.read_case(desk.house, ann, customer.case)).state is CaseState.WAITING
    with pytest.raises(NotFound):
        await broadcast_cases.link_answer(desk.house, ann, customer.session, customer.case)


async def test_broadcasts_are_the_agents(desk: Desk) -> None:
    customer = await opened_call(desk)
    for step in (broadcasts.read_broadcast, broadcasts.rehearse, broadcasts.go_live, broadcasts.end):
        with pytest.raises(Forbidden):
            await step(desk.house, customer.principal, customer.session)
        with pytest.raises(NotSignedIn):
            await step(desk.house, Anonymous(), customer.session)


async def test_audience_sees_what_another_process_changed_meanwhile(desk: Desk) -> None:
    """It ended the broadcast while the worker was told what to show; before, nobody saw what was rehearsed."""
    session = await rehearsed(desk)
    ann = await desk.agent("ann")
    assert desk.worker.shown[session] is None
    await broadcasts.go_live(desk.house, ann, session)
    assert desk.worker.shown[session] == (await row_of(desk, session)).directory

    async def elsewhere() -> None:
        async with desk.house.db.write() as db:
            await store.set_broadcast(db, session, state=BroadcastState.ENDED)

    desk.worker.before["_show"] = elsewhere
    await show_audience(desk.house, session)
    assert desk.worker.shown[session] is None
