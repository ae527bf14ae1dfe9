"""LL-HLS: encoded pictures and sound become parts on disk, an index, playlists, and answers for viewers.

    samples.py    what comes in: H.264 and AAC, one frame each        packets.py    the same out of PyAV's packets
    cutter.py     where parts and segments end (pure)                 boxes.py, initial.py, fragments.py   MP4, byte by byte
    stream.py     what a stream consists of (pure)                    index.py      its lines on disk
    tape.py       the one writer's hands: files and index             packager.py   samples in, tape out
    playlist.py, multivariant.py, reload.py   what viewers read and may ask (pure)
    follower.py   reads a growing index                               serving.py    which answer, now or once it is there

Two processes share a folder and nothing else: the composer writes it with `packager.py`, the web process reads it with `serving.py`. Every file is
whole when the index names it and never changes afterwards. Rules: draft-pantos-hls-rfc8216bis (here "RFC 8216bis"), ISO/IEC 14496-12 and -15.

Sound and picture are in the same files: two renditions would double the requests of every viewer. So the files follow CMAF in all but that (one
`moof` and `mdat` for each part, `tfdt`, addresses from the `moof`) and name none of its brands.
"""
