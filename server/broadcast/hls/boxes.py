"""The grammar of MP4: boxes (ISO/IEC 14496-12, 4.2).

Written here and not by FFmpeg's muxer because that one chooses where fragments end: PyAV has no call that flushes one, and a part has to end where
the playlist says, be independent when it says so, and carry times that go on after a restart. It is a dozen boxes; every player reads them.
"""

import struct


def box(kind: bytes, *content: bytes) -> bytes:
    """A box of four letters around its content."""
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def full_box(kind: bytes, version: int, flags: int, *content: bytes) -> bytes:
    """A box that says its version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *content)
