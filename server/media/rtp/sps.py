"""The size of a picture, as an H.264 sequence parameter set says it."""

_HIGH_PROFILES = {100, 110, 122, 244, 44, 83, 86, 118, 128}


class _Bits:
    """Reads bits of a parameter set, emulation prevention removed (H.264, 7.3.1). Raises ValueError at the end."""

    def __init__(self, nal: bytes) -> None:
        clean = nal[1:].replace(b"\x00\x00\x03", b"\x00\x00")
        self._value = int.from_bytes(clean, "big")
        self._left = len(clean) * 8

    def take(self, count: int) -> int:
        if count > self._left:
            raise ValueError("the parameter set is cut off")
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def golomb(self) -> int:
        """One ue(v) (H.264, 9.1)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise ValueError("a number is too long")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed_golomb(self) -> int:
        value = self.golomb()
        return (value + 1) // 2 if value & 1 else -(value // 2)


def picture_size(sps: bytes) -> tuple[int, int]:
    """Width and height in pixels, cropping applied (H.264, 7.3.2.1.1). Raises ValueError for bytes that are no parameter set."""
    bits = _Bits(sps[:512])
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    chroma = _chroma(bits) if profile in _HIGH_PROFILES else 1
    _skip_order(bits)
    bits.golomb()
    bits.take(1)
    width, height = (bits.golomb() + 1) * 16, (bits.golomb() + 1) * 16
    frames_only = bits.take(1)
    if not frames_only:
        height *= 2
        bits.take(1)
    bits.take(1)
    if bits.take(1):
        unit_x, unit_y = (2 if chroma in (1, 2) else 1), (2 if chroma == 1 else 1) * (2 - frames_only)
        width -= unit_x * (bits.golomb() + bits.golomb())
        height -= unit_y * (bits.golomb() + bits.golomb())
    if not (0 < width <= 8192 and 0 < height <= 8192):
        raise ValueError("no picture has this size")
    return width, height


def _chroma(bits: _Bits) -> int:
    chroma = bits.golomb()
    if chroma == 3:
        bits.take(1)
    bits.golomb()
    bits.golomb()
    bits.take(1)
    if bits.take(1):
        raise ValueError("scaling matrices are not read")  # No browser sends them.
    return chroma


def _skip_order(bits: _Bits) -> None:
    bits.golomb()
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1)
        bits.signed_golomb()
        bits.signed_golomb()
        for _ in range(min(bits.golomb(), 255)):
            bits.signed_golomb()
