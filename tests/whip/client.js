// A browser as a machine: publishes by WHIP (RFC 9725) and watches by WHEP, from whatever page it is put into.
window.machine = (() => {
  "use strict";
  let pc, resource, etag, answer, key;
  const SDP = "application/sdp", FRAGMENT = "application/trickle-ice-sdpfrag";

  async function post(url) {
    await pc.setLocalDescription();
    const reply = await fetch(url, { method: "POST", body: pc.localDescription.sdp, headers: { "Content-Type": SDP, Authorization: `Bearer ${key}` } });
    answer = await reply.text();
    if (reply.status !== 201) return reply.status;
    resource = new URL(reply.headers.get("Location"), url).href;
    etag = reply.headers.get("ETag");
    await pc.setRemoteDescription({ type: "answer", sdp: answer });
    return reply.status;
  }

  function picture() {
    const canvas = document.createElement("canvas");
    canvas.width = 320; canvas.height = 180;
    const context = canvas.getContext("2d");
    let count = 0;
    setInterval(() => { context.fillStyle = `hsl(${count++ * 7 % 360} 80% 50%)`; context.fillRect(0, 0, 320, 180); }, 66);
    return canvas.captureStream(15).getVideoTracks()[0];
  }

  async function publish(url, secret) {
    key = secret;
    pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    pc.addTransceiver(picture(), { direction: "sendonly" });
    pc.addTransceiver("audio", { direction: "sendonly" });
    return post(url);
  }

  async function watch(url, secret) {
    key = secret;
    pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    pc.addTransceiver("video", { direction: "recvonly" });
    pc.addTransceiver("audio", { direction: "recvonly" });
    pc.ontrack = (event) => { const video = document.createElement("video"); video.muted = true; video.srcObject = new MediaStream([event.track]); void video.play(); };
    return post(url);
  }

  const patch = (body, match) => fetch(resource, { method: "PATCH", body, headers: { "Content-Type": FRAGMENT, "If-Match": match, Authorization: `Bearer ${key}` } });

  function fragment() {
    const line = (name) => new RegExp(`^a=${name}:.*$`, "m").exec(pc.localDescription.sdp)[0];
    return `${[line("ice-ufrag"), line("ice-pwd"), "m=video 9 UDP/TLS/RTP/SAVPF 0", line("mid"), "a=end-of-candidates"].join("\r\n")}\r\n`;
  }

  /** Says once more what the offer said: nothing changes. */
  async function trickle() {
    return (await patch(fragment(), etag)).status;
  }

  /** New credentials on both sides; the answer is the old one with what the fragment brought. */
  async function restart() {
    pc.restartIce();
    await pc.setLocalDescription();
    const reply = await patch(fragment(), "*");
    const text = await reply.text();
    for (const name of ["ice-ufrag", "ice-pwd"]) answer = answer.replace(new RegExp(`^a=${name}:.*$`, "gm"), new RegExp(`^a=${name}:.*$`, "m").exec(text)[0]);
    await pc.setRemoteDescription({ type: "answer", sdp: answer });
    const changed = etag !== reply.headers.get("ETag");
    etag = reply.headers.get("ETag");
    return [reply.status, changed];
  }

  async function end() {
    const reply = await fetch(resource, { method: "DELETE", headers: { Authorization: `Bearer ${key}` } });
    pc.close();
    return reply.status;
  }

  async function frames() {
    let decoded = 0;
    (await pc.getStats()).forEach((one) => { if (one.type === "inbound-rtp" && one.kind === "video") decoded += one.framesDecoded || 0; });
    return decoded;
  }

  return { publish, watch, trickle, restart, end, frames };
})();
