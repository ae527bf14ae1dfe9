"""A bad line between browsers and the worker: loses and delays datagrams both ways, and is narrow towards the browser, in user space (kernels without
netem have no other way)."""

import asyncio
import math
import random
import socket


class LossyLine:
    """Listens on a port of its own; the answer's candidates must point to it. Each sender gets its own socket towards the worker."""

    def __init__(self, worker_port: int, loss: float, delay_s: float, seed: int) -> None:
        self.loss, self.delay_s = loss, delay_s
        self.capacity_bps, self.queue_max_s = 0.0, 0.3
        """Towards the browser; 0 is no limit."""
        self.dropped = 0
        self.passed_bits = 0
        self.queue_s = 0.0
        self._free_at = 0.0
        self.port = 0
        self._rng = random.Random(seed)
        self._worker = ("127.0.0.1", worker_port)
        self._front = _socket()
        self._backs: dict[tuple[str, int], socket.socket] = {}

    async def __aenter__(self) -> "LossyLine":
        self._front.bind(("127.0.0.1", 0))
        self.port = self._front.getsockname()[1]
        asyncio.get_running_loop().add_reader(self._front, self._from_browser)
        return self

    async def __aexit__(self, *_: object) -> None:
        loop = asyncio.get_running_loop()
        for sock in (self._front, *self._backs.values()):
            loop.remove_reader(sock)
            sock.close()

    def _from_browser(self) -> None:
        for data, address in _all(self._front):
            back = self._backs.get(address)
            if back is None:
                back = self._backs[address] = _socket()
                back.bind(("127.0.0.1", 0))
                asyncio.get_running_loop().add_reader(back, self._from_worker, back, address)
            self._pass(back, data, self._worker)

    def _from_worker(self, back: socket.socket, address: tuple[str, int]) -> None:
        for data, _ in _all(back):
            self._pass(self._front, data, address, self._waits_s(len(data)))

    def _waits_s(self, octets: int) -> float:
        """How long a datagram towards the browser stands in the queue; infinite when it is full."""
        bits, now = 8 * (octets + 28), asyncio.get_running_loop().time()
        self.queue_s = max(0.0, self._free_at - now)
        if not self.capacity_bps:
            return 0.0
        if self.queue_s > self.queue_max_s:
            return math.inf
        self._free_at = max(now, self._free_at) + bits / self.capacity_bps
        self.passed_bits += bits
        return self._free_at - now

    def _pass(self, sock: socket.socket, data: bytes, address: tuple[str, int], waits_s: float = 0.0) -> None:
        if self._rng.random() < self.loss or math.isinf(waits_s):
            self.dropped += 1
            return
        asyncio.get_running_loop().call_later(self.delay_s + waits_s, _send, sock, data, address)


def _send(sock: socket.socket, data: bytes, address: tuple[str, int]) -> None:
    if sock.fileno() >= 0:
        sock.sendto(data, address)


def _socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    return sock


def _all(sock: socket.socket) -> list[tuple[bytes, tuple[str, int]]]:
    found = []
    try:
        while len(found) < 100:
            found.append(sock.recvfrom(2048))
    except BlockingIOError:
        pass
    return found
