"""Events: everybody gets all, and who does not listen is cut off, not waited for."""

from server.media.events import WAITING_MAX, Events
from server.media.protocol import Event


def test_each_listener_begins_with_hello_and_gets_what_follows() -> None:
    events = Events("boot-1")
    events.send(Event("roster", {}))
    with events.listen() as ann, events.listen() as bob:
        events.send(Event("gone", {"connection": "x"}))
        for listener in (ann, bob):
            assert listener.queue.get_nowait() == Event("hello", {"boot": "boot-1"})
            assert listener.queue.get_nowait().kind == "gone"
    events.send(Event("roster", {}))
    assert ann.queue.empty()


def test_listener_that_sleeps_is_marked_late() -> None:
    events = Events("boot-1")
    with events.listen() as ann, events.listen() as bob:
        for _ in range(WAITING_MAX):
            events.send(Event("roster", {}))
            bob.queue.get_nowait()
        assert ann.is_late
        assert not bob.is_late
        assert ann.queue.qsize() == WAITING_MAX
