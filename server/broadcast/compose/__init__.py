"""The composer: a process of its own that makes one stream of everybody on a stage.

    python -m server compose --session ID --directory DIR --control unix:PATH --media CONTROL_URL

    scene.py      what the agent wants to be seen (JSON)      director.py  who stands where, by scene and stage (pure)
    feed.py       the worker's packets and facts              stage.py     who is there, and what comes from them
    line.py       packets of one source to timed frames       picture_source.py, sound_source.py   frames to pictures and sound
    art.py        text and colours as planes                  painter.py   places, names, banner, logo and cards on one canvas
    encoders.py   H.264 and AAC                               output.py    one rendition: encoder and packager
    outgoing.py   the programme as packets for the worker, for WHEP
    delay.py      how far the programme is behind the stage (pure)
    programme.py  the thread that puts all of it out          passing.py   when a sender's own picture goes through as it is
    process.py    the process and its control socket          client.py    the web process' end of that socket

Three kinds of threads: the event loop (feed, control), one decoder for each picture, and the programme. They hand frames on through queues; what
changes rarely (scene, stage) is replaced as a whole and never changed in place.

All times are capture times: the programme shows and plays at each moment what was captured some fifth of a second before, picture and sound alike,
and the stream's dates are those of the capture. Whoever is not in the scene's `agreed` is asked of the worker never, and dropped here again.
"""
