"""Numbers that wrap, made to grow: 16-bit sequence numbers (RFC 3550, appendix A.1) and 32-bit timestamps."""


def signed_16(difference: int) -> int:
    """A difference of two 16-bit numbers as -32768..32767."""
    return (difference + 0x8000 & 0xFFFF) - 0x8000


def signed_32(difference: int) -> int:
    """A difference of two 32-bit numbers as -2**31..2**31-1."""
    return (difference + 0x80000000 & 0xFFFFFFFF) - 0x80000000


class Unwrapper:
    """Sequence numbers that never wrap. The first one lands in 65536..131071, so that older ones stay positive."""

    def __init__(self) -> None:
        self.newest = -1

    def unwrap(self, seq: int) -> int:
        """`seq` (0..65535) as the number nearest to the newest one seen."""
        if self.newest < 0:
            self.newest = seq + 0x10000
            return self.newest
        unwrapped = self.newest + signed_16(seq - self.newest)
        if unwrapped > self.newest:
            self.newest = unwrapped
        return unwrapped
