"""One part as bytes: `moof` and `mdat` (ISO/IEC 14496-12, 8.8)."""

import struct
from collections.abc import Sequence

from server.broadcast.hls.boxes import box, full_box
from server.broadcast.hls.cutter import Cut
from server.broadcast.hls.initial import PICTURE_TRACK, SOUND_TRACK
from server.broadcast.hls.samples import TICKS

SAMPLES_IN_FRAME = 1024
_KEY, _OTHER = 0x02000000, 0x01010000  # Depends on no other picture; depends on others and is no key frame (8.8.3.1).
_Run = Sequence[tuple[int, int, int]]  # Duration, size in bytes, flags of each sample.


def fragment(cut: Cut, number: int, shift: int, audio_rate: int) -> bytes:
    """The part. `number` counts the stream's fragments; `shift` ticks lie between the samples' times and the stream's."""
    pictures = [(length, len(one.data), _KEY if one.is_key else _OTHER) for one, length in cut.pictures]
    sounds, sound_time = _sound_run(cut, shift, audio_rate)
    runs = []
    if pictures:
        runs.append((PICTURE_TRACK, cut.pictures[0][0].time + shift, pictures))
    if sounds:
        runs.append((SOUND_TRACK, sound_time, sounds))
    at = len(_head(number, runs, 0)) + 8  # The size of the head does not depend on the addresses in it.
    data = [one.data for one, _ in cut.pictures] + [one.data for one, _ in cut.sounds]
    return _head(number, runs, at) + box(b"mdat", *data)


def _head(number: int, runs: Sequence[tuple[int, int, _Run]], at: int) -> bytes:
    tracks = []
    for track, time, run in runs:
        tracks.append(_track(track, time, run, at))
        at += sum(size for _, size, _ in run)
    return box(b"moof", full_box(b"mfhd", 0, 0, struct.pack(">I", number)), *tracks)


def _track(track: int, time: int, run: _Run, at: int) -> bytes:
    """`traf`: where the track goes on, and its samples; `at` counts from the beginning of the `moof`."""
    samples = b"".join(struct.pack(">3I", *sample) for sample in run)
    return box(
        b"traf",
        full_box(b"tfhd", 0, 0x020000, struct.pack(">I", track)),
        full_box(b"tfdt", 1, 0, struct.pack(">Q", time)),
        full_box(b"trun", 0, 0x000701, struct.pack(">2I", len(run), at), samples),
    )


def _sound_run(cut: Cut, shift: int, rate: int) -> tuple[list[tuple[int, int, int]], int]:
    """Durations in samples, from times rounded to samples, so that no rest adds up over hours; and when it begins."""
    run = []
    for sound, length in cut.sounds:
        begins = _in_samples(sound.time + shift, rate)
        lasts = _in_samples(sound.time + length + shift, rate) - begins if length else SAMPLES_IN_FRAME
        run.append((lasts, len(sound.data), _KEY))
    return run, _in_samples(cut.sounds[0][0].time + shift, rate) if cut.sounds else 0


def _in_samples(time: int, rate: int) -> int:
    return (time * rate + TICKS // 2) // TICKS
