"""The private names that `server/media/seam.py` uses. When one of these fails, a library has moved: read its change, then mend the seam."""

import inspect

import pylibsrtp
import pytest
from aiortc import RTCCertificate
from aiortc.rtcdtlstransport import SRTP_PROFILES, RTCDtlsTransport
from OpenSSL import SSL
from pylibsrtp import Policy, Session, _binding

from server.media.seam import Dtls, IcePath, Inbox, Keys, make_certificate, split_records


def a_pair() -> tuple[Keys, Keys]:
    key = bytes(range(44))

    def session(kind: int) -> Session:
        policy = Policy(key=key, ssrc_type=kind, srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_256_GCM)
        return Session(policy)

    inbound, outbound = Policy.SSRC_ANY_INBOUND, Policy.SSRC_ANY_OUTBOUND
    return Keys(session(inbound), session(outbound)), Keys(session(inbound), session(outbound))


def test_binding_has_the_names_we_call() -> None:
    for name in ("srtp_protect", "srtp_unprotect", "srtp_unprotect_rtcp"):
        assert hasattr(_binding.lib, name)
    assert hasattr(_binding.ffi, "from_buffer")
    assert pylibsrtp.__version__.startswith("1.0")


def test_opened_packet_is_what_was_sealed() -> None:
    ours, theirs = a_pair()
    packet = b"\x80\x60\x00\x01" + bytes(8) + b"payload"
    sealed = theirs.seal_rtp(memoryview(packet))
    assert sealed is not None
    inbox = Inbox()
    inbox.data[: len(sealed)] = sealed
    assert ours.open_rtp(inbox, len(sealed)) == len(packet)
    assert inbox.data[: len(packet)] == packet
    inbox.data[: len(sealed)] = sealed
    assert ours.open_rtp(inbox, len(sealed)) == -1, "a repeated packet must not pass"


def test_forged_packet_is_refused() -> None:
    ours, _ = a_pair()
    inbox = Inbox()
    inbox.data[:40] = b"\x80\x60" + bytes(38)
    assert ours.open_rtp(inbox, 40) == -1
    assert ours.open_rtcp(inbox, 40) == -1


def test_dtls_transport_has_what_we_override_and_read() -> None:
    for name in ("_write_ssl", "_set_role", "_recv_next", "start", "stop"):
        assert callable(getattr(RTCDtlsTransport, name))
    assert inspect.iscoroutinefunction(RTCDtlsTransport._write_ssl)
    source = inspect.getsource(RTCDtlsTransport)
    for name in ("self._rx_srtp", "self._tx_srtp", "self._ssl", "self.transport._recv()", "self.transport._send("):
        assert name in source
    made = Dtls(IcePath(lambda data: None, "controlled"), RTCCertificate.generateCertificate(), "client")
    assert made.state == "new"
    assert made._ssl is None


def test_flight_of_the_library_comes_out_in_whole_records() -> None:
    certificate = RTCCertificate.generateCertificate()
    made = Dtls(IcePath(lambda data: None, "controlled"), certificate, "client")
    made._ssl = SSL.Connection(certificate._create_ssl_context(srtp_profiles=made._srtp_profiles))
    made._ssl.set_connect_state()
    with pytest.raises(SSL.WantReadError):
        made._ssl.do_handshake()
    (hello,) = made._flight()
    assert hello[0] == 22
    assert len(hello) == 13 + (hello[11] << 8 | hello[12])


def test_records_are_grouped_but_never_cut() -> None:
    def record(size: int) -> bytes:
        return b"\x16\xfe\xfd" + bytes(8) + size.to_bytes(2, "big") + bytes(size)

    flight = record(500) + record(500) + record(500) + record(1300) + record(10)
    sizes = [len(datagram) for datagram in split_records(flight)]
    assert sizes == [1026, 513, 1313, 23]
    assert split_records(b"") == []


def test_connections_of_a_certificate_share_a_context_and_resume_no_session() -> None:
    """aiortc asks the certificate for a context at each handshake."""
    certificate = make_certificate()
    first = certificate._create_ssl_context(SRTP_PROFILES)
    assert certificate._create_ssl_context(SRTP_PROFILES) is first
    assert make_certificate()._create_ssl_context(SRTP_PROFILES) is not first
    assert first.set_session_cache_mode(SSL.SESS_CACHE_OFF) == SSL.SESS_CACHE_OFF  # It answers with the mode before.
