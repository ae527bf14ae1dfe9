"""The Unix sockets on which our processes speak to each other."""

import os
import socket
from pathlib import Path


def private_socket(path: Path) -> socket.socket:
    """A Unix socket that only this user may open, from its first moment: whoever speaks on it decides who hears whom. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        sock.bind(str(path))
    except OSError:
        sock.close()
        raise
    finally:
        os.umask(before)
    return sock
