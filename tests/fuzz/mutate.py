"""Small random changes of an input, as fuzzers make them."""

import random
from collections.abc import Sequence

EDGES = (0, 1, 2, 3, 4, 7, 8, 12, 15, 16, 31, 32, 63, 64, 127, 128, 192, 200, 201, 205, 206, 223, 254, 255)
WORDS_16 = (0, 1, 13, 255, 256, 1200, 1500, 1501, 0x1000, 0x7FFF, 0x8000, 0xBEDE, 0xFFFE, 0xFFFF)
AT_ONCE_MAX = 5


def mutate(rng: random.Random, data: bytes, others: Sequence[bytes], words: Sequence[bytes], limit: int) -> bytes:
    """One to five changes of `data`, with pieces of `others` and `words`; at most `limit` bytes."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, AT_ONCE_MAX)):
        _CHANGES[rng.randrange(len(_CHANGES))](rng, changed, others, words)
    return bytes(changed[:limit])


def _flip(rng: random.Random, data: bytearray, others: Sequence[bytes], words: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _set(rng: random.Random, data: bytearray, others: Sequence[bytes], words: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.choice(EDGES) if rng.random() < 0.7 else rng.randrange(256)


def _set_16(rng: random.Random, data: bytearray, others: Sequence[bytes], words: Sequence[bytes]) -> None:
    if len(data) > 1:
        at = rng.randrange(len(data) - 1)
        data[at : at + 2] = rng.choice(WORDS_16).to_bytes(2, "big")


def _remove(rng: random.Random, data: bytearray, others: Sequence[bytes], words: Sequence[bytes]) -> None:
    if data:
        at = rng.randrange(len(data))
        del data[at : at + 1 + int(rng.random() ** 3 * len(data))]


def _repeat(rng: random.Random, data: bytearray, others: Sequence[bytes], words: Sequence[bytes]) -> None:
    if data:
        at = rng.randrange(len(data))
        piece = data[at : at + 1 + int(rng.random() ** 3 * len(data))]
        data[at:at] = piece * rng.choice((1, 1, 2, 8))


def _insert(rng: random.Random, data: bytearray, others: Sequence[bytes], words: Sequence[bytes]) -> None:
    at = rng.randint(0, len(data))
    data[at:at] = rng.choice(words) if words and rng.random() < 0.6 else rng.randbytes(rng.randint(1, 8))


def _overwrite(rng: random.Random, data: bytearray, others: Sequence[bytes], words: Sequence[bytes]) -> None:
    if words:
        at, word = rng.randint(0, len(data)), rng.choice(words)
        data[at : at + len(word)] = word


def _splice(rng: random.Random, data: bytearray, others: Sequence[bytes], words: Sequence[bytes]) -> None:
    other = rng.choice(others)
    data[rng.randint(0, len(data)) :] = other[rng.randint(0, len(other)) :]


_CHANGES = (_flip, _set, _set, _set_16, _remove, _repeat, _insert, _overwrite, _splice)
