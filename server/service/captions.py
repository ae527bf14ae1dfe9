"""Captions of a finished recording: brought by agents as WebVTT files, read and written anew, and seen by whoever may watch it."""

import re

from server.domain.captions import read_captions, write_captions
from server.domain.principal import Principal
from server.domain.rights import agent_only
from server.domain.words import RecordingId, RecordingState
from server.errors import BadField, Conflict, NotFound
from server.service.house import House
from server.service.recordings import read_recording
from server.service.views import RecordingView
from server.store import captions as store

LANGUAGE = re.compile(r"[a-z]{2,3}")
"""A language without its country, as ISO 639 writes it."""


async def set_captions(
    house: House, principal: Principal, recording: RecordingId, language: str, data: bytes
) -> RecordingView:
    """The recording with these captions instead of any others in the language. Agents.

    Raises NotFound, BadField, BadCaptions (with the line), Conflict (it is not finished).
    """
    agent_only(principal)
    view = await read_recording(house, principal, recording)
    if not LANGUAGE.fullmatch(language):
        raise BadField(field="language")
    if view.state is not RecordingState.READY:
        raise Conflict
    text = write_captions(read_captions(data))
    async with house.db.write() as db:
        await store.keep_captions(db, recording, language, text)
    return await read_recording(house, principal, recording)


async def remove_captions(house: House, principal: Principal, recording: RecordingId, language: str) -> RecordingView:
    """The recording without captions in this language. Agents. Raises NotFound."""
    agent_only(principal)
    await read_recording(house, principal, recording)
    async with house.db.write() as db:
        await store.take_captions(db, recording, language)
    return await read_recording(house, principal, recording)


async def read_captions_of(house: House, principal: Principal, recording: RecordingId, name: str) -> str:
    """The file of this name (`de.vtt`); rights as for the recording. Raises NotFound, NotSignedIn, Removed."""
    await read_recording(house, principal, recording)
    async with house.db.read() as db:
        text = await store.find_captions(db, recording, name.removesuffix(".vtt"))
    if text is None or not name.endswith(".vtt"):
        raise NotFound
    return text
