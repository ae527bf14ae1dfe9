"""The recorder: one more outlet. It writes what comes, undecoded, into one Matroska file per track, and survives a `kill -9`.

How the worker uses it (all calls on the event loop; none of them blocks it):

    recorder = Recorder(request, session, root=settings().recordings, reserve_bytes=settings().record_reserve_bytes,
                        ask_key=relay.ask_key, announce=events.send)
    await recorder.start()                      # raises NoSpace, BadField (directory), and makes root/directory
    session.add_tap(recorder)                   # from here on `recorder.packet(...)` for every packet of those who agreed, see `server/media/tap.py`
    recorder.agree(["p1", "p2"])                # whose tracks are written from this packet on; a person left out: not one more byte
    session.aim_taps()                          # and not one more request for a better picture of theirs, either
    recorder.joined("p3"); recorder.left("p3")  # for the index; `left` also closes that person's tracks
    recorder.speaking("p1")                     # optional: whenever the loudest person changes
    facts = recorder.facts()                    # RecordingFacts so far; after `stop` the final ones
    facts = await recorder.stop()               # files closed and synced; idempotent; also after a failure

`ask_key(participant, source)` asks that sender for a key frame (the relay merges and repeats); the recorder calls it when it starts, when it lost
something, and when the last key frame is `key_interval_s` (2 s) old. `announce(Event)` gets `recording` every 2 s and `recording_failed`
{recording, session, code: no_space | write_failed} once: the recorder has then closed its files by itself and ignores further packets; the worker
takes it off the tap and calls `stop()`.

The tap gives packets as they arrive, duplicates and padding already dropped, late and repaired ones included:

    packet(participant, source, codec, seq, rtp_time, marker, payload, arrival, capture)

`video/VP8`, `video/H264` and `audio/opus` are written; another codec is named in the log and left out. `arrival` is loop time, `capture` in the
same clock.
Only people on stage who agreed are tapped. A new connection of the same person needs no call: a jump of the timestamps starts the clock anew.

On disk, in root/directory:

    (finished by `python -m server finish DIR` and `view DIR`: see `steps.py` for what they print)
    index.jsonl       one JSON object a line, flushed as it goes: start, track, joined, left, consent, speaker, gap, beat, stop (see `index.py`)
    t001-camera.mkv   a track while it is recorded; finishing makes t001-camera.webm (or .mp4) of it and removes it
    facts.json        what there is (`facts.py`: read_facts); it appears when the tracks are finished, and again with the view in it
    view.mp4 poster.jpg   made by `server/broadcast/view.py`
"""

from server.media.recorder.recorder import Recorder

__all__ = ["Recorder"]
