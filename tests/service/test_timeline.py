"""One timeline: numbers without holes, lines said once, and who reads what."""

import asyncio

import pytest

from server.domain.principal import Anonymous
from server.domain.words import EntryKind, Outcome, Visibility
from server.errors import BadField, CaseClosed, Conflict, Forbidden, NotFound, SessionEnded
from server.service import timeline
from tests.desk import Desk, client_id


async def test_fifty_writers_make_no_hole_and_no_double(desk: Desk) -> None:
    customer = await desk.call()
    ann = await desk.agent("ann")
    before = len(await desk.entries(customer.case))
    says = [timeline.say_chat(desk.house, customer.principal, customer.case, f"c{n}", client_id()) for n in range(25)]
    notes = [timeline.write_note(desk.house, ann, customer.case, f"n{n}", client_id()) for n in range(25)]
    await asyncio.gather(*says, *notes)
    seqs = [entry.seq for entry in await desk.entries(customer.case)]
    assert seqs == list(range(1, len(seqs) + 1))
    assert len(seqs) >= before + 50
    heard = [entry.seq for case, entry in desk.heard.of("entry") if case == customer.case]
    assert sorted(heard) == seqs


async def test_line_sent_again_is_the_same_line(desk: Desk) -> None:
    customer = await desk.call()
    key = client_id()
    tries = [timeline.say_chat(desk.house, customer.principal, customer.case, "Hallo", key) for _ in range(10)]
    said = await asyncio.gather(*tries)
    assert len({one.entry.seq for one in said}) == 1
    assert [one.is_new for one in said].count(True) == 1
    assert (await desk.kinds(customer.case)).count(EntryKind.CHAT) == 1
    assert said[0].entry.client_id == key


async def test_anothers_id_shows_and_changes_nothing(desk: Desk) -> None:
    customer = await desk.call()
    key = client_id()
    await timeline.write_note(desk.house, await desk.agent("ann"), customer.case, "secret", key)
    with pytest.raises(Conflict):
        await timeline.say_chat(desk.house, customer.principal, customer.case, "Hallo", key)


async def test_other_words_under_the_same_id_are_refused(desk: Desk) -> None:
    """A note whose answer was lost, edited and sent again: the page must not believe that the new words are kept."""
    customer, ann = await desk.call(), await desk.agent("ann")
    key = client_id()
    await timeline.write_note(desk.house, ann, customer.case, "first", key)
    with pytest.raises(Conflict):
        await timeline.write_note(desk.house, ann, customer.case, "first and more", key)


async def test_customer_reads_no_notes_and_guest_only_the_own_session(desk: Desk) -> None:
    customer = await desk.call()
    ann = await desk.agent("ann")
    guest = await desk.guest(customer.session)
    await timeline.write_note(desk.house, ann, customer.case, "difficult", client_id())
    await timeline.say_chat(desk.house, guest, customer.case, "Ich helfe", client_id())
    mine = await timeline.read_timeline(desk.house, customer.principal, customer.case)
    assert {one.visibility for one in mine.entries} == {Visibility.EVERYONE}
    assert EntryKind.OPENED in [one.kind for one in mine.entries]
    theirs = await timeline.read_timeline(desk.house, guest, customer.case)
    assert {one.session for one in theirs.entries} == {customer.session}
    await desk.ends(customer, Outcome.FOLLOW_UP)
    with pytest.raises(SessionEnded):
        await timeline.say_chat(desk.house, guest, customer.case, "Noch da?", client_id())


async def test_pages_of_the_timeline_join_without_a_gap(desk: Desk) -> None:
    customer = await desk.call()
    for number in range(7):
        await timeline.say_chat(desk.house, customer.principal, customer.case, f"{number}", client_id())
    ann = await desk.agent("ann")
    after, seqs, more = 0, [], True
    while more:
        page = await timeline.read_timeline(desk.house, ann, customer.case, after, 3)
        seqs += [one.seq for one in page.entries]
        after, more = page.seq, page.more
    assert seqs == [one.seq for one in await desk.entries(customer.case)]
    assert (await timeline.read_timeline(desk.house, ann, customer.case, after)).seq == after


async def test_text_is_cleaned_and_limited(small_desk: Desk) -> None:
    customer = await small_desk.customer_opens_case()
    said = await timeline.say_chat(
        small_desk.house, customer.principal, customer.case, " a\u202eb\u0000\r\n c\x1b[31m ", client_id()
    )
    assert said.entry.text == "ab\n c[31m"
    for text in ("", " \u200e ", "x" * 4001):
        with pytest.raises(BadField):
            await timeline.say_chat(small_desk.house, customer.principal, customer.case, text, client_id())


async def test_closed_case_takes_notes_but_no_chat(desk: Desk) -> None:
    customer = await desk.call()
    key = client_id()
    await timeline.say_chat(desk.house, customer.principal, customer.case, "Danke", key)
    await desk.ends(customer, Outcome.SOLVED)
    with pytest.raises(CaseClosed):
        await timeline.say_chat(desk.house, customer.principal, customer.case, "Doch nicht", client_id())
    again = await timeline.say_chat(desk.house, customer.principal, customer.case, "Danke", key)
    assert not again.is_new
    note = await timeline.write_note(desk.house, await desk.agent("ann"), customer.case, "Später", client_id())
    assert note.is_new


async def test_strangers_neither_read_nor_write(desk: Desk) -> None:
    customer = await desk.call()
    stranger = await desk.customer_opens_case("Stranger")
    for principal in (stranger.principal, Anonymous()):
        with pytest.raises(NotFound):
            await timeline.read_timeline(desk.house, principal, customer.case)
        with pytest.raises(NotFound):
            await timeline.say_chat(desk.house, principal, customer.case, "Hallo", client_id())
    with pytest.raises(Forbidden):
        await timeline.write_note(desk.house, customer.principal, customer.case, "Hallo", client_id())
