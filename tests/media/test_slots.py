"""Who gets which slot, and what happens when there are too few."""

from server.media.peer.layer import Layer
from server.media.peer.link import Link
from server.media.peer.outlet import Outlet
from server.media.peer.publication import Publication
from server.media.rtp.clock import PublisherClock
from server.media.sdp.answer import Sending
from server.media.sdp.codecs import ChosenCodec
from server.media.slots import assign
from server.media.tap import Codec, Source

VP8 = ChosenCodec(Codec("video/VP8", 90_000), 96, 97, "VP8/90000", ("nack",))
OPUS = ChosenCodec(Codec("audio/opus", 48_000), 111, None, "opus/48000/2", ())


def outlets(video: int, audio: int) -> list[Outlet]:
    made = []
    for kind, count, codec in (("video", video, VP8), ("audio", audio, OPUS)):
        for index in range(count):
            sending = Sending(index + 1, index + 100, f"g{index}", f"{kind}{index}")
            made.append(Outlet(Link(), f"{kind}{index}", kind, sending, [codec], {}, 1))
    return made


def source(participant: str, kind: Source) -> Publication:
    is_sound = kind is Source.MICROPHONE
    codec = OPUS if is_sound else VP8
    made = Publication("0", kind, "audio" if is_sound else "video", [codec], PublisherClock())
    made.participant = participant
    made.add_layer(1)
    return made


def seen(made: list[Outlet]) -> dict[str, str]:
    return {outlet.mid: outlet.publication.participant for outlet in made if outlet.publication is not None}


def test_picture_and_sound_of_one_person_share_a_group() -> None:
    made = outlets(3, 3)
    first = [source("ann", Source.MICROPHONE), source("bob", Source.CAMERA)]
    assert assign(made, first)
    assert assign(made, [*first, source("bob", Source.MICROPHONE), source("ann", Source.CAMERA)])
    groups = {
        (outlet.publication.participant, outlet.sending.group) for outlet in made if outlet.publication is not None
    }
    assert groups == {("ann", "g0"), ("bob", "g1")}


def test_places_are_sticky() -> None:
    made = outlets(2, 0)
    ann, bob = source("ann", Source.CAMERA), source("bob", Source.CAMERA)
    assign(made, [ann, bob])
    assert not assign(made, [bob, ann])
    assert assign(made, [bob])
    assert seen(made) == {"video1": "bob"}
    assert assign(made, [ann, bob])
    assert seen(made) == {"video0": "ann", "video1": "bob"}


def test_screen_takes_a_cameras_place_when_there_is_no_other() -> None:
    made = outlets(2, 0)
    cameras = [source("ann", Source.CAMERA), source("bob", Source.CAMERA)]
    assign(made, cameras)
    screen = source("ann", Source.SCREEN)
    assert assign(made, [*cameras, screen])
    assert made[1].publication is screen
    assert not assign(made, [*cameras, screen])


def test_left_slot_hangs_on_no_layer() -> None:
    made = outlets(1, 0)
    camera = source("ann", Source.CAMERA)
    assign(made, [camera])
    (layer,) = camera.layers
    assert layer.outlets == tuple(made)
    assign(made, [])
    assert layer.outlets == ()
    assert made[0].is_empty


def test_new_stream_of_a_source_is_waited_for() -> None:
    made = outlets(1, 0)
    camera = source("ann", Source.CAMERA)
    assign(made, [camera])
    newer: Layer = camera.add_layer(2)
    assert made[0].map.wanted is newer
    assert newer.outlets == tuple(made)


def test_with_too_few_slots_the_first_of_the_wanted_are_in() -> None:
    made = outlets(1, 2)
    ann, bob, cem = (source(who, Source.MICROPHONE) for who in ("ann", "bob", "cem"))
    assign(made, [ann, bob, cem])
    assert set(seen(made).values()) == {"ann", "bob"}
    assert not assign(made, [bob, ann, cem])
    assert assign(made, [cem, ann, bob])
    assert seen(made) == {"audio0": "ann", "audio1": "cem"}


def test_outranked_picture_stays_until_the_others_key_frame() -> None:
    made = outlets(1, 0)
    ann, bob = source("ann", Source.CAMERA), source("bob", Source.CAMERA)
    assign(made, [ann])
    (outlet,) = made
    packet = ann.layers[0].take(1, 0, True, VP8.codec, b"\x10\x00\x9d\x01\x2a", 1.0, repaired=False)
    assert packet is not None
    assert outlet.takes_over(ann.layers[0], packet)
    assign(made, [bob, ann])
    assert outlet.layer is ann.layers[0]
    assert outlet.map.wanted is bob.layers[0]
    assign(made, [bob])
    assert outlet.publication is bob
