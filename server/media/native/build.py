"""Compiles `forward.c` with the system's `cc`, if there is one. Standard library only: set-up and the image run it before anything is installed.

The library's name holds a digest of the source, the compiler's options and the machine, so that a stale build is never found.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).with_name("forward.c")
OPTIONS = ("-O2", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror")
LIMIT_S = 60.0


def built_path() -> Path:
    """Where the library of this source belongs, built or not."""
    machine = f"{sys.platform}-{platform.machine()}"
    key = hashlib.sha256(SOURCE.read_bytes() + " ".join((*OPTIONS, machine)).encode()).hexdigest()[:16]
    return SOURCE.with_name("build") / f"forward-{machine}-{key}.so"


def compile_to(path: Path, *options: str) -> str:
    """Builds `path`, whole or not at all, with further `options`. Why it could not, in a few words; "" when it is there."""
    compiler = shutil.which("cc")
    if compiler is None:
        return "there is no C compiler (cc)"
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / path.name
        command = [compiler, *OPTIONS, *options, "-o", str(made), str(SOURCE)]
        try:
            answer = subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=LIMIT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as exc:
            return f"{compiler} did not run ({type(exc).__name__})"
        if answer.returncode:
            return f"{compiler} refused {SOURCE.name}: {answer.stderr.strip()[:500]}"
        os.replace(made, path)
    return ""


def ensure() -> str:
    """Builds the library unless it is there, and removes older ones. Why there is none, or ""."""
    path = built_path()
    if path.exists():
        return ""
    if sys.platform != "linux" or sys.maxsize < 2**32:
        return "it needs 64-bit Linux"
    try:
        why = compile_to(path)
        for old in path.parent.glob("forward-*.so"):
            if not why and old != path:
                old.unlink(missing_ok=True)
    except OSError as exc:
        return f"{path.parent} cannot be written ({exc.strerror})"
    return why


if __name__ == "__main__":
    found = ensure()
    sys.exit(f"Not built: {found}." if found else 0)
