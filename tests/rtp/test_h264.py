"""H.264 on the wire: what is taken apart here is put together by aiortc as it was."""

import pytest
from aiortc.codecs.h264 import H264PayloadDescriptor

from server.media.recorder.h264 import avcc, parameter_sets
from server.media.rtp.h264 import PAYLOAD_BYTES, payloads, starts_key_frame

SPS, PPS = b"\x67\x42\xc0\x1f" + bytes(range(1, 9)), b"\x68\xce\x38\x80"


@pytest.mark.parametrize("size", [1, 900, PAYLOAD_BYTES - 3, PAYLOAD_BYTES - 2, PAYLOAD_BYTES, 40_000])
def test_pictures_are_put_together_again(size: int) -> None:
    for units in ([b"\x41" + b"\x17" * size], [SPS, PPS, b"\x65" + b"\x18" * size], [b"\x41" + b"\x19" * size] * 3):
        found = payloads(units)
        assert max(map(len, found)) <= PAYLOAD_BYTES
        assert starts_key_frame(found[0]) is (units[0] is SPS)
        assert not any(map(starts_key_frame, found[1:]))
        whole = b"".join(H264PayloadDescriptor.parse(one)[1] for one in found)
        assert whole == b"".join(b"\0\0\0\1" + unit for unit in units)


def test_parameter_sets_come_out_of_their_record() -> None:
    record = avcc(SPS, [PPS, PPS + b"\1"])
    assert parameter_sets(record) == [SPS, PPS, PPS + b"\1"]
    for end in range(len(record)):
        with pytest.raises(ValueError, match="cut off"):
            parameter_sets(record[:end])
