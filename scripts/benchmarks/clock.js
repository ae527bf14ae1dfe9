// A clock that a camera shows and a player reads: 16 bits of the time in milliseconds as blocks, and below them their opposites, as a check.
window.clock = (() => {
  'use strict';
  const [COLUMNS, SIDE, LEFT, TOP] = [16, 64, 128, 232];
  const [WIDTH, HEIGHT] = [1280, 720];
  /** `place` is where the clock's camera stands in the picture that is read. */
  const clock = { first_ms: 0, isCamera: false, place: { left: 0, top: 0, width: WIDTH, height: HEIGHT } };
  let read = [], stalls = 0, unreadable = 0, turn = 0;

  /** Studio-range luma and chroma of a colour that goes once around in a minute. */
  function colour(now) {
    const turn = now / 65536 * 2 * Math.PI;
    return [105, 128 + 36 * Math.cos(turn), 128 + 36 * Math.sin(turn)];
  }

  /** One picture in I420. Planes are filled by rows: a canvas of this size takes most of a core to paint and read back, which the viewers need. */
  function paint(planes) {
    const now = Date.now() & 0xffff, [luma, blue, red] = colour(now), small = WIDTH * HEIGHT / 4;
    planes.fill(luma, 0, 4 * small).fill(blue, 4 * small, 5 * small).fill(red, 5 * small);
    for (const [row, isOpposite] of [[0, 0], [2, 1]]) {
      const first = (TOP + row * SIDE) * WIDTH;
      for (let bit = 0; bit < COLUMNS; bit += 1) {
        const at = first + LEFT + bit * SIDE;
        planes.fill((now >> bit & 1) ^ isOpposite ? 235 : 16, at, at + SIDE);
      }
      for (let line = 1; line < SIDE; line += 1) planes.copyWithin(first + line * WIDTH, first, first + WIDTH);
      for (let line = 0; line < SIDE / 2; line += 1) {
        const at = ((TOP + row * SIDE) / 2 + line) * WIDTH / 2 + LEFT / 2, wide = COLUMNS * SIDE / 2;
        planes.fill(128, 4 * small + at, 4 * small + at + wide).fill(128, 5 * small + at, 5 * small + at + wide);
      }
    }
  }

  /** A track of 30 pictures a second. */
  function camera() {
    const track = new MediaStreamTrackGenerator({ kind: 'video' }), writer = track.writable.getWriter();
    const planes = new Uint8Array(WIDTH * HEIGHT * 3 / 2);
    setInterval(() => {
      if (writer.desiredSize <= 0) return;
      paint(planes);
      const frame = new VideoFrame(planes, { format: 'I420', codedWidth: WIDTH, codedHeight: HEIGHT, timestamp: performance.now() * 1000 });
      void writer.write(frame).catch(() => {});
    }, 1000 / 30);
    return track;
  }

  /** Pages that ask for a camera get the clock, with a soft tone for a microphone. */
  clock.becomeCamera = () => {
    clock.isCamera = true;
    navigator.mediaDevices.getUserMedia = async (wish) => {
      const tracks = [];
      if (wish.video) tracks.push(camera());
      if (wish.audio) {
        const sound = new AudioContext();
        const tone = new OscillatorNode(sound, { frequency: 440 }), quiet = new GainNode(sound, { gain: 0.05 });
        const end = sound.createMediaStreamDestination();
        tone.connect(quiet).connect(end);
        tone.start();
        tracks.push(end.stream.getAudioTracks()[0]);
      }
      return new MediaStream(tracks);
    };
  };

  /** How long ago the shown frame was painted, in seconds; null when it cannot be read. */
  function late_s(context, video) {
    const { left, top, width, height } = clock.place;
    context.drawImage(video, left, top, width, height, 0, 0, WIDTH, HEIGHT);
    const strip = context.getImageData(LEFT, TOP, COLUMNS * SIDE, 3 * SIDE);
    const bright = (bit, row) => strip.data[4 * ((row * SIDE + SIDE / 2) * strip.width + bit * SIDE + SIDE / 2) + 1] > 128;
    let value = 0;
    for (let bit = 0; bit < COLUMNS; bit += 1) {
      if (bright(bit, 0) === bright(bit, 2)) return null;
      value |= Number(bright(bit, 0)) << bit;
    }
    return ((Date.now() - value) & 0xffff) / 1000;
  }

  function follow(video) {
    if (clock.isCamera || video.dataset.clock) return; // The presenter's preview is nobody's picture.
    video.dataset.clock = 'read';
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [WIDTH, HEIGHT];
    const context = canvas.getContext('2d', { willReadFrequently: true });
    const look = () => {
      clock.first_ms = clock.first_ms || performance.now();
      if (turn++ % 6 === 0) {
        const found = late_s(context, video);
        if (found === null) unreadable += 1;
        else read.push({ late_s: found, behind_s: Number(video.dataset.late) || null });
      }
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
    video.addEventListener('waiting', () => { if (clock.first_ms && !video.seeking) stalls += 1; });
  }

  new MutationObserver(() => { for (const video of document.querySelectorAll('video')) if (!video.closest('#self')) follow(video); })
    .observe(document, { childList: true, subtree: true });

  clock.begin = () => { read = []; stalls = 0; unreadable = 0; };
  clock.seen = () => ({ read, stalls, unreadable });

  /** A WHEP player in this page, as somebody whom nobody knows. */
  clock.watch = async (address) => {
    const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    for (const kind of ['video', 'audio']) peer.addTransceiver(kind, { direction: 'recvonly' });
    peer.ontrack = (event) => {
      if (event.track.kind !== 'video') return;
      const video = document.createElement('video');
      video.muted = true;
      video.srcObject = new MediaStream([event.track]);
      document.body.append(video);
      void video.play();
    };
    await peer.setLocalDescription();
    const answer = await fetch(address, { method: 'POST', body: peer.localDescription.sdp, headers: { 'Content-Type': 'application/sdp' }, credentials: 'omit' });
    if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
    await peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  };
  return clock;
})();
