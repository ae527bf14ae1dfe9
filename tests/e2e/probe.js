// Put before every page of a test: remembers peer connections and times, and answers what is seen and heard. Changes nothing.
(() => {
  const peers = [];
  const marks = {};
  const mark = (name) => { if (!(name in marks)) marks[name] = performance.now(); };
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      peers.push(this);
      this.addEventListener('connectionstatechange', () => { if (this.connectionState === 'connected') mark('connected'); });
      this.addEventListener('iceconnectionstatechange', () => { if (this.iceConnectionState === 'connected') mark('ice'); });
    }
    async setRemoteDescription(...args) { mark('answer_in'); await super.setRemoteDescription(...args); mark('answer_set'); }
  };
  const fetched = window.fetch;
  window.fetch = async (target, ...rest) => {
    const path = String(target.url ?? target);
    const isOffer = /\/(connections|prepared)$/.test(path);
    const isEntry = /\/(enter|take)$/.test(path);
    if (isOffer) mark('offer_out');
    if (isEntry) mark('entry_out');
    const answer = await fetched(target, ...rest);
    if (isOffer) mark('answer_head');
    if (isEntry) mark('entry_in');
    return answer;
  };

  addEventListener('pointerdown', () => { marks.click = performance.now(); }, true);
  addEventListener('keydown', () => { marks.click = performance.now(); }, true);

  const watched = new WeakSet();
  const watch = () => {
    for (const video of document.querySelectorAll('video')) {
      if (video.muted && video.id.match(/self|check/)) continue;
      if (watched.has(video) || !video.requestVideoFrameCallback) continue;
      watched.add(video);
      const seen = (now, frame) => {
        if (frame.width < 16) { video.requestVideoFrameCallback(seen); return; } // What stands there before the first picture.
        mark('first_frame');
      };
      video.requestVideoFrameCallback(seen);
    }
  };
  const start = () => { new MutationObserver(watch).observe(document, { childList: true, subtree: true, attributes: true }); watch(); };
  if (document.documentElement) start(); else addEventListener('DOMContentLoaded', start);

  /** Sums over all open connections: frames decoded and sound energy of each incoming stream, and what goes out. */
  const stats = async () => {
    const found = { video: {}, audio: {}, sent: 0, connected: 0 };
    for (const peer of peers) {
      if (peer.connectionState === 'closed') continue;
      if (peer.connectionState === 'connected') found.connected += 1;
      for (const one of (await peer.getStats()).values()) {
        if (one.type === 'inbound-rtp' && one.kind === 'video') found.video[one.id] = one.framesDecoded ?? 0;
        if (one.type === 'inbound-rtp' && one.kind === 'audio') found.audio[one.id] = one.totalAudioEnergy ?? 0;
        if (one.type === 'outbound-rtp' && one.kind === 'video') found.sent += one.framesSent ?? one.framesEncoded ?? 0;
      }
    }
    return found;
  };

  /** Videos of other people that are on the page and move: size and time of each. */
  const pictures = () => [...document.querySelectorAll('video')]
    .filter((video) => !video.id.match(/self|check/) && video.videoWidth > 0 && video.getClientRects().length > 0)
    .map((video) => ({ width: video.videoWidth, height: video.videoHeight, time: video.currentTime, paused: video.paused }));

  /** Which layers of the camera go out, how many lines the pictures have that come in, and how often they stood still. */
  const layers = async () => {
    const found = { sent: [], seen: [], freezes: 0 };
    for (const peer of peers.filter((one) => one.connectionState === 'connected')) {
      for (const sender of peer.getSenders()) found.sent.push(...sender.getParameters().encodings.filter((one) => one.rid && one.active).map(({ rid }) => rid));
      for (const one of (await peer.getStats()).values()) {
        if (one.type !== 'inbound-rtp' || one.kind !== 'video' || !one.framesDecoded) continue;
        found.seen.push(one.frameHeight);
        found.freezes += one.freezeCount ?? 0;
      }
    }
    return found;
  };

  /** The m-line of the shared screen, and how much it may take at most. */
  const screen = () => {
    const one = peers.at(-1).getTransceivers()[2];
    return [one.mid, one.sender.getParameters().encodings[0].maxBitrate];
  };

  window.oaseProbe = { peers, marks, mark, stats, pictures, layers, screen, forget: () => Object.keys(marks).forEach((name) => delete marks[name]) };
})();
