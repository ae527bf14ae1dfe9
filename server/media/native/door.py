"""The reading side of one UDP socket in compiled code: what receivers report is summed up there, all else is handed on as `UdpPort.read` would."""

import ctypes
import socket
from collections.abc import Callable
from typing import Any

from server.media.edge.batch import packed_address, unpacked_address
from server.media.edge.counters import Counters
from server.media.native.forwarder import DoorState, Forwarder, KnownState
from server.media.seam import Inbox, unprotect_rtcp_address

STRANGE, KNOWN_PEER, OPENED = 0, 1, 2
FAILED = -2


class CompiledDoor:
    """Knows peers by address once they were met, one for each of its places; each has a `state`, which is its link's.

    Who comes to a place that is taken gets it: the other one is asked for anew, as if nobody had met him.
    """

    def __init__(self, sock: socket.socket, inbox: Inbox, counters: Counters, forwarder: Forwarder) -> None:
        self._state = DoorState(inbox.address, unprotect_rtcp_address, descriptor=sock.fileno())
        self._address = ctypes.addressof(self._state)
        self._inbox = inbox
        self._counters = counters
        self._forwarder = forwarder
        self._peers: dict[int, Any] = {}

    def read(
        self,
        most: int,
        now: float,
        strange: Callable[[int, Any], None],
        known: Callable[[Any, int, bool], None],
    ) -> None:
        """Reads up to `most` datagrams into the inbox, at the time `now` of the edge's clock.

        Calls `known(peer, length, is_opened)` for media of peers that were met, `strange(length, address)` for all else.
        """
        state, read = self._state, self._forwarder.read
        state.now, state.left = now, most
        while (length := read(self._address)) >= 0:
            if state.kind == STRANGE:
                strange(length, unpacked_address(bytes(state.name)))
            else:
                known(self._peers[state.place], length, state.kind == OPENED)
        if length == FAILED:
            self._counters.add("read_failed")
        if state.heard or state.refused:
            self._count(state)

    def _count(self, state: DoorState) -> None:
        for name, count in (
            ("transport_feedback_in", state.heard),
            ("dropped_rtcp", state.unread),
            ("dropped_srtcp", state.refused),
        ):
            if count:
                self._counters.add(name, count)
        state.heard = state.unread = state.refused = 0

    def meet(self, address: Any, peer: Any) -> None:
        """Media from `address` are `peer`'s until it is forgotten."""
        name = packed_address(address)
        place = self._forwarder.place(name)
        self._state.known[place] = KnownState(ctypes.addressof(peer.state), tuple(name))
        self._peers[place] = peer

    def forget(self, address: Any) -> None:
        """Nobody is known to be there any more."""
        name = packed_address(address)
        place = self._forwarder.place(name)
        if bytes(self._state.known[place].name) == name:
            self._state.known[place] = KnownState()
            self._peers.pop(place, None)

    def close(self) -> None:
        """The socket is about to be closed: nothing is read any more."""
        self._state.descriptor = -1
        self._peers.clear()
