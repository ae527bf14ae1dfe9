"""What a process that reads recordings may use: it runs a library written in C over bytes that strangers sent.

Limits on memory, time and the size of files are the kernel's and always hold. The network is taken away as far as the system lets us: a process
with the right to (root in a container) or a system that allows user namespaces puts itself into a network namespace of its own, which has not even
a loopback; elsewhere it keeps its network, and `lose_network` says so. That is one more wall, not the only one: FFmpeg is told to open files only.
"""

import contextlib
import ctypes
import os
import resource
from pathlib import Path

MEMORY_BYTES = 3 * 2**30  # Address space, of which a view of two people uses a tenth.
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000  # linux/sched.h


def limit(cpu_s: int, file_bytes: int) -> None:
    """No more memory than MEMORY_BYTES, no more time and no larger file than this, no core dump. For this process, and for good."""
    for kind, value in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def lose_network() -> bool:
    """Whether this process has no network from now on. To be called while it has one thread: others keep theirs, or forbid it."""
    try:
        unshare = ctypes.CDLL(None, use_errno=True).unshare
    except (AttributeError, OSError):
        return False  # Not Linux.
    user, group = os.getuid(), os.getgid()
    if unshare(_NEW_NET) == 0:
        return True
    if unshare(_NEW_USER | _NEW_NET) != 0:
        return False
    with contextlib.suppress(OSError):  # Without them files are still ours; only their owner is shown as nobody.
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    return True
