"""The media worker: browsers on one port, encoded packets from each to the others. Where to read:

    worker.py    the process               control.py  its door for the web process      client.py  the web process' end of that door
    house.py     connections, sessions, rounds          session.py, slots.py  who gets whom
    edge/        the port: datagrams in, by address and first byte; batches out; TCP
    peer/        one browser: connection.py (ICE, DTLS, SRTP), incoming.py and layer.py (what it sends), outlet.py (what it gets), reports.py (RTCP)
    relay.py     one packet to all slots: the hot loop
    rtp/, sdp/   rules without I/O or clock
    tap.py       what recorder/ and others hang on            seam.py  private names of libraries, all in one place

A packet: `edge/udp.py` reads it, `edge/edge.py` finds its peer, `peer/connection.py` opens it, `peer/incoming.py` finds its layer, `relay.py` writes
it into the batch once for each slot, `edge/batch.py` hands the batch to the kernel.
"""
