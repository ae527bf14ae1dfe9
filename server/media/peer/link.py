"""The sending side of one connection's transport: keys, the present path, and the transport-wide sequence number."""

import ctypes
from typing import Any

from server.media.edge.batch import NAME_BYTES, Batch
from server.media.edge.paths import Path
from server.media.native.forwarder import LinkState
from server.media.rtp.history import hear, speaks_of, take_heard
from server.media.rtp.line import Line
from server.media.rtp.loss import LossWatch
from server.media.rtp.packet import Buffer
from server.media.seam import Keys

DEFAULT_RTT_S = 0.05
REPORTS_A_LOOK = 20
"""Five times what a browser sends; more have to pass the bucket of reports."""


class Link:
    """`batch` and `target` are copies of the path's, because the relay needs them for each packet. Nothing is sent before `open` and after `close`.

    `state` is what compiled code sees of it; the transport-wide sequence number and the `history` of packets stand only there.
    """

    __slots__ = (
        "batch",
        "history",
        "keys",
        "line",
        "loss",
        "path",
        "rtt_s",
        "state",
        "state_address",
        "target",
        "wants_report",
    )

    def __init__(self) -> None:
        self.path: Path | None = None
        self.keys: Keys | None = None
        self.batch: Batch | None = None
        self.target: Any = None
        self.state = LinkState()
        self.state_address = ctypes.addressof(self.state)
        self.history = self.state.history
        self.line = Line()
        self.rtt_s = DEFAULT_RTT_S
        self.loss = LossWatch()
        self.wants_report = False

    def use(self, path: Path) -> None:
        """From now on everything goes over `path`."""
        self.line.moved()
        self.path, self.batch, self.target = path, path.batch, path.target
        batch = path.batch.state
        self.state.batch = None if batch is None else ctypes.addressof(batch)
        if batch is not None:
            self.state.target = (ctypes.c_uint8 * NAME_BYTES).from_buffer_copy(path.target)

    def open(self, keys: Keys) -> None:
        """DTLS is done: what is sent is protected with these keys."""
        self.keys = keys
        self.state.session, self.state.opening = keys.outbound_address, keys.inbound_address
        self.trust()

    def close(self) -> None:
        """Nothing is sent with these keys any more."""
        self.state.session = self.state.opening = None
        self.keys = None

    def hear(self, feedback: Buffer) -> None:
        """One whole packet of transport-wide feedback. Raises ValueError when it cannot be read."""
        self.hear_of_probe(feedback)
        hear(self.state, feedback)

    def hear_of_probe(self, feedback: Buffer) -> None:
        """What the feedback says of single packets, which only a probe wants to know; to be called before they are summed up."""
        if self.line.probe is not None:
            for came in speaks_of(self.state, feedback):
                self.line.probe.heard(came)

    def trust(self) -> None:
        """Compiled code may sum up the next reports by itself, unless a probe wants to hear what they say of single packets."""
        self.state.credit = REPORTS_A_LOOK if self.line.probe is None else 0

    def look(self, now: float) -> None:
        """What feedback said since the last look; about five times a second."""
        self.trust()
        heard = take_heard(self.state) if self.state.reports else None
        if heard is not None:
            self.line.note(heard, now)

    def send(self, datagram: bytes) -> None:
        """Sends bytes as they are, if there is a path."""
        if self.path is not None:
            self.path.send(datagram)

    def send_rtcp(self, packet: bytes) -> None:
        """Sends one RTCP packet or compound, protected."""
        if self.keys is not None and self.path is not None:
            self.path.send(self.keys.seal_rtcp(packet))
