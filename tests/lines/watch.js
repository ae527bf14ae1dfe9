// What a page sees, hears and sends, over time. Needs probe.js. Sums go on when a connection is replaced by another.
(() => {
  const samples = [];
  const frames = [];
  const last = new Map();
  const total = {};
  const add = (name, key, value) => {
    const before = last.get(key + name) ?? 0;
    last.set(key + name, value);
    total[name] = (total[name] ?? 0) + Math.max(0, value - before);
  };
  const read = {
    'inbound-rtp video': { decoded: 'framesDecoded', dropped: 'framesDropped', freezes: 'freezeCount', frozen_s: 'totalFreezesDuration', key_frames: 'keyFramesDecoded', plis_sent: 'pliCount', nacks_sent: 'nackCount', video_lost: 'packetsLost', video_received: 'packetsReceived', video_in_bytes: 'bytesReceived', held_s: 'jitterBufferDelay', held_frames: 'jitterBufferEmittedCount' },
    'inbound-rtp audio': { concealed: 'concealedSamples', silent: 'silentConcealedSamples', heard: 'totalSamplesReceived', energy: 'totalAudioEnergy', audio_lost: 'packetsLost', audio_received: 'packetsReceived', audio_discarded: 'packetsDiscarded' },
    'outbound-rtp video': { sent: 'framesSent', video_out_bytes: 'bytesSent', resent: 'retransmittedPacketsSent', plis: 'pliCount', firs: 'firCount', nacks: 'nackCount', key_frames_sent: 'keyFramesEncoded' },
    'outbound-rtp audio': { audio_out_bytes: 'bytesSent' },
  };
  const present = {};
  const sample = async () => {
    present.connected = 0;
    present.room_up_bps = null;
    for (const [place, peer] of oaseProbe.peers.entries()) {
      if (peer.connectionState === 'closed') continue;
      present.connected += peer.connectionState === 'connected' ? 1 : 0;
      for (const one of (await peer.getStats()).values()) {
        const fields = read[`${one.type} ${one.kind}`];
        if (one.type === 'candidate-pair' && one.nominated && one.state === 'succeeded') {
          present.room_up_bps = one.availableOutgoingBitrate ?? null;
          present.rtt_ms = 1000 * (one.currentRoundTripTime ?? 0);
        }
        if (one.type === 'outbound-rtp' && one.kind === 'video' && one.framesSent) { present.sent_width = one.frameWidth; present.limited_by = one.qualityLimitationReason; }
        if (one.type === 'inbound-rtp' && one.kind === 'video' && one.framesDecoded) { present.width = one.frameWidth; present.decoder_errors = one.decoderFallback ?? null; }
        for (const [name, field] of Object.entries(fields ?? {})) add(name, `${place}/${one.id}/`, one[field] ?? 0);
      }
    }
    samples.push({ at: Date.now() / 1000, ...total, ...present });
  };
  const watched = new WeakSet();
  const watch = () => {
    for (const video of document.querySelectorAll('video')) {
      if (video.id.match(/self|check/) || watched.has(video)) continue;
      watched.add(video);
      const seen = (now, frame) => {
        if (frame.width >= 16) frames.push((performance.timeOrigin + now) / 1000);
        video.requestVideoFrameCallback(seen);
      };
      video.requestVideoFrameCallback(seen);
    }
  };
  const round = async () => { watch(); await sample().catch(() => {}); setTimeout(round, 500); };
  void round();
  window.oaseWatch = { told: () => ({ samples, frames }) };
})();
