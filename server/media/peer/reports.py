"""RTCP of all connections: what they say is acted upon, what they need to know is sent on time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from server.media.peer.layer import Layer
from server.media.peer.outlet import Outlet
from server.media.peer.publication import Publication
from server.media.relay import pad, resend
from server.media.rtp import rtcp
from server.media.rtp.clock import ntp_from_unix

if TYPE_CHECKING:
    from server.media.peer.connection import Connection

OUR_SSRC = 1
"""Our name as a receiver; browsers do not look at it."""
RTT_MAX_S = 2.0


class Reports:
    """`wall` gives the UNIX time of a moment of the loop's clock; it never jumps, so that sender reports do not."""

    def __init__(self, wall: Callable[[float], float]) -> None:
        self._wall = wall

    def read(self, connection: Connection, data: bytes, now: float) -> None:
        """Acts on one compound from the browser. What cannot be read is counted."""
        try:
            reports = rtcp.read_compound(data)
        except ValueError:
            connection.counters.add("dropped_rtcp")
            return
        for report in reports:
            self._act(connection, report, now)

    def _act(self, connection: Connection, report: rtcp.Report, now: float) -> None:
        if isinstance(report, rtcp.TransportFeedback):
            connection.counters.add("transport_feedback_in")
            self._hear(connection, report)
        elif isinstance(report, rtcp.SenderReport):
            self._note_sender(connection, report, now)
            self._note_received(connection, report.blocks, now)
        elif isinstance(report, rtcp.ReceiverReport):
            self._note_received(connection, report.blocks, now)
        elif isinstance(report, rtcp.Nack):
            outlet = _outlet(connection, report.media_ssrc)
            if outlet is not None:
                connection.counters.add("packets_resent", resend(outlet, report.seqs, now))
        elif isinstance(report, rtcp.PictureLoss):
            outlet = _outlet(connection, report.media_ssrc)
            if outlet is not None and outlet.publication is not None:
                layer = outlet.layer if outlet.layer in outlet.publication.layers else outlet.map.wanted
                if layer is not None:
                    layer.key_frames.wish()
        elif isinstance(report, rtcp.Bye):
            for ssrc in report.ssrcs:
                found = connection.parts.incoming.layer_of(ssrc)
                if found is not None:
                    found[0].ended(found[1])

    @staticmethod
    def _hear(connection: Connection, report: rtcp.TransportFeedback) -> None:
        try:
            connection.link.hear(report.data)
        except ValueError:
            connection.counters.add("dropped_rtcp")

    @staticmethod
    def _note_sender(connection: Connection, report: rtcp.SenderReport, now: float) -> None:
        found = connection.parts.incoming.layer_of(report.ssrc)
        if found is not None:
            layer = found[1]
            layer.clock.note(report.ntp, report.rtp_time, now)
            layer.reception.sender_report(report.ntp, now)

    def _note_received(self, connection: Connection, blocks: list[rtcp.ReportBlock], now: float) -> None:
        if not blocks:
            return
        # Of several streams the worst: a silent one has lost nothing, and says nothing of the line.
        if connection.link.loss.note(max(block.lost_share for block in blocks), now):
            for outlet in connection.parts.outlets:
                outlet.send_twice(outlet.kind == "audio" and connection.link.loss.is_bad)
        for block in blocks:
            told = _outlet(connection, block.ssrc)
            if told is not None:
                connection.parts.meter.heard(block, told.kind)
            if block.last_sr:
                middle = ntp_from_unix(self._wall(now)) >> 16 & 0xFFFFFFFF
                rtt_s = (middle - block.last_sr - block.delay & 0xFFFFFFFF) / 65536
                if rtt_s < RTT_MAX_S:
                    connection.link.rtt_s += (rtt_s - connection.link.rtt_s) / 4

    def ask_again(self, connection: Connection, publication: Publication, layer: Layer, now: float) -> None:
        """Sends the NACK that is due for `layer`; asks for a key frame when packets are lost for good."""
        seqs = layer.missing.due(now, connection.link.rtt_s)
        for at in range(0, len(seqs), 100):
            connection.link.send_rtcp(rtcp.nack(OUR_SSRC, layer.ssrc, seqs[at : at + 100]))
        connection.counters.add("packets_asked_again", len(seqs))
        if layer.missing.has_given_up() and publication.kind == "video":
            layer.key_frames.wish()

    def often(self, connection: Connection, now: float) -> None:
        """Every 25 ms: repeated NACKs, key frames. Who sends nothing, as most viewers, costs next to nothing."""
        for publication in connection.publications if connection.parts.incoming.is_used else ():
            publication.look()
            for layer in publication.layers:
                if layer.missing.is_open:
                    self.ask_again(connection, publication, layer, now)
                if layer.key_frames.is_open and publication.live and layer.live and layer.key_frames.due(now):
                    connection.link.send_rtcp(rtcp.picture_loss(OUR_SSRC, layer.ssrc))
                    connection.counters.add("key_frames_asked")
        if connection.link.wants_report:
            self.report(connection, now)

    def probe(self, connection: Connection, now: float) -> None:
        """Every 25 ms while more is wished than the line is known to carry: padding, in a slot that can have it."""
        outlet = max(filter(_can_pad, connection.parts.outlets), key=_size, default=None)
        line, state = connection.link.line, connection.link.state
        octets = line.due(now) if outlet is not None or line.probe is not None else 0
        if outlet is not None and line.probe is not None and octets:
            before = state.transport_seq
            padded = pad(outlet, octets, now)
            line.probe.padded(before, state.transport_seq, padded)
            connection.link.trust()
            connection.counters.add("padding_bytes", padded)

    def transport_feedback(self, connection: Connection, now: float) -> None:
        """Every 100 ms: what arrived, for the publisher's bandwidth estimate."""
        incoming = connection.parts.incoming
        if not incoming.is_used:
            return
        packet = incoming.feedback.build(OUR_SSRC, incoming.media_ssrc)
        if packet is not None:
            connection.link.send_rtcp(packet)

    def receiver_report(self, connection: Connection, now: float) -> None:
        """Every second: loss and jitter of what we receive."""
        blocks = [
            block
            for publication in connection.publications
            for layer in publication.layers
            if (block := layer.reception.block(layer.ssrc, now)) is not None
        ]
        if blocks:
            connection.link.send_rtcp(rtcp.receiver_report(OUR_SSRC, blocks[:31]))

    def report(self, connection: Connection, now: float) -> None:
        """Every second and after each switch: sender reports of all filled slots, in one clock."""
        connection.link.wants_report = False
        reports: list[bytes] = []
        names: list[tuple[int, str]] = []
        for outlet in connection.parts.outlets:
            report = self._sender_report(outlet, now)
            if report is not None:
                reports.append(report)
                names.append((outlet.ssrc, outlet.sending.group))
        if reports:
            connection.link.send_rtcp(b"".join(reports) + rtcp.description(names))

    def _sender_report(self, outlet: Outlet, now: float) -> bytes | None:
        layer = outlet.layer
        rtp_time = layer.clock.rtp_time_at(now) if layer is not None else None
        if rtp_time is None:
            return None
        packets, octets = outlet.sent()
        mapped = rtp_time + outlet.map.shift.time & 0xFFFFFFFF
        return rtcp.sender_report(outlet.ssrc, ntp_from_unix(self._wall(now)), mapped, packets, octets)


def _can_pad(outlet: Outlet) -> bool:
    return outlet.is_repairable and bool(outlet.transport_head)


def _size(outlet: Outlet) -> int:
    layer = outlet.layer
    return layer.octets if layer is not None else 0


def _outlet(connection: Connection, ssrc: int) -> Outlet | None:
    return next((outlet for outlet in connection.parts.outlets if outlet.ssrc == ssrc), None)
