/** A case's one timeline on this page: read once, then followed by sequence number. Entries come in order and each once. */

import { get, post } from '../api';
import type { Connection } from '../connection';
import { Emitter } from '../emitter';
import type { Entry, Timeline } from '../messages';

export class CaseLog extends Emitter<{ entry: Entry; loaded: readonly Entry[] }> {
  readonly #entries = new Map<number, Entry>();
  readonly #end: () => void;

  constructor(readonly id: string, readonly line: Connection) {
    super();
    this.#end = line.on('entry', (entry) => { if (entry.case === id) this.add(entry); });
  }

  get entries(): readonly Entry[] {
    return [...this.#entries.values()].sort((one, other) => one.seq - other.seq);
  }

  async load(): Promise<void> {
    let after = 0;
    let found: Timeline;
    do {
      found = await get<Timeline>(`/api/v1/cases/${this.id}/timeline?after=${after}&limit=200`);
      for (const entry of found.entries) this.#entries.set(entry.seq, entry);
      after = found.seq;
    } while (found.more);
    this.tell('loaded', this.entries);
    this.line.watch(this.id, after);
  }

  /** Says it in the chat, or writes it down for agents only. With the same `clientId` it is said once, however often it is sent. */
  async say(kind: 'chat' | 'notes', text: string, clientId: string): Promise<void> {
    this.add(await post<Entry>(`/api/v1/cases/${this.id}/${kind}`, { text, client_id: clientId }));
  }

  add(entry: Entry): void {
    if (this.#entries.has(entry.seq)) return;
    this.#entries.set(entry.seq, entry);
    this.tell('entry', entry);
  }

  close(): void {
    this.#end();
    this.line.unwatch(this.id);
  }
}
