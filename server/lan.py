"""HTTPS for trying Oase from a phone in the same network: a certificate of our own, and the addresses to open. Not for the public Internet.

Browsers warn once, because nobody vouches for the certificate; after that camera and microphone work.
"""

import datetime
import ipaddress
import os
import socket
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_DAYS = 365  # Apple's browsers refuse server certificates of more than 398 days.
RENEW_DAYS = 30
# A documentation address (RFC 5737): connecting a UDP socket sends nothing, it only asks the system which way it would go.
SOMEWHERE = ("192.0.2.1", 9)


def own_address() -> str | None:
    """This machine's IPv4 address in its network, or None where there is no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(SOMEWHERE)
        except OSError:
            return None
        return str(probe.getsockname()[0])


def lan_context(folder: Path, address: str) -> ssl.SSLContext:
    """A TLS context for `address`; its certificate is made once, kept in `folder`, and renewed before it ends."""
    file = folder / "lan.pem"
    if not is_usable(file, address):
        write_certificate(file, address)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(file)
    return context


def is_usable(file: Path, address: str) -> bool:
    """True when the file holds a certificate for `address` that is valid for another month."""
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    left = certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    return ipaddress.ip_address(address) in names.get_values_for_type(x509.IPAddress) and left.days >= RENEW_DAYS


def write_certificate(file: Path, address: str) -> None:
    """A new key and its self-signed certificate, readable by us alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Oase in this network")])
    now = datetime.datetime.now(datetime.UTC)
    addresses = [ipaddress.ip_address(address), ipaddress.ip_address("127.0.0.1")]
    alternatives = [*(x509.IPAddress(one) for one in addresses), x509.DNSName("localhost")]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(private + certificate.public_bytes(serialization.Encoding.PEM))
