"""Small datagrams from a person to the server and back, beside the call: what round trip and what loss the line really has."""

import asyncio
import socket
import statistics
import struct
import time
from typing import cast

from tests.lines.lines import SERVER, Line
from tests.lines.namespaces import socket_inside

EVERY_S = 0.1
_NUMBER = struct.Struct("!I")


class Echo(asyncio.DatagramProtocol):
    """The server's end: sends back what comes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(data, addr)


class Probe(asyncio.DatagramProtocol):
    """The person's end. `round_trips_s` holds one value for each answer."""

    def __init__(self) -> None:
        self.sent: dict[int, float] = {}
        self.round_trips_s: list[float] = []

    def datagram_received(self, data: bytes, _: tuple[str, int]) -> None:
        (number,) = _NUMBER.unpack(data)
        self.round_trips_s.append(time.monotonic() - self.sent[number])

    @property
    def median_ms(self) -> float:
        """0 when nothing came back."""
        return 1000 * statistics.median(self.round_trips_s or [0.0])


async def probe(line: Line, seconds: float) -> Probe:
    """Probes the line for so long, ten times a second."""
    loop = asyncio.get_running_loop()
    echo, _ = await loop.create_datagram_endpoint(Echo, local_addr=(SERVER, 0))
    sock = socket_inside(line.namespace, socket.AF_INET)
    sock.connect(echo.get_extra_info("sockname"))
    transport, found = await loop.create_datagram_endpoint(Probe, sock=sock)
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            number = len(found.sent)
            found.sent[number] = time.monotonic()
            transport.sendto(_NUMBER.pack(number))
            await asyncio.sleep(EVERY_S)
        await asyncio.sleep(0.3)
    finally:
        transport.close()
        echo.close()
    return found
