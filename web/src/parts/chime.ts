/** Two soft notes, made here: somebody waits, or it is your turn. Silent where the browser does not let a page sound yet. */

let context: AudioContext | undefined;

export function chime(times = 1): void {
  context ??= new AudioContext();
  const { currentTime: now } = context;
  if (context.state === 'suspended') void context.resume();
  for (let round = 0; round < times; round += 1) {
    note(context, 587, now + round * 1.2);
    note(context, 880, now + round * 1.2 + 0.18);
  }
  if (times > 1) navigator.vibrate?.([200, 150, 200]);
}

function note(where: AudioContext, frequency: number, at: number): void {
  const tone = new OscillatorNode(where, { frequency, type: 'sine' });
  const volume = new GainNode(where, { gain: 0 });
  volume.gain.linearRampToValueAtTime(0.16, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0005, at + 0.7);
  tone.connect(volume).connect(where.destination);
  tone.start(at);
  tone.stop(at + 0.75);
}

const plainTitle = document.title;

/** Words before the title of the tab, so that it is seen from another one. "" takes them away. */
export function titleSign(words: string): void {
  document.title = words ? `${words} · ${plainTitle}` : plainTitle;
}
