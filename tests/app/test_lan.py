"""HTTPS in the own network, for trying it from a phone."""

import datetime
import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509

from server.lan import is_usable, lan_context, write_certificate


def test_client_that_trusts_the_certificate_connects(tmp_path: Path) -> None:
    context = lan_context(tmp_path, "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = threading.Thread(target=_greet_once, args=(listener, context))
        server.start()
        trusting = ssl.create_default_context(cafile=tmp_path / "lan.pem")
        with (
            socket.create_connection(("127.0.0.1", port)) as raw,
            trusting.wrap_socket(raw, server_hostname="127.0.0.1") as tls,
        ):
            assert tls.recv(5) == b"hello"
        server.join()


def _greet_once(listener: socket.socket, context: ssl.SSLContext) -> None:
    raw, _ = listener.accept()
    with context.wrap_socket(raw, server_side=True) as tls:
        tls.sendall(b"hello")


def test_certificate_is_kept_and_private(tmp_path: Path) -> None:
    lan_context(tmp_path, "127.0.0.1")
    before = (tmp_path / "lan.pem").read_bytes()
    lan_context(tmp_path, "127.0.0.1")
    assert (tmp_path / "lan.pem").read_bytes() == before
    assert stat.S_IMODE((tmp_path / "lan.pem").stat().st_mode) == 0o600


def test_another_address_gets_another_certificate(tmp_path: Path) -> None:
    write_certificate(tmp_path / "lan.pem", "192.0.2.7")
    assert is_usable(tmp_path / "lan.pem", "192.0.2.7")
    assert not is_usable(tmp_path / "lan.pem", "192.0.2.8")


@pytest.mark.parametrize("content", [b"", b"not a certificate"])
def test_broken_file_is_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "lan.pem").write_bytes(content)
    lan_context(tmp_path, "127.0.0.1")
    assert is_usable(tmp_path / "lan.pem", "127.0.0.1")


def test_certificate_is_short_enough_for_apple(tmp_path: Path) -> None:
    write_certificate(tmp_path / "lan.pem", "127.0.0.1")
    certificate = x509.load_pem_x509_certificate((tmp_path / "lan.pem").read_bytes())
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc < datetime.timedelta(days=398)
