"""Consent, and what the media worker is told because of it."""

import asyncio

import pytest

from server.domain.words import ConsentAnswer, EntryKind, PersonKind, RecordingState
from server.errors import AlreadyRecording, BadField, Conflict, Forbidden, MediaAway, NobodyAgreed, NoSpace, NotFound
from server.service import cases, consent, recordings, sessions
from server.service.media_events import media_away
from tests.desk import Customer, Desk
from tests.worker_double import until

GIVEN, REFUSED, WITHDRAWN = ConsentAnswer.GIVEN, ConsentAnswer.REFUSED, ConsentAnswer.WITHDRAWN


async def seat(desk: Desk, customer: Customer, kind: PersonKind) -> str:
    view = await sessions.read_session(desk.house, await desk.agent("ann"), customer.session)
    return next(one.id for one in view.participants if one.kind is kind)


async def recorded_call(desk: Desk) -> Customer:
    """Both agreed, and it is being recorded."""
    customer = await desk.call()
    ann = await desk.agent("ann")
    await consent.ask_consent(desk.house, ann, customer.session)
    await desk.answers(customer.principal, customer.session, GIVEN)
    await desk.answers(ann, customer.session, GIVEN)
    await recordings.start_recording(desk.house, ann, customer.session)
    return customer


async def test_everybody_is_asked_once_the_agent_too(desk: Desk) -> None:
    customer = await desk.call()
    ann = await desk.agent("ann")
    await consent.ask_consent(desk.house, ann, customer.session)
    await consent.ask_consent(desk.house, ann, customer.session)
    asked = [(person.kind, question.wording_version) for person, question in desk.heard.of("consent_asked")]
    assert sorted(asked) == [(PersonKind.AGENT, "2026-1"), (PersonKind.CUSTOMER, "2026-1")]
    view = await cases.read_case(desk.house, customer.principal, customer.case)
    assert view.consent is not None
    assert (view.consent.asked, view.consent.answer) == (True, None)
    assert "aufzeichnen" in view.consent.wording
    assert (await desk.kinds(customer.case)).count(EntryKind.CONSENT_ASKED) == 2


async def test_nothing_is_written_before_a_yes(desk: Desk) -> None:
    customer = await desk.call()
    ann = await desk.agent("ann")
    for answer in (None, REFUSED):
        if answer:
            await consent.ask_consent(desk.house, ann, customer.session)
            await desk.answers(customer.principal, customer.session, answer)
        with pytest.raises(NobodyAgreed):
            await recordings.start_recording(desk.house, ann, customer.session)
    assert desk.worker.recordings == {}


async def test_only_those_who_agreed_are_written(desk: Desk) -> None:
    customer = await desk.call()
    ann = await desk.agent("ann")
    await consent.ask_consent(desk.house, ann, customer.session)
    await desk.answers(customer.principal, customer.session, REFUSED)
    await desk.answers(ann, customer.session, GIVEN)
    view = await recordings.start_recording(desk.house, ann, customer.session)
    mine = await seat(desk, customer, PersonKind.AGENT)
    taped = desk.worker.recordings[view.id]
    assert (taped.participants, taped.directory) == ([mine], f"{view.id}/part-1")
    with pytest.raises(AlreadyRecording):
        await recordings.start_recording(desk.house, ann, customer.session)
    await desk.answers(customer.principal, customer.session, GIVEN)  # Changes their mind: an answer of its own.
    theirs = await seat(desk, customer, PersonKind.CUSTOMER)
    assert taped.participants == sorted([mine, theirs])


async def test_withdrawn_is_out_before_the_answer_comes(desk: Desk) -> None:
    customer = await recorded_call(desk)
    mine = await seat(desk, customer, PersonKind.AGENT)
    view = await consent.answer_consent(desk.house, customer.principal, customer.session, WITHDRAWN, "2026-1")
    taped = next(iter(desk.worker.recordings.values()))
    assert taped.participants == [mine]
    assert (view.asked, view.answer) == (False, WITHDRAWN)
    again = await consent.answer_consent(desk.house, customer.principal, customer.session, WITHDRAWN, "2026-1")
    assert again == view
    assert (await desk.kinds(customer.case)).count(EntryKind.CONSENT_WITHDRAWN) == 1


async def test_withdrawing_while_the_worker_hangs_is_not_called_done(desk: Desk) -> None:
    customer = await recorded_call(desk)
    desk.worker.failure = MediaAway()
    with pytest.raises(MediaAway):
        await desk.answers(customer.principal, customer.session, WITHDRAWN)
    desk.worker.failure = None
    await desk.answers(customer.principal, customer.session, WITHDRAWN)
    taped = next(iter(desk.worker.recordings.values()))
    assert taped.participants == [await seat(desk, customer, PersonKind.AGENT)]


async def test_answers_in_any_order_end_in_what_the_database_says(desk: Desk) -> None:
    customer = await recorded_call(desk)
    ann = await desk.agent("ann")
    mine = await seat(desk, customer, PersonKind.AGENT)
    theirs = await seat(desk, customer, PersonKind.CUSTOMER)
    taped = next(iter(desk.worker.recordings.values()))
    for _ in range(10):
        both = (
            desk.answers(customer.principal, customer.session, WITHDRAWN),
            desk.answers(ann, customer.session, WITHDRAWN),
        )
        await asyncio.gather(*both)
        assert taped.participants == []
        both = (desk.answers(ann, customer.session, GIVEN), desk.answers(customer.principal, customer.session, GIVEN))
        await asyncio.gather(*both)
        assert taped.participants == sorted([mine, theirs])


async def test_answer_needs_a_question_and_its_words(desk: Desk) -> None:
    customer = await desk.call()
    ann = await desk.agent("ann")
    for answer in (GIVEN, REFUSED, WITHDRAWN):
        with pytest.raises(Conflict):
            await desk.answers(customer.principal, customer.session, answer)
    await consent.ask_consent(desk.house, ann, customer.session)
    with pytest.raises(BadField):
        await consent.answer_consent(desk.house, customer.principal, customer.session, GIVEN, "1999-1")
    with pytest.raises(Conflict):
        await desk.answers(customer.principal, customer.session, WITHDRAWN)
    with pytest.raises(BadField):
        await desk.answers(customer.principal, customer.session, ConsentAnswer.ASKED)


async def test_who_comes_into_a_recording_is_asked_and_not_written(desk: Desk) -> None:
    customer = await recorded_call(desk)
    guest = await desk.guest(customer.session)
    await desk.connects(guest, customer.session)
    await until(lambda: PersonKind.GUEST in [person.kind for person, _ in desk.heard.of("consent_asked")])
    taped = next(iter(desk.worker.recordings.values()))
    theirs = await seat(desk, customer, PersonKind.GUEST)
    assert theirs not in taped.participants
    await desk.answers(guest, customer.session, GIVEN)
    assert theirs in taped.participants


async def test_stopping_leaves_it_to_be_finished(desk: Desk) -> None:
    customer = await recorded_call(desk)
    ann = await desk.agent("ann")
    recording = next(iter(desk.worker.recordings))
    view = await recordings.stop_recording(desk.house, ann, recording)
    assert (view.state, view.duration_s, view.size_bytes) == (RecordingState.FINISHING, 12.5, 1000)
    again = await recordings.stop_recording(desk.house, ann, recording)
    assert again.state is RecordingState.FINISHING
    assert (await desk.kinds(customer.case)).count(EntryKind.RECORDING_STOPPED) == 1
    assert desk.worker.recordings == {}


async def test_full_disk_is_said_and_what_was_written_stays(desk: Desk) -> None:
    customer = await recorded_call(desk)
    recording = next(iter(desk.worker.recordings))
    await desk.worker.say("recording_failed", recording=recording, session=customer.session, code="no_space")

    async def failed() -> bool:
        return EntryKind.RECORDING_FAILED in await desk.kinds(customer.case)

    await until(failed)
    view = await recordings.read_recording(desk.house, await desk.agent("ann"), recording)
    assert (view.state, view.error) == (RecordingState.FINISHING, "no_space")
    assert desk.heard.of("recording")[-1][1].code == "no_space"


async def test_recording_that_cannot_begin_is_not_there(desk: Desk) -> None:
    customer = await desk.call()
    ann = await desk.agent("ann")
    await consent.ask_consent(desk.house, ann, customer.session)
    await desk.answers(ann, customer.session, GIVEN)
    desk.worker.failure = NoSpace()
    with pytest.raises(NoSpace):
        await recordings.start_recording(desk.house, ann, customer.session)
    desk.worker.failure = None
    await recordings.start_recording(desk.house, ann, customer.session)


async def test_lost_worker_makes_a_second_part_once_people_are_back(desk: Desk) -> None:
    customer = await recorded_call(desk)
    recording = next(iter(desk.worker.recordings))
    await desk.worker.stop()
    await media_away(desk.house, 0)
    desk.worker.connections, desk.worker.connected = {}, set()
    await desk.worker.restart()
    await until(lambda: ("back", 0) in desk.heard.of("media"))
    assert desk.worker.recordings == {}
    await desk.connects(customer.principal, customer.session)
    await until(lambda: recording in desk.worker.recordings)
    assert desk.worker.recordings[recording].directory == f"{recording}/part-2"
    view = await recordings.read_recording(desk.house, await desk.agent("ann"), recording)
    assert (view.state, view.interrupted) == (RecordingState.RECORDING, True)
    assert (await desk.kinds(customer.case)).count(EntryKind.RECORDING_INTERRUPTED) == 1


async def test_customer_watches_only_what_was_shared(desk: Desk) -> None:
    customer = await recorded_call(desk)
    guest = await desk.guest(customer.session)
    ann = await desk.agent("ann")
    recording = next(iter(desk.worker.recordings))
    await recordings.stop_recording(desk.house, ann, recording)
    with pytest.raises(NotFound):
        await recordings.read_recording(desk.house, customer.principal, recording)
    with pytest.raises(Forbidden):
        await recordings.share_recording(desk.house, customer.principal, recording, True)
    await recordings.share_recording(desk.house, ann, recording, True)
    assert (await recordings.read_recording(desk.house, customer.principal, recording)).shared
    with pytest.raises(NotFound):
        await recordings.read_recording(desk.house, guest, recording)
    view = await cases.read_case(desk.house, customer.principal, customer.case)
    assert [one.id for one in view.recordings] == [recording]
    await recordings.share_recording(desk.house, ann, recording, False)
    with pytest.raises(NotFound):
        await recordings.read_recording(desk.house, customer.principal, recording)
    await recordings.delete_recording(desk.house, ann, recording)
    with pytest.raises(NotFound):
        await recordings.read_recording(desk.house, ann, recording)
