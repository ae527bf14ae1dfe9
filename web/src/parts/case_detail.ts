/** The right side of the desk: one case, what has happened, and what an agent can do with it. */

import { isCode, post, sentence } from '../api';
import type { Connection } from '../connection';
import { byId, closable, el, icon, isShown, setText, show, whileBusy } from '../dom';
import type { CaseView, LinkView } from '../messages';
import { readCase } from '../room';
import { t } from '../text';
import { answering } from './answered';
import { CaseLog } from './case_log';
import { caseFacts, stateBadge } from './facts';
import { noteField } from './note';
import { LinksList } from './links_list';
import { isNews, recordingLines } from './recordings_list';
import { shareLink } from './share_link';
import { fillTimeline } from './timeline';

export class CaseDetail {
  view: CaseView | null = null;
  log: CaseLog | null = null;
  readonly #links = new LinksList(byId('detail-links'));
  #endNote: () => void = () => {};
  #reading: Promise<unknown> = Promise.resolve();

  /** `take` takes the case and opens the session; `changed` is told when a list may have changed. */
  constructor(readonly line: Connection, readonly take: (view: CaseView, log: CaseLog) => Promise<void>, readonly changed: () => void) {
    closable(byId<HTMLDialogElement>('closing'));
    byId('close-form').addEventListener('submit', (event) => {
      event.preventDefault();
      byId<HTMLDialogElement>('closing').close();
      void this.#act('close', { outcome: new FormData(byId<HTMLFormElement>('close-form')).get('outcome') });
    });
    answering(byId('detail-answered'), () => this.view?.id ?? null);
    byId('detail-links-part').addEventListener('toggle', () => this.#readLinks());
    line.on('case', (told) => { if (told.case === this.view?.id && isShown(byId('desk'))) void this.refresh(); });
    line.on('recording', (told) => { if (this.view && isNews(this.view, told)) void this.refresh(); });
  }

  async open(id: string): Promise<void> {
    this.#letGo();
    show(byId('detail-failed'), false);
    const log = new CaseLog(id, this.line);
    this.log = log;
    try {
      const reading = readCase(id);
      this.#reading = reading;
      const view = await reading;
      if (this.log !== log) return; // Another one was chosen meanwhile.
      this.view = view;
      log.on('loaded', () => this.#renderTimeline());
      log.on('entry', () => this.#renderTimeline());
      this.#endNote = noteField({ form: byId('detail-note'), field: byId('detail-note-field'), state: byId('detail-note-state') }, log);
      this.render();
      this.#readLinks();
      await log.load();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Nothing is chosen any more. */
  close(): void {
    this.#letGo();
    this.view = null;
    show(byId('detail-none'), true);
    show(byId('detail-case'), false);
    byId('desk').classList.remove('desk-detail');
  }

  async refresh(): Promise<void> {
    if (!this.view) return;
    const { id } = this.view;
    const view = await readCase(id).catch(() => null);
    if (view && this.view?.id === id) { this.view = view; this.render(); this.#renderTimeline(); }
  }

  /** Hands the timeline on to the session view, which goes on following it. */
  keepLog(): CaseLog | null {
    const { log } = this;
    this.log = null;
    return log;
  }

  /** The chosen case; who is quick with the key takes that one, too, and not the one that stood here before. */
  async takeIt(): Promise<void> {
    await this.#reading.catch(() => {}); // `open` says why it failed.
    if (this.view?.state !== 'waiting' || this.log?.id !== this.view.id) return;
    show(byId('detail-failed'), false);
    try {
      await this.take(this.view, this.log);
    } catch (error) {
      this.#fail(error);
      this.changed();
      void this.refresh();
    }
  }

  render(): void {
    const { view } = this;
    if (!view) return;
    show(byId('detail-none'), false);
    show(byId('detail-case'), true);
    byId('desk').classList.add('desk-detail');
    stateBadge(byId('detail-state'), view);
    setText(byId('detail-number'), `${view.number} · ${view.topic.name}`);
    setText(byId('detail-name'), view.name);
    setText(byId('detail-summary'), view.summary);
    byId('detail-facts').replaceChildren(...caseFacts(view));
    byId('detail-recordings').replaceChildren(...recordingLines(view.recordings, true));
    show(byId('detail-recordings-part'), view.recordings.length > 0);
    byId('detail-acts').replaceChildren(...this.#acts(view));
  }

  /** While they are open to see. */
  #readLinks(): void {
    if (this.view && byId<HTMLDetailsElement>('detail-links-part').open) void this.#links.read(this.view.id);
  }

  #renderTimeline(): void {
    if (this.log && isShown(byId('desk'))) fillTimeline(byId('detail-timeline'), this.log.entries);
  }

  #acts(view: CaseView): HTMLElement[] {
    const button = (words: string, picture: string, work: () => unknown, extra = ''): HTMLElement => {
      const made = el('button', { class: `button button-s ${extra}`, type: 'button' }, icon(picture, 'icon-s'), words);
      made.addEventListener('click', () => void whileBusy(made, async () => { await work(); }));
      return made;
    };
    const link = button(t('New link'), 'link', async () => { await shareLink('customer-link', () => post<LinkView>(`/api/v1/cases/${view.id}/links`)); this.#readLinks(); });
    const session = el('a', { class: 'button button-s button-main', href: `/s/${view.session?.id ?? ''}?as=agent` }, icon('camera', 'icon-s'), t('Into the conversation'));
    const close = button(t('Close'), 'check-circle', () => byId<HTMLDialogElement>('closing').showModal());
    switch (view.state) {
      case 'waiting': {
        const take = button(t('Take'), 'camera', () => this.takeIt(), 'button-main');
        take.append(el('kbd', { 'aria-hidden': 'true' }, 'T'));
        take.setAttribute('aria-keyshortcuts', 't');
        return [take, link];
      }
      case 'taken': return [session, button(t('Put back in the queue'), 'arrow-right', () => this.#act('release')), link];
      case 'open': return [link, close];
      case 'closed': return [button(t('Open again'), 'refresh', () => this.#act('reopen')), link];
    }
  }

  async #act(verb: string, body?: unknown): Promise<void> {
    if (!this.view) return;
    try {
      this.view = await post<CaseView>(`/api/v1/cases/${this.view.id}/${verb}`, body);
      this.render();
      this.changed();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    show(byId('detail-none'), this.view === null);
    show(byId('detail-case'), this.view !== null);
    setText(byId('detail-failed'), sentence(error));
    show(byId('detail-failed'), true);
    if (isCode(error, 'already_taken')) byId('detail-failed').setAttribute('tabindex', '-1');
  }

  #letGo(): void {
    this.#endNote();
    this.log?.close();
    this.log = null;
  }
}
