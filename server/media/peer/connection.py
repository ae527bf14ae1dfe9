"""One browser's peer connection: ICE checks in, DTLS by aiortc, SRTP opened at once, RTCP answered, and a clean end."""

import asyncio
import math
import secrets
from collections import deque
from collections.abc import Callable
from typing import Protocol

import structlog
from aiortc import RTCCertificate

from server.media.edge.counters import Counters
from server.media.edge.edge import Edge
from server.media.edge.guard import (
    DTLS_A_SECOND,
    DTLS_AT_ONCE,
    PACKETS_A_SECOND,
    REPORTS_A_SECOND,
    REPORTS_AT_ONCE,
    Bucket,
)
from server.media.edge.paths import Path
from server.media.native.forwarder import LinkState
from server.media.peer.build import Parts
from server.media.peer.layer import Layer
from server.media.peer.moves import Moves
from server.media.peer.outlet import Outlet
from server.media.peer.places import Places
from server.media.peer.publication import Publication
from server.media.peer.reports import Reports
from server.media.protocol import LayersView, Slot
from server.media.relay import forward
from server.media.rtp.ring import MediaPacket
from server.media.rtp.rtcp import is_rtcp, is_transport_feedback
from server.media.sdp.offer import Offer
from server.media.seam import Dtls, IcePath

log = structlog.get_logger(__name__)

HANDSHAKE_LIMIT_S = 15.0
CREDENTIALS_MAX = 4
CHECK_SILENCE_S = 30.0
LIVE_S = 10.0
"""Firefox checks every 4 to 6 s; one check may be lost."""
PATH_LOST_S = 5.0
"""How long somebody whose TCP connection broke has to come back over another path."""
EARLY_MAX = 64
INTERRUPTED_S = 1.3
"""Sound comes every 20 ms, and every 400 ms in a pause of speech: a whole second without anything is no loss but an interruption."""
STREAM_GAP_S = 0.5
INTERRUPTED_IDLE_S = 8.0


class ConnectionOwner(Protocol):
    """Who is told what happens on a connection."""

    def connected(self, connection: "Connection") -> None:
        """DTLS is up."""

    def gone(self, connection: "Connection", reason: str) -> None:
        """It is over: `closed_by_peer`, `no_check_30s`, `dtls_failed`, `failed` (a bug of ours), or the reason given to `close`."""

    def source_live(self, connection: "Connection", publication: Publication) -> None:
        """Packets of a source came for the first time, or again after silence."""


class Connection:
    """`participant` and `session` are empty until it is seated. Its owner starts `handshake()` as a task when `on_first_check` is called.

    `is_lively`: it sends, or more is wished of its line than that is known to carry. Its owner finds that out a few times a second.
    """

    def __init__(
        self,
        edge: Edge,
        owner: ConnectionOwner,
        parts: Parts,
        offer: Offer,
        certificate: RTCCertificate,
        clock: Callable[[], float],
        reports: Reports,
        on_first_check: Callable[["Connection"], None],
        id_: str,
    ) -> None:
        self.id = id_
        self.number = secrets.randbits(62)
        self.session = self.participant = ""
        self.is_connected = self.is_gone = self.is_lively = False
        self.parts = parts
        self.link = parts.link
        self._moves = Moves(parts.link, edge.counters)
        self.fingerprint = offer.fingerprint
        self.certificate = certificate
        self._waits_for_reports = offer.name.startswith("FFmpeg")
        self.ufrag, self.remote_ufrag = "", offer.ufrag
        self.setup = "passive" if offer.setup == "active" else "active"
        self.answered = 1
        self.last_check_at = self.link.state.heard_at = clock()
        self._edge = edge
        self._owner = owner
        self._clock = clock
        self._reports = reports
        self._on_first_check = on_first_check
        self._credentials: dict[str, str] = {}
        self._bucket = Bucket()
        self._media_bucket = Bucket(PACKETS_A_SECOND, PACKETS_A_SECOND)
        self._report_bucket = Bucket(REPORTS_A_SECOND, REPORTS_AT_ONCE)
        self._dtls_bucket = Bucket(DTLS_A_SECOND, DTLS_AT_ONCE)
        self._early: deque[bytes] = deque(maxlen=EARLY_MAX)
        self._ice = IcePath(self.link.send, "controlled")
        self._dtls = Dtls(self._ice, certificate, "client" if self.setup == "active" else "server")
        self._dtls.on("statechange", self._dtls_changed)

    @property
    def counters(self) -> Counters:
        return self._edge.counters

    @property
    def publications(self) -> list[Publication]:
        return self.parts.incoming.publications

    def new_credentials(self) -> tuple[str, str]:
        """A new ICE ufrag and password; earlier ones stay valid, so that the old path works until the new one is chosen."""
        ufrag, password = secrets.token_urlsafe(9).replace("-", "+").replace("_", "/"), secrets.token_hex(16)
        self.ufrag = ufrag
        self._credentials[ufrag] = password
        self._edge.expect(ufrag, self)
        if len(self._credentials) > CREDENTIALS_MAX:
            oldest = next(iter(self._credentials))
            del self._credentials[oldest]
            self._edge.unexpect(oldest)
        return ufrag, password

    def slots(self) -> list[Slot]:
        """Who is in which slot."""
        return [_slot_view(outlet) for outlet in self.parts.outlets]

    def choose(self, now: float) -> bool:
        """Lets each slot have the layer that is best for it now, and has the line probed for more. To be called a few times a second.

        True when a picture stands still from now on that did not, or the other way round.
        """
        choice, line = self.parts.choice, self.link.line
        if choice.is_open or line.has_backed_off:
            line.wish(choice.settle(line.budget_bps(now)))
            choice.share(line.budget_bps(now) if line.is_narrow(now) else None)
        else:  # Who left, or what is left to see, has no layers: nothing is paused any more, and nothing is probed for.
            choice.release()
            line.wish(0.0)
        return choice.has_changed_still()

    def layers_told(self, now: float) -> list[LayersView]:
        """Of which sources the browser should send other layers than before."""
        told = (publication.told(now) for publication in self.publications)
        return [view for view in told if view is not None]

    # The edge calls the next nine.

    @property
    def state(self) -> LinkState:
        return self.link.state

    def password(self, ufrag: str) -> str | None:
        return self._credentials.get(ufrag)

    def may_check(self, now: float) -> bool:
        return self._bucket.take(now)

    def is_live(self, now: float) -> bool:
        return not self.is_gone and now - self.last_check_at < LIVE_S

    def is_interrupted(self, now: float) -> bool:
        """True when nothing comes any more from somebody who sent up to the last moment, or not even the checks of who sends nothing."""
        sent_at = max((one.last_at for one in self.publications if one.live), default=-math.inf)
        heard_at = self.link.state.heard_at
        limit_s = INTERRUPTED_S if sent_at > heard_at - STREAM_GAP_S else INTERRUPTED_IDLE_S
        return self.is_connected and now - heard_at > limit_s

    def checked(self, path: Path, nominated: bool, now: float) -> None:
        self.last_check_at = self.link.state.heard_at = now
        if self.link.path is None:
            self.link.use(path)
            self._on_first_check(self)
        elif nominated:
            self._moves.nominated(path, now)

    def path_lost(self, path: Path, now: float) -> None:
        self._moves.lost(path)
        if self.link.path is path:
            self.last_check_at = min(self.last_check_at, now - CHECK_SILENCE_S + PATH_LOST_S)

    def failed(self) -> None:
        if not self.is_gone:
            self._end("failed")
            self._ice.close()

    def dtls(self, datagram: bytes) -> None:
        if not self._dtls_bucket.take(self._clock()):
            self.counters.add("dropped_dtls_rate")
        elif not self._ice.put(datagram):
            self.counters.add("dropped_dtls_queue")

    def media(self, length: int, now: float) -> None:
        keys, inbox = self.link.keys, self._edge.inbox
        self.link.state.heard_at = now
        if not self._media_bucket.take(now):
            self.counters.add("dropped_media_rate")
        elif length < 12:
            self.counters.add("dropped_rtp")
        elif keys is None:
            self._hold(bytes(memoryview(inbox.data)[:length]))
        elif is_rtcp(inbox.data[1]):
            opened = keys.open_rtcp(inbox, length)
            if opened < 0:
                self.counters.add("dropped_srtcp")
            else:
                self.report(opened, now)
        else:
            opened = keys.open_rtp(inbox, length)
            if opened < 0:
                self.counters.add("dropped_srtp")
            else:
                self._packet(opened, self._clock())

    def report(self, length: int, now: float) -> None:
        if not self._report_bucket.take(now):
            self.counters.add("dropped_rtcp_rate")
        elif is_transport_feedback(self._edge.inbox.data, length):
            self._hear(length)
        else:
            self._reports.read(self, bytes(memoryview(self._edge.inbox.data)[:length]), now)

    def _hear(self, length: int) -> None:
        """Feedback on what we send, where `door_read` leaves it to us: read in place and summed up."""
        link, inbox, forwarder = self.link, self._edge.inbox, self._edge.forwarder
        self.counters.add("transport_feedback_in")
        try:
            if forwarder is None:
                link.hear(memoryview(inbox.data)[:length])
                return
            if link.line.probe is not None:
                link.hear_of_probe(memoryview(inbox.data)[:length])
            if forwarder.hear(inbox.address, length, link.state_address):
                self.counters.add("dropped_rtcp")
        except ValueError:
            self.counters.add("dropped_rtcp")

    def _hold(self, datagram: bytes) -> None:
        """The browser has its keys a moment before us; what it sends meanwhile is its first key frame."""
        if len(self._early) == EARLY_MAX:
            self.counters.add("dropped_before_keys")
        self._early.append(datagram)

    def _open_held(self) -> None:
        while self._early:
            datagram = self._early.popleft()
            self._edge.inbox.data[: len(datagram)] = datagram
            self.media(len(datagram), self._clock())

    def _packet(self, length: int, now: float) -> None:
        try:
            found = self.parts.incoming.read(self._edge.inbox.data, length, now)
        except ValueError:
            self.counters.add("dropped_rtp")
            return
        if found is None:
            return
        publication, layer, packet = found
        earlier = self.parts.incoming.earlier
        while earlier:
            self.counters.add("packets_mended")
            self._take(publication, layer, earlier.popleft(), now)
        self._take(publication, layer, packet, now)

    def _take(self, publication: Publication, layer: Layer, packet: MediaPacket, now: float) -> None:
        self.counters.add("packets_in")
        if layer.repairs and layer.missing.arrived(packet.seq, now):
            self._reports.ask_again(self, publication, layer, now)
        publication.note(layer, now, self._source_live)
        # FFmpeg 8.1 reads before each write and waits for a packet: it sent one a second (measured).
        if self._waits_for_reports:
            self._reports.receiver_report(self, now)
        if packet.key_frame:
            publication.note_key_frame(layer, now)
        forward(layer, packet, self._edge.forwarder)
        if publication.taps and packet.payload:
            _tap(publication, layer, packet)

    def _source_live(self, publication: Publication) -> None:
        self.is_lively = True
        self._owner.source_live(self, publication)

    async def handshake(self, places: Places) -> None:
        """DTLS from the first check to the keys, when there is a place for it. Ends the connection when it fails."""
        try:
            async with places.hold(), asyncio.timeout(HANDSHAKE_LIMIT_S):
                done = await self._dtls.handshake(*self.fingerprint)
        except TimeoutError:
            done = False
        except Exception:  # The root of the task; aiortc raises whatever OpenSSL does.
            log.exception("handshake_failed", connection=self.id)
            done = False
        if self.is_gone:
            return
        if not done:
            self._end("dtls_failed")
            return
        self.link.open(self._dtls.keys())
        self.is_connected = True
        self._owner.connected(self)
        self._open_held()

    def _dtls_changed(self) -> None:
        if self._dtls.state == "closed" and not self.is_gone:
            self._end("closed_by_peer")

    async def close(self, reason: str) -> None:
        """Ends the connection, telling the browser (DTLS close_notify), and the owner unless it is over already."""
        self.end(reason)
        await self._dtls.stop()
        self._ice.close()

    def end(self, reason: str) -> None:
        """Nothing goes in or out any more; `close` then tells the browser."""
        if not self.is_gone:
            self._end(reason)

    def _end(self, reason: str) -> None:
        self.is_gone = True
        self.is_connected = False
        self._dtls.remove_all_listeners()  # They lead back here: all of this would wait for the collector, which seldom comes.
        self.link.close()
        self._moves.close()
        for outlet in self.parts.outlets:
            outlet.clear()
        self._edge.forget(self, self._credentials)
        self._owner.gone(self, reason)


def _tap(publication: Publication, layer: Layer, packet: MediaPacket) -> None:
    tapped = publication.tapped(layer, packet)
    if tapped is None:
        return
    seq, rtp_time, marker, codec, payload, _, _, arrival, capture = tapped
    who, source = publication.participant, publication.source
    try:
        for tap in publication.taps:
            tap.packet(who, source, codec, seq, rtp_time, marker, payload, arrival, capture)
    except Exception:  # A call must not end because its recording has a bug.
        log.exception("tap_failed", participant=who)
        publication.taps = ()


def _slot_view(outlet: Outlet) -> Slot:
    publication, kind = outlet.publication, outlet.kind
    if publication is None or not publication.participant:
        return Slot(outlet.mid, "audio" if kind == "audio" else "video")
    source, paused = publication.source, outlet.stands_still
    return Slot(outlet.mid, "audio" if kind == "audio" else "video", publication.participant, source, paused)
