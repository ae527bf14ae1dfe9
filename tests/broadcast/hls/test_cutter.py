"""Parts and segments end where the rules allow it, whatever comes in."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from server.broadcast.hls.cutter import Cut, Cutter
from server.broadcast.hls.samples import TICKS, Picture, Sample, Sound, VideoFormat
from server.broadcast.hls.timing import Timing

TIMING = Timing()
FORMATS = [VideoFormat(16 * n, 16, bytes([1, 66, 192, n])) for n in (1, 2)]
AAC_FRAME = 1920


def cuts_of(samples: list[Sample]) -> list[Cut]:
    first = samples[0]
    assert isinstance(first, Picture)
    cutter = Cutter(TIMING, first)
    cuts = [cut for sample in samples[1:] for cut in cutter.add(sample)]
    return cuts + list(cutter.finish())


def regular(fps: int, duration_s: float, gop: int) -> list[Sample]:
    both: list[Sample] = [
        Picture(n * TICKS // fps, b"x", None if n % gop else FORMATS[0]) for n in range(round(duration_s * fps))
    ]
    both += [Sound(n * AAC_FRAME, b"y") for n in range(round(duration_s * TICKS) // AAC_FRAME)]
    return sorted(both, key=lambda one: one.time)


@st.composite
def wild(draw: st.DrawFn) -> list[Sample]:
    """Pictures at any rate down to one a second, key frames and new sizes anywhere, sound ahead or behind by up to 0.4 s."""
    steps = draw(st.lists(st.integers(500, TICKS), min_size=1, max_size=60))
    keys = draw(st.lists(st.sampled_from([None, None, None, 0, 1]), min_size=60, max_size=60))
    time, pictures = draw(st.integers(0, 10**12)), []
    begins = time
    for step, key in zip(steps, keys, strict=False):
        is_key = key is not None or not pictures
        pictures.append(Picture(time, b"x", FORMATS[key or 0] if is_key else None))
        time += step
    count = min((time - begins) // AAC_FRAME, 2000)
    late = draw(st.integers(-36_000, 36_000))
    sounds = [Sound(begins + n * AAC_FRAME, b"y") for n in range(count)]
    order = sorted([*pictures, *sounds], key=lambda one: one.time + (late if isinstance(one, Sound) else 0))
    return [pictures[0], *(one for one in order if one is not pictures[0])]


@settings(max_examples=100, deadline=None)
@given(wild())
def test_any_stretch_is_cut_by_the_rules(samples: list[Sample]) -> None:
    cuts = cuts_of(samples)
    assert [one for cut in cuts for one, _ in cut.pictures] == [one for one in samples if isinstance(one, Picture)]
    sounds = [one for one in samples if isinstance(one, Sound) and one.time < cuts[-1].end]
    assert [one for cut in cuts for one, _ in cut.sounds] == sounds
    assert all(before.end == after.start for before, after in pairwise(cuts))
    segment, names = cuts[0].start, None
    for cut in cuts:
        length = cut.end - cut.start
        assert 0 < length <= TIMING.part_target
        assert length >= TIMING.part_least or cut.ends_segment or cut.is_independent
        assert all(cut.start <= one.time < cut.end for one, _ in cut.pictures)
        formats = {one.format for one, _ in cut.pictures if one.is_key}
        if cut.start != segment:
            assert formats <= {names}, "a new size begins a new segment"
        names = cut.pictures[0][0].format if cut.is_independent else names
        if cut.ends_segment:
            assert int((cut.end - segment) / TICKS + 0.5) <= TIMING.target_duration_s
            segment = cut.end
    assert cuts[-1].ends_segment


@settings(max_examples=50, deadline=None)
@given(wild())
def test_durations_lead_from_sample_to_sample(samples: list[Sample]) -> None:
    """A decoder sees no hole and no overlap between parts: each sample lasts until the next one of its track."""
    cuts = cuts_of(samples)
    pictures = [pair for cut in cuts for pair in cut.pictures]
    for (one, length), (following, _) in pairwise(pictures):
        assert one.time + length == following.time


def test_usual_rates_fill_parts_exactly() -> None:
    for fps in (60, 30, 15):
        cuts = cuts_of(regular(fps, 12.8, gop=64 * fps // 30))
        assert {cut.end - cut.start for cut in cuts} == {TIMING.part}, fps
        assert [cut.ends_segment for cut in cuts] == [*[False] * 7, True] * 6
        assert [cut.is_independent for cut in cuts] == [True, *[False] * 7] * 6


def test_other_rates_have_parts_of_whole_frames() -> None:
    for fps in (50, 25, 24, 20):
        cuts = cuts_of(regular(fps, 12, gop=2 * fps))
        assert all((cut.end - cut.start) * fps % TICKS == 0 for cut in cuts), fps
        assert all(cut.end - cut.start <= TIMING.part_target for cut in cuts), fps
        assert all(cut.end - cut.start >= TIMING.part_least or cut.ends_segment for cut in cuts), fps


def test_newcomers_may_begin_inside_of_a_segment() -> None:
    """A key frame with every fourth part, as the composer makes them: every second one begins a segment."""
    cuts = cuts_of(regular(30, 12.8, gop=32))
    assert [cut.is_independent for cut in cuts] == [True, False, False, False] * 12
    assert [cut.ends_segment for cut in cuts] == [*[False] * 7, True] * 6


def test_key_frames_close_together_do_not_make_short_segments() -> None:
    cuts = cuts_of(regular(30, 6, gop=6))
    ends = [cut.end for cut in cuts if cut.ends_segment]
    lengths = [after - before for before, after in zip([0, *ends], ends, strict=False)]
    assert all(length >= TIMING.segment_least for length in lengths[:-1])


def test_without_key_frames_segments_end_all_the_same() -> None:
    cuts = cuts_of(regular(30, 20, gop=10_000))
    ends = [cut.end for cut in cuts if cut.ends_segment]
    assert ends[0] == 16 * TIMING.part, "the last whole part before the target is passed by half a second"
    assert sum(cut.is_independent for cut in cuts) == 1


def test_parts_do_not_wait_for_sound_that_stays_away() -> None:
    silent: list[Sample] = [one for one in regular(30, 4, 60) if isinstance(one, Picture)]
    cutter = Cutter(TIMING, silent[0])
    cuts = [cut for one in silent[1:] for cut in cutter.add(one)]
    assert len(cuts) >= 7


def test_samples_that_go_back_are_left_out() -> None:
    cutter = Cutter(TIMING, Picture(1000, b"x", FORMATS[0]))
    for sample in (Picture(1000, b"x"), Picture(900, b"x"), Sound(999, b"y"), Sound(1000, b"y"), Sound(1000, b"y")):
        assert list(cutter.add(sample)) == []
    (cut,) = cutter.finish()
    assert (len(cut.pictures), len(cut.sounds)) == (1, 1)
