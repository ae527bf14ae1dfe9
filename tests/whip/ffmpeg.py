"""FFmpeg's own WHIP muxer (in PyAV's wheel) as a publisher: H.264 baseline and Opus, in a process of its own."""

import asyncio
import datetime
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from server.media.scene import RATE, Scenery, voice

FPS = 15
PIECE = 960


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """A P-256 certificate and its key; the one that the muxer makes by itself is P-224, which OpenSSL refuses."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ffmpeg")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
    certificate = made.sign(key, hashes.SHA256())
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(secret)
    return folder / "cert.pem", folder / "key.pem"


class Ffmpeg:
    """Publishes until `stop`. A process of its own: PyAV holds the interpreter while the muxer waits for the server."""

    def __init__(self, url: str, key: str, folder: Path) -> None:
        self.said = ""
        self._arguments = [url, key, *map(str, write_certificate(folder))]
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> "Ffmpeg":
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.whip.ffmpeg", *self._arguments, stdin=pipe, stdout=pipe, stderr=pipe
        )
        return self

    @property
    def is_over(self) -> bool:
        return self._process is not None and self._process.returncode is not None

    async def stop(self) -> int:
        """Ends it in order: the muxer sends DELETE. Its exit code; what it said is in `said`."""
        return await self.ended(b"end")

    async def ended(self, word: bytes | None = None, limit_s: float = 20.0) -> int:
        """Waits until it has ended by itself; its exit code."""
        assert self._process is not None
        async with asyncio.timeout(limit_s):
            if word is None:
                await self._process.wait()
            said = await self._process.communicate(word)
        self.said = said[1].decode(errors="replace")
        assert self._process.returncode is not None
        return self._process.returncode

    async def kill(self) -> None:
        """It is gone from one moment to the next, without DELETE."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()


def publish(output: Any, ending: threading.Event) -> None:
    """Pictures and sound at the pace of a camera until `ending`."""
    video = output.add_stream("libx264", rate=FPS)
    video.width, video.height, video.pix_fmt, video.bit_rate = 320, 180, "yuv420p", 400_000
    video.options = {"profile": "baseline", "tune": "zerolatency", "preset": "ultrafast", "g": str(FPS)}
    audio = output.add_stream("libopus", rate=RATE)
    audio.layout = "stereo"
    scenery, sound, began = Scenery(320, 180), voice(), time.monotonic()
    pictures = pieces = 0
    while not ending.wait(0.01):
        passed_s = time.monotonic() - began
        if passed_s * FPS > pictures:
            frame = av.VideoFrame.from_ndarray(scenery.draw(passed_s), format="yuv420p")
            frame.pts, frame.time_base = pictures, Fraction(1, FPS)
            output.mux(video.encode(frame))
            pictures += 1
        while passed_s * RATE > pieces * PIECE:
            samples = np.take(sound, np.arange(pieces * PIECE, (pieces + 1) * PIECE), mode="wrap")
            piece = av.AudioFrame.from_ndarray(np.repeat(samples, 2).reshape(1, -1), format="s16", layout="stereo")
            piece.sample_rate, piece.pts, piece.time_base = RATE, pieces * PIECE, Fraction(1, RATE)
            output.mux(audio.encode(piece))
            pieces += 1


def main(url: str, key: str, certificate: str, secret: str) -> None:
    """`python -m tests.whip.ffmpeg URL KEY CERTIFICATE SECRET`: publishes until its input ends."""
    ending = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ending.set()), daemon=True).start()
    options = {"authorization": key, "cert_file": certificate, "key_file": secret}
    with av.open(url, "w", format="whip", options=options) as output:
        publish(output, ending)


if __name__ == "__main__":
    main(*sys.argv[1:])
