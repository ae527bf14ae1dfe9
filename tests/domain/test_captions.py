"""WebVTT files are read into times and words, and written so that nothing in them is markup."""

import random

import pytest

from server.domain.captions import CAPTION_BYTES, Cue, read_captions, write_captions
from server.errors import BadCaptions

FILE = """\ufeffWEBVTT - Meters

NOTE who spoke
was not asked

STYLE
::cue { background-image: url(https://elsewhere.example/seen) }

first
00:01.000 --> 00:04.250 align:start position:10%
<v Ann>Read the <b>upper</b> row,</v>
then &lt;press&gt; &amp; wait.

01:00:00.000 --> 01:00:02.000
\u202e<c.loud>Done</c>

01:00:03.000 --> 01:00:04.000
<i></i>
"""


def test_times_and_words_stay_and_nothing_else() -> None:
    cues = read_captions(FILE.replace("\n", "\r\n").encode())
    assert cues == [
        Cue(1000, 4250, "Read the upper row,\nthen <press> & wait."),
        Cue(3_600_000, 3_602_000, "Done"),
    ]
    written = write_captions(cues)
    assert written.startswith(
        "WEBVTT\n\n00:00:01.000 --> 00:00:04.250\nRead the upper row,\nthen &lt;press&gt; &amp; wait.\n\n"
    )
    assert read_captions(written.encode()) == cues


def test_words_cannot_become_times_or_markup() -> None:
    cues = [Cue(0, 1000, "00:02.000 --> 00:03.000\n<script>alert(1)</script>\nNOTE &lt;"), Cue(500, 2000, "Two")]
    assert read_captions(write_captions(cues).encode()) == cues


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 1, "no_header"),
        ("1\n00:01,000 --> 00:02,000\nSubRip\n", 1, "no_header"),
        ("WEBVTTX\n\n", 1, "no_header"),
        ("WEBVTT\n\n", 1, "empty"),
        ("WEBVTT\n\nwords alone\n", 3, "no_times"),
        ("WEBVTT\n\n00:01,000 --> 00:02,000\nComma\n", 3, "bad_times"),
        ("WEBVTT\n\nid\n00:02.000 --> 00:01.000\nBack\n", 4, "bad_times"),
        ("WEBVTT\n\n00:61.000 --> 01:62.000\nSeconds\n", 3, "bad_times"),
        ("WEBVTT\n\n00:05.000 --> 00:06.000\nA\n\n00:01.000 --> 00:02.000\nB\n", 6, "not_in_order"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\nA\n00:02.000 --> 00:03.000\nB\n", 5, "no_blank_line"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n" + "x" * 1001, 4, "too_long"),
        ("WEBVTT\n\n" + " " * CAPTION_BYTES, 1, "too_long"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, line: int, why: str) -> None:
    with pytest.raises(BadCaptions) as failed:
        read_captions(text.encode())
    assert (failed.value.facts["line"], failed.value.facts["why"]) == (line, why)


def test_bytes_that_are_no_text_are_named_by_their_line() -> None:
    with pytest.raises(BadCaptions) as failed:
        read_captions(b"WEBVTT\n\n00:01.000 --> 00:02.000\nGr\xfc\xdfe\n")
    assert (failed.value.facts["line"], failed.value.facts["why"]) == (4, "not_utf8")


def test_any_bytes_are_read_or_refused_and_what_is_written_reads_the_same() -> None:
    chance, base = random.Random(7), FILE.encode()
    for _ in range(2000):
        data = bytearray(base[: chance.randint(0, len(base))])
        for _ in range(chance.randint(0, 12) if data else 0):
            data[chance.randrange(len(data))] = chance.choice(b"<>&-:.\n\r 019aW\xff\x00")
        try:
            cues = read_captions(bytes(data))
        except BadCaptions:
            continue
        assert read_captions(write_captions(cues).encode()) == cues
