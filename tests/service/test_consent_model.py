"""Consent as a machine: whatever people do in whatever order, only those whose last answer is yes are written."""

import asyncio
import contextlib
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from server.domain.principal import Principal
from server.domain.words import ConsentAnswer, EntryKind
from server.errors import AlreadyRecording, Conflict, NobodyAgreed
from server.service import consent, recordings, sessions
from tests.desk import Customer, Desk, open_desk

ANSWERS = st.sampled_from([ConsentAnswer.GIVEN, ConsentAnswer.REFUSED, ConsentAnswer.WITHDRAWN])
PEOPLE = st.sampled_from(["customer", "ann", "guest"])
FOLLOWS = {
    None: set(),
    ConsentAnswer.ASKED: {ConsentAnswer.GIVEN, ConsentAnswer.REFUSED},
    ConsentAnswer.GIVEN: {ConsentAnswer.GIVEN, ConsentAnswer.WITHDRAWN},
    ConsentAnswer.REFUSED: {ConsentAnswer.REFUSED, ConsentAnswer.GIVEN},
    ConsentAnswer.WITHDRAWN: {ConsentAnswer.WITHDRAWN, ConsentAnswer.GIVEN},
}
ASK_AGAIN = {None, ConsentAnswer.REFUSED, ConsentAnswer.WITHDRAWN}


class ConsentMachine(RuleBasedStateMachine):
    """Three people, one session; the model is a dict of last answers."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stack = contextlib.AsyncExitStack()
        self.answers: dict[str, ConsentAnswer | None] = {"customer": None, "ann": None, "guest": None}
        self.recording: str | None = None
        self.given = 0

    def run(self, work: object) -> object:
        return self.loop.run_until_complete(work)  # type: ignore[arg-type]

    @initialize()
    def open(self) -> None:
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.run(self._open())

    async def _open(self) -> None:
        url = f"sqlite+aiosqlite:///{self.folder / 'oase.sqlite'}"
        self.desk: Desk = await self.stack.enter_async_context(open_desk(url, self.folder))
        self.customer: Customer = await self.desk.call()
        guest = await self.desk.guest(self.customer.session)
        await self.desk.connects(guest, self.customer.session)
        ann = await self.desk.agent("ann")
        self.people: dict[str, Principal] = {"customer": self.customer.principal, "ann": ann, "guest": guest}
        seats = {
            name: (await sessions.my_seat(self.desk.house, one, self.customer.session)).id
            for name, one in self.people.items()
        }
        self.seats = {name: str(seat) for name, seat in seats.items()}

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.loop.close()

    @rule()
    def ask(self) -> None:
        self.run(consent.ask_consent(self.desk.house, self.people["ann"], self.customer.session))
        for name, answer in self.answers.items():
            self.answers[name] = ConsentAnswer.ASKED if answer in ASK_AGAIN else answer

    @rule(name=PEOPLE, answer=ANSWERS)
    def answer(self, name: str, answer: ConsentAnswer) -> None:
        before = self.answers[name]
        try:
            self.run(self.desk.answers(self.people[name], self.customer.session, answer))
        except Conflict:
            assert answer not in FOLLOWS[before]
            return
        assert answer in FOLLOWS[before]
        self.given += answer is ConsentAnswer.GIVEN and before is not ConsentAnswer.GIVEN
        self.answers[name] = answer

    @rule()
    def start(self) -> None:
        work = recordings.start_recording(self.desk.house, self.people["ann"], self.customer.session)
        try:
            view = self.run(work)
        except NobodyAgreed:
            assert ConsentAnswer.GIVEN not in self.answers.values()
        except AlreadyRecording:
            assert self.recording is not None
        else:
            assert self.recording is None
            self.recording = view.id  # type: ignore[attr-defined]

    @precondition(lambda self: self.recording is not None)
    @rule()
    def stop(self) -> None:
        self.run(recordings.stop_recording(self.desk.house, self.people["ann"], self.recording))  # type: ignore[arg-type]
        self.recording = None

    @invariant()
    def only_yes_is_written(self) -> None:
        taped = list(self.desk.worker.recordings.values())
        assert len(taped) == (self.recording is not None)
        agreed = sorted(self.seats[name] for name, one in self.answers.items() if one is ConsentAnswer.GIVEN)
        assert all(one.participants == agreed for one in taped)

    @invariant()
    def every_yes_is_in_the_timeline(self) -> None:
        kinds = self.run(self.desk.kinds(self.customer.case))
        assert kinds.count(EntryKind.CONSENT_GIVEN) == self.given  # type: ignore[attr-defined]


TestConsent = ConsentMachine.TestCase
TestConsent.settings = settings(
    max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
