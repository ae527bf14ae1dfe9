// A clock that a camera shows and a player reads: 16 bits of the time in milliseconds as blocks, and below them their opposites, as a check.
window.clock = (() => {
  'use strict';
  const [COLUMNS, SIDE, LEFT, TOP] = [16, 64, 128, 232];
  const [WIDTH, HEIGHT] = [1280, 720];
  /** `place` is where the clock's camera stands in the picture that is read. */
  const clock = { first_ms: 0, place: { left: 0, top: 0, width: WIDTH, height: HEIGHT } };
  let read = [], stalls = 0, unreadable = 0, turn = 0;

  function paint(context) {
    const now = Date.now() & 0xffff;
    context.fillStyle = `hsl(${now / 182} 40% 45%)`;
    context.fillRect(0, 0, WIDTH, HEIGHT);
    for (let bit = 0; bit < COLUMNS; bit += 1) {
      const on = now >> bit & 1;
      context.fillStyle = on ? '#fff' : '#000';
      context.fillRect(LEFT + bit * SIDE, TOP, SIDE, SIDE);
      context.fillStyle = on ? '#000' : '#fff';
      context.fillRect(LEFT + bit * SIDE, TOP + 2 * SIDE, SIDE, SIDE);
    }
  }

  /** Pages that ask for a camera get the clock, with a soft tone for a microphone. */
  clock.becomeCamera = () => {
    navigator.mediaDevices.getUserMedia = async (wish) => {
      const tracks = [];
      if (wish.video) {
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [WIDTH, HEIGHT];
        const context = canvas.getContext('2d', { alpha: false });
        paint(context);
        setInterval(() => paint(context), 1000 / 30);
        tracks.push(canvas.captureStream(30).getVideoTracks()[0]);
      }
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
    if (video.dataset.clock) return;
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
