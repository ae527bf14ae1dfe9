"""Processes that read recordings have limits, and no network where the system can take it away."""

import asyncio
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from server.media.recorder.confine import MEMORY_BYTES

ROOT = Path(__file__).parent.parent.parent
_KINDS = "AS CPU FSIZE CORE"

_STEP = """
import json, pathlib, resource, sys
from {module} import main
import {module} as module
module.{work} = lambda *arguments: print(json.dumps([resource.getrlimit(getattr(resource, "RLIMIT_" + kind)) for kind in "{kinds}".split()]))
main(*{arguments})
"""

_CONNECT = """
import encodings.idna, json, os, socket
from server.media.recorder.confine import lose_network
if {user}:
    os.setgid({user}), os.setuid({user})
lost = lose_network()
try:
    socket.create_connection(("127.0.0.1", {port}), 2)
    reached = True
except OSError:
    reached = False
print(json.dumps([lost, reached, os.getuid()]))
"""


async def said(program: str) -> list[object]:
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    [found] = [line for line in lines if isinstance(line, list)]
    return found


@pytest.mark.parametrize("step", ["finish", "join"])
async def test_every_step_has_limits(tmp_path: Path, step: str) -> None:
    (tmp_path / "t001-camera.mkv").write_bytes(bytes(2**20))
    (tmp_path / "view.mp4").write_bytes(bytes(2**20))
    module, work, arguments = {
        "finish": ("server.media.recorder.finish", "finish", (str(tmp_path),)),
        "join": ("server.broadcast.join", "join_views", (str(tmp_path), ["."])),
    }[step]
    program = _STEP.format(module=module, work=work, arguments=arguments, kinds=_KINDS)
    limits = await said(program)
    wanted = [MEMORY_BYTES, 121, 2**26 + 2**21, 0]
    hard = [resource.getrlimit(getattr(resource, f"RLIMIT_{kind}"))[1] for kind in _KINDS.split()]
    assert limits == [
        [value if top == resource.RLIM_INFINITY else min(value, top)] * 2
        for value, top in zip(wanted, hard, strict=True)
    ]


@pytest.mark.parametrize("user", [0, 65534])
async def test_a_process_that_lost_the_network_reaches_nobody(user: int) -> None:
    """As root, and as somebody who needs a user namespace; where the system forbids both, it says that it still has a network."""
    if user and os.geteuid():
        pytest.skip("only root becomes somebody else")
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        lost, reached, uid = await said(_CONNECT.format(port=port, user=user))
    assert reached is not lost
    assert uid == (user or os.geteuid())
