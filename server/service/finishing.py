"""After a recording: its files are made seekable and its view is encoded, one recording at a time, in child processes.

The queue is the database: recordings in the state FINISHING, oldest first. A process keeps the one it works on by a lease, so that two web
processes do not do the same, and what a killed process left is done by the next.
"""

import asyncio
import contextlib
import dataclasses
import json
import os
import secrets
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from server.domain.words import EntryKind, RecordingId, RecordingState
from server.errors import OaseError
from server.service.facts import NOBODY, Line, announce_entries, write_lines
from server.service.finished import part_folders, parts_with_view, read_finished
from server.service.house import House
from server.service.taping import announce_recording
from server.service.views import Fact
from server.store import recordings as store
from server.store.rows import RecordingRow
from server.store.tables import recording as column

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 15.0
LEASE = timedelta(seconds=60)
SAVE_EVERY_S = 2.0
STEPS = (("finish", 0.2), ("view", 0.8))  # With their share of the work.
JOIN = "server.broadcast.join"
STEP_LIMIT_S = 6 * 3600.0
LINE_LIMIT_BYTES = 64 * 1024
TRIES_MAX = 5
FIRST_PAUSE = timedelta(minutes=1)
SET_ASIDE = "set aside"
"""In place of a process that works on it. What was written stays on the disk in any case."""


@dataclasses.dataclass(slots=True)
class Work:
    """How far one recording is; says and saves it now and then, and keeps the lease."""

    house: House
    row: RecordingRow
    owner: str
    base: float = 0.0
    share: float = 1.0
    saved_at: datetime | None = None

    async def progressed(self, part: float) -> None:
        """A step said that it is so far (0..1)."""
        now = self.house.now()
        if self.saved_at is not None and (now - self.saved_at).total_seconds() < SAVE_EVERY_S:
            return
        self.saved_at = now
        progress = round(min(1.0, self.base + self.share * part), 3)
        values = {"view_progress": progress, "lease_until": now + LEASE}
        async with self.house.db.write() as db:
            mine = column.c.lease_by == self.owner
            await store.step_recording(db, self.row.id, [RecordingState.FINISHING], mine, **values)
        await announce_recording(self.house, dataclasses.replace(self.row, view_progress=progress))


async def finish_forever(house: House) -> None:
    """Finishes recordings whose state is FINISHING, oldest first; those left by an earlier process too. Run as a task."""
    owner = f"{os.getpid()}-{secrets.token_hex(4)}"
    tries: Counter[RecordingId] = Counter()
    fresh = house.db.is_sqlite  # Nobody else works on SQLite: what is leased was left by a process that ended.
    while True:
        try:
            if fresh:
                await _free_leases(house)
                fresh = False
            while (row := await _next(house, owner)) is not None:
                await _finish_or_set_aside(house, row, owner, tries)
        except OaseError as failure:
            log.warning("finishing_failed", code=failure.code)
        except Exception:
            log.exception("finishing_failed")
        await house.finishing.wait(LOOK_EVERY_S)


async def _finish_or_set_aside(house: House, row: RecordingRow, owner: str, tries: Counter[RecordingId]) -> None:
    """One that wakes a bug of ours waits for a growing while, so that the others have their turn, and has failed after `TRIES_MAX`."""
    try:
        await finish_recording(house, row, owner)
        del tries[row.id]
    except OaseError:
        raise  # The house's trouble, not this recording's.
    except Exception:  # An edge: what one recording holds must not keep the others from being finished.
        tries[row.id] += 1
        log.exception("finishing_failed", recording=row.id, tries=tries[row.id])
        if tries[row.id] >= TRIES_MAX:
            await _conclude(house, row, {"parts": [], "files": [], "unread": 0}, 0.0, 0, "finishing_failed")
            return
        again_at = house.now() + FIRST_PAUSE * 2 ** (tries[row.id] - 1)
        async with house.db.write() as db:
            await store.step_recording(db, row.id, [RecordingState.FINISHING], lease_by=SET_ASIDE, lease_until=again_at)


async def _free_leases(house: House) -> None:
    async with house.db.write() as db:
        for row in await store.list_in_state(db, RecordingState.FINISHING):
            await store.step_recording(db, row.id, [RecordingState.FINISHING], lease_by=None, lease_until=None)


async def _next(house: House, owner: str) -> RecordingRow | None:
    now = house.now()
    async with house.db.write() as db:
        return await store.lease_finishing(db, owner, now, now + LEASE)


async def finish_recording(house: House, row: RecordingRow, owner: str) -> None:
    """All steps of one recording; afterwards it is READY, or FAILED when nothing of it can be played."""
    folder = house.settings.recordings / row.directory
    folders = await asyncio.to_thread(part_folders, folder, row.parts)
    work = Work(house, row, owner)
    code: str | None = row.error
    for number, part in enumerate(folders):
        done = 0.0
        for step, share in STEPS:
            work.base, work.share = (number + done) / len(folders), share / len(folders)
            failed = await run_step((sys.executable, "-m", "server", step, str(part)), work)
            code = code or failed
            done += share
    if len(folders) > 1:
        code = await _join(folder, folders, work) or code
    finished = await asyncio.to_thread(read_finished, folder, row.parts)
    await _conclude(house, row, finished.tracks, finished.duration_s, finished.size_bytes, code)


async def _join(folder: Path, parts: list[Path], work: Work) -> str | None:
    """One film of all parts; without it, each part's own film is in the list."""
    work.base, work.share = 1.0, 0.0
    readable = await asyncio.to_thread(parts_with_view, parts)
    if not readable:
        return None
    names = [part.name for part in readable]
    return await run_step((sys.executable, "-m", JOIN, str(folder), *names), work)


async def _conclude(
    house: House, row: RecordingRow, tracks: dict[str, object], duration_s: float, size_bytes: int, code: str | None
) -> None:
    state = RecordingState.READY if tracks["files"] else RecordingState.FAILED
    error = code if state is RecordingState.READY else (code or "nothing_recorded")
    values = {"state": state, "tracks": tracks, "duration_s": duration_s, "size_bytes": size_bytes, "error": error}
    free = {"view_progress": None, "lease_by": None, "lease_until": None}
    kind = EntryKind.RECORDING_READY if state is RecordingState.READY else EntryKind.RECORDING_FAILED
    data: dict[str, Fact] = {"recording": row.id, "duration_s": duration_s, "code": error}
    line = Line(row.case_id, kind, house.now(), NOBODY, row.session_id, data=data, client_id=f"{kind}:{row.id}")
    async with house.db.write() as db:
        if not await store.step_recording(db, row.id, [RecordingState.FINISHING], **values, **free):
            return
        entries = await write_lines(db, [line])
        ended = await store.find_recording(db, row.id)
    await announce_entries(house, entries)
    if ended is not None:
        await announce_recording(house, ended)
    log.info("recording_finished", recording=row.id, state=str(state), code=error)


async def run_step(command: tuple[str, ...], work: Work) -> str | None:
    """Runs a child to its end; None when it worked, else the code of its failure. A child that was killed is tried once more."""
    for _ in range(2):
        async with _child(command) as child:
            code = await _listen(child, work)
            if await child.wait() == 0:
                return None
            log.warning(
                "recording_step_failed", step=command[2:4], recording=work.row.id, code=code, status=child.returncode
            )
            if code is not None:
                return code
    return "finishing_failed"


@contextlib.asynccontextmanager
async def _child(command: tuple[str, ...]) -> AsyncIterator[Process]:
    child = await asyncio.create_subprocess_exec(
        *command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, limit=LINE_LIMIT_BYTES
    )
    try:
        async with asyncio.timeout(STEP_LIMIT_S):
            yield child
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()


async def _listen(child: Process, work: Work) -> str | None:
    """Reads progress lines to the end; the code of a failure if the child named one."""
    failed: str | None = None
    if child.stdout is None:
        return None
    async for line in child.stdout:
        try:
            said = json.loads(line)
        except ValueError:
            log.info("recording_step_said", recording=work.row.id, line=line.decode(errors="replace").rstrip()[:500])
            continue
        if isinstance(said, dict) and "failed" in said:
            failed = str(said["failed"])
        elif isinstance(said, dict) and isinstance(said.get("progress"), int | float):
            await work.progressed(float(said["progress"]))
    return failed
