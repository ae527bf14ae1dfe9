"""The sending side of one connection's transport: keys, the present path, and the transport-wide sequence number."""

from typing import Any

from server.media.edge.batch import Batch
from server.media.edge.paths import Path
from server.media.rtp.loss import LossWatch
from server.media.seam import Keys

DEFAULT_RTT_S = 0.05


class Link:
    """`batch` and `target` are copies of the path's, because the relay needs them for each packet. Nothing is sent before `keys` are there."""

    __slots__ = ("batch", "keys", "loss", "path", "rtt_s", "target", "transport_seq", "wants_report")

    def __init__(self) -> None:
        self.path: Path | None = None
        self.keys: Keys | None = None
        self.batch: Batch | None = None
        self.target: Any = None
        self.transport_seq = 0
        self.rtt_s = DEFAULT_RTT_S
        self.loss = LossWatch()
        self.wants_report = False

    def use(self, path: Path) -> None:
        """From now on everything goes over `path`."""
        self.path, self.batch, self.target = path, path.batch, path.target

    def send(self, datagram: bytes) -> None:
        """Sends bytes as they are, if there is a path."""
        if self.path is not None:
            self.path.send(datagram)

    def send_rtcp(self, packet: bytes) -> None:
        """Sends one RTCP packet or compound, protected."""
        if self.keys is not None and self.path is not None:
            self.path.send(self.keys.seal_rtcp(packet))
