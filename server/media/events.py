"""Events to everybody who listens on `/events`, each with a queue of its own."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from server.media.protocol import Event

WAITING_MAX = 2000


class Listener:
    """One WebSocket's queue. When 2,000 events wait, all are dropped and `is_late` says so: the listener must start anew with `hello`."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Event] = asyncio.Queue(WAITING_MAX)
        self.is_late = False

    def put(self, event: Event) -> None:
        """Queues `event`, or marks the listener as late."""
        if self.is_late:
            return
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.is_late = True


class Events:
    """All listeners of this worker."""

    def __init__(self, boot: str) -> None:
        self.boot = boot
        self._listeners: set[Listener] = set()

    def send(self, event: Event) -> None:
        """To everybody who listens now."""
        for listener in self._listeners:
            listener.put(event)

    @contextmanager
    def listen(self) -> Iterator[Listener]:
        """A listener, which has `hello` in its queue already."""
        listener = Listener()
        listener.put(Event("hello", {"boot": self.boot}))
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
