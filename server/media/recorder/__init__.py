"""The recorder: one more outlet. It writes what comes, undecoded, into one Matroska file per track, and survives a `kill -9`.

How the worker uses it (all calls on the event loop; none of them blocks it):

    recorder = Recorder(request, session, root=settings().recordings, reserve_bytes=settings().record_reserve_bytes,
                        ask_key=relay.ask_key, announce=events.send)
    await recorder.start()                      # raises NoSpace, BadField (directory), and makes root/directory
    relay.add_tap(recorder)                     # from here on `recorder.packet(...)` for every packet of the session, see `server/media/tap.py`
    recorder.agree(["p1", "p2"])                # whose tracks are written from this packet on; a person left out: not one more byte
    recorder.joined("p3"); recorder.left("p3")  # for the index; `left` also closes that person's tracks
    recorder.speaking("p1")                     # optional: whenever the loudest person changes
    facts = recorder.facts()                    # RecordingFacts so far; after `stop` the final ones
    facts = await recorder.stop()               # files closed and synced; idempotent; also after a failure

`ask_key(participant, source)` asks that sender for a key frame (the relay merges and repeats); the recorder calls it when it starts, when it lost
something, and when the last key frame is `key_interval_s` (2 s) old. `announce(Event)` gets `recording` every 2 s and `recording_failed`
{recording, session, code: no_space | write_failed} once: the recorder has then closed its files by itself and ignores further packets; the worker
takes it off the tap and calls `stop()`.

The tap gives packets as they arrive, duplicates and padding already dropped, late and repaired ones included:

    packet(participant, source, codec, seq_ext, rtp_time, marker, payload, arrival, capture)

`source` camera | microphone | screen; `codec` VP8 | H264 | opus; `seq_ext` unwrapped sequence number; `rtp_time` as in the header (32 bit);
`payload` bytes after header, extensions and padding, kept by reference; `arrival` loop time in seconds; `capture` None or the capture time by the
sender reports, in seconds of the loop's clock (one offset per publisher, so that its picture and sound stay together).
Only people on stage are tapped. A new connection of the same person needs no call: a jump of the timestamps starts the clock anew.

On disk, in root/directory:

    index.jsonl       one JSON object a line, flushed as it goes: start, track, joined, left, consent, speaker, gap, beat, stop
    t001-camera.mkv   a track while it is recorded; `python -m server finish DIR` makes t001-camera.webm (or .mp4) of it and removes it
    facts.json        what the finisher found (written last, so its presence means: tracks are finished)
    view.mp4 poster.jpg   made by `server/broadcast/view.py`
"""
