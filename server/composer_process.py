"""One composer as a process: started, found again after a restart of the web process, ended."""

import contextlib
import hashlib
import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from server.config import ROOT
from server.keeper import Worker, began

log = structlog.get_logger(__name__)

PROGRAM = (sys.executable, "-m", "server", "compose")
STOP_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Task:
    """What a composer is started for: which stage, whose packets it gets from `media`, and where its stream goes."""

    session: str
    directory: str
    control: str
    media: str

    @property
    def options(self) -> dict[str, str]:
        """As the command takes them."""
        return asdict(self)

    @property
    def note(self) -> Path:
        """Where the composer's process is written down."""
        return Path(self.control.removeprefix("unix:")).with_suffix(".json")


@dataclass(frozen=True, slots=True)
class Running:
    """A composer's process, and what it was started for."""

    task: Task
    worker: Worker

    async def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ends it, by force when it takes too long. Its stream stays as it is: another composer may go on."""
        self.worker.signal(number)
        await self.worker.until_end(STOP_LIMIT_S)
        if self.worker.is_alive():
            self.worker.signal(signal.SIGKILL)
            await self.worker.until_end(STOP_LIMIT_S)
        self.forget()

    def forget(self) -> None:
        """Removes the note."""
        self.task.note.unlink(missing_ok=True)


class Composing:
    """Starts composers, and knows the children among them, so that none is left as a zombie. `program` is the command without its options.

    While one runs there is a spare: a process that has loaded everything. It ends with this one, however this one ends, unless it has become a
    composer.
    """

    def __init__(self, program: Sequence[str] = PROGRAM) -> None:
        self._program = tuple(program)
        self._build = build_of(self._program)
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._spare: subprocess.Popen[bytes] | None = None

    def start(self, task: Task) -> Running:
        """A new composer. Raises OSError when there is no memory, no process, no space."""
        self.reap()
        child = self._take_spare(task) or self._start_anew(task)
        self._children[child.pid] = child
        running = Running(task, Worker(child.pid, began(child.pid) or 0, self._build))
        _write_note(running)
        log.info("composer_started", session=task.session, pid=child.pid)
        return running

    def _start_anew(self, task: Task) -> subprocess.Popen[bytes]:
        words = [word for name, value in task.options.items() for word in (f"--{name}", value)]
        # In a session of its own: what ends the web process does not end it.
        return subprocess.Popen((*self._program, *words), cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True)

    def _take_spare(self, task: Task) -> subprocess.Popen[bytes] | None:
        """The spare becomes the composer; None when there is none that lives."""
        spare, self._spare = self._spare, None
        if spare is None or spare.stdin is None or spare.poll() is not None:
            return None
        try:
            with spare.stdin:
                spare.stdin.write(json.dumps(task.options).encode() + b"\n")
        except OSError:
            spare.kill()
            return None
        return spare

    def care(self) -> None:
        """Sees to a spare for the next time; does not wait until it has loaded. Without memory or processes there is none."""
        if self._spare is not None and self._spare.poll() is None:
            return
        words = (*self._program, "--on-demand")
        try:
            self._spare = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True)
        except OSError as exc:
            log.warning("spare_composer_not_started", reason=str(exc))

    def let_go(self) -> None:
        """No broadcast needs a composer: the spare ends."""
        spare, self._spare = self._spare, None
        if spare is not None and spare.stdin is not None:
            with contextlib.suppress(OSError):
                spare.stdin.close()
            self._children[spare.pid] = spare

    def find(self, task: Task) -> Running | None:
        """The one that runs for this session, whoever started it and for what; None when its note says nothing of a process that lives."""
        found = read_note(task.note)
        return found if found is not None and found.worker.is_alive() else None

    def fits(self, running: Running, task: Task) -> bool:
        """Whether a composer that was found does what is wanted, with this code."""
        return running.task == task and running.worker.build == self._build

    def reap(self) -> None:
        """Takes leave of children that have ended."""
        self._children = {pid: child for pid, child in self._children.items() if child.poll() is None}


def read_note(note: Path) -> Running | None:
    """The composer of a note; None without one, or with half a one."""
    try:
        plain = json.loads(note.read_text())
        return Running(Task(**plain["task"]), Worker(**plain["worker"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _write_note(running: Running) -> None:
    """Without a note the next web process cannot adopt the composer; with half a one neither, so it is written beside."""
    note, plain = running.task.note, {"task": asdict(running.task), "worker": asdict(running.worker)}
    try:
        beside = note.with_suffix(".new")
        beside.write_text(json.dumps(plain))
        beside.replace(note)
    except OSError as exc:
        log.warning("composer_not_noted", session=running.task.session, reason=str(exc))
        with contextlib.suppress(OSError):
            note.unlink(missing_ok=True)


def build_of(program: Sequence[str]) -> str:
    """A digest of the composer's code: one with another is not adopted but replaced."""
    total = hashlib.sha256(repr(tuple(program)).encode())
    for file in sorted((ROOT / "server" / "broadcast").rglob("*.py")):
        total.update(file.read_bytes())
    return total.hexdigest()[:16]
