"""A broadcast as a machine: whatever agents and people do in whatever order, nobody is shown without a yes to so many people."""

import asyncio
import contextlib
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from server.domain.broadcasts import COMPOSED, OPEN, breadth, may_turn
from server.domain.principal import Principal
from server.domain.words import BroadcastState, ConsentAnswer, Openness
from server.errors import BadField, Conflict
from server.service import broadcasts, planning, sessions
from server.service.airing import scene_now
from tests.desk import Desk, open_desk
from tests.studio_desk import opened_call, row_of, says

ANSWERS = st.sampled_from([ConsentAnswer.GIVEN, ConsentAnswer.REFUSED, ConsentAnswer.WITHDRAWN])
STEPS = {
    BroadcastState.REHEARSAL: broadcasts.rehearse,
    BroadcastState.LIVE: broadcasts.go_live,
    BroadcastState.PAUSED: broadcasts.pause,
    BroadcastState.ENDED: broadcasts.end,
}


class BroadcastMachine(RuleBasedStateMachine):
    """An agent and a customer on stage; the model is what each agreed to, as breadth, and 0 for nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stack = contextlib.AsyncExitStack()
        self.state, self.openness = BroadcastState.PLANNED, Openness.PUBLIC
        self.agreed: dict[str, int] = {"customer": -1, "ann": -1}

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    @initialize()
    def open(self) -> None:
        self.run(self._open(Path(self.stack.enter_context(tempfile.TemporaryDirectory()))))

    async def _open(self, folder: Path) -> None:
        url = f"sqlite+aiosqlite:///{folder / 'oase.sqlite'}"
        self.desk: Desk = await self.stack.enter_async_context(open_desk(url, folder))
        customer = await opened_call(self.desk)
        self.session, self.ann = customer.session, await self.desk.agent("ann")
        self.people: dict[str, Principal] = {"customer": customer.principal, "ann": self.ann}
        self.seats = {
            name: str((await sessions.my_seat(self.desk.house, one, self.session)).id)
            for name, one in self.people.items()
        }

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.loop.close()

    @rule(then=st.sampled_from(sorted(STEPS)))
    def step(self, then: BroadcastState) -> None:
        try:
            self.run(STEPS[then](self.desk.house, self.ann, self.session))
        except Conflict:
            is_possible = then is self.state or may_turn(self.state, then)
            assert not is_possible or (then in OPEN and not self.shown()), (self.state, then)
            return
        assert then is self.state or may_turn(self.state, then)
        assert then is self.state or then not in OPEN or self.shown()
        self.state = then

    @rule(name=st.sampled_from(["customer", "ann"]), answer=ANSWERS, to=st.sampled_from(Openness))
    def answer(self, name: str, answer: ConsentAnswer, to: Openness) -> None:
        try:
            self.run(says(self.desk, self.people[name], self.session, answer, to))
        except (Conflict, BadField):
            return  # Not asked, or in other words: `test_consent_model.py` knows which may follow which.
        if answer is not ConsentAnswer.GIVEN:
            self.agreed[name] = -1
        elif self.agreed[name] < 0:
            self.agreed[name] = breadth(to)

    @rule(to=st.sampled_from(Openness))
    def change(self, to: Openness) -> None:
        self.run(planning.change_broadcast(self.desk.house, self.ann, self.session, planning.Change(visibility=to)))
        self.openness = to

    @rule()
    def ask(self) -> None:
        with contextlib.suppress(Conflict):
            self.run(broadcasts.ask_to_be_seen(self.desk.house, self.ann, self.session))

    def shown(self) -> list[str]:
        return sorted(self.seats[name] for name, one in self.agreed.items() if one >= breadth(self.openness))

    @invariant()
    def only_who_agreed_to_so_many_is_shown(self) -> None:
        scene = self.run(scene_now(self.desk.house, self.session))
        assert (scene is not None) == (self.state in COMPOSED)
        if scene is not None:
            allowed = set(self.shown())
            assert set(scene.agreed) <= allowed
            assert set(scene.names) == set(scene.agreed)

    @invariant()
    def the_row_says_what_happened(self) -> None:
        row = self.run(row_of(self.desk, self.session))
        assert (row.state, row.visibility) == (self.state, self.openness)
        assert (row.live_at is not None) == (row.recording_id is not None)


TestBroadcast = BroadcastMachine.TestCase
TestBroadcast.settings = settings(
    max_examples=5, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
