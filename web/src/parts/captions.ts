/** Captions: as tracks of a player, and as a list that agents keep. */

import { isCode, Problem, remove, sendFile, sentence } from '../api';
import { byId, el, icon, setText, show, toast, whileBusy } from '../dom';
import type { CaptionsFile, RecordingView } from '../messages';
import { language as reader, t } from '../text';

/** "German", in the reader's language. */
const nameOf = (language: string): string => new Intl.DisplayNames([reader()], { type: 'language' }).of(language) ?? language;

/** The player offers these, and no others. */
export function offerCaptions(video: HTMLVideoElement, files: readonly CaptionsFile[]): void {
  const wanted = new Set(files.map(({ url }) => url));
  for (const track of video.querySelectorAll('track')) if (!wanted.delete(track.getAttribute('src') ?? '')) track.remove();
  for (const { url, language } of files) if (wanted.has(url)) video.append(el('track', { kind: 'captions', src: url, srclang: language, label: nameOf(language) }));
}

const LANGUAGES = ['de', 'en', 'tr', 'ru', 'uk', 'pl', 'ar', 'fr', 'it', 'es', 'ro', 'nl'];

/** The list below a recording, for agents; `changed` gets what the server made of it. */
export class CaptionsList {
  constructor(readonly recording: string, readonly changed: (view: RecordingView) => void) {
    byId('captions-language').append(...LANGUAGES.map((one) => el('option', { value: one }, nameOf(one))));
    byId('captions-form').addEventListener('submit', (event) => { event.preventDefault(); void whileBusy(byId('captions-go'), () => this.#add()); });
  }

  render(files: readonly CaptionsFile[]): void {
    byId('captions').replaceChildren(...files.map(({ language }) => el('li', { class: 'captions-row', 'data-language': language }, el('span', {}, nameOf(language)), this.#remover(language))));
    show(byId('captions'), files.length > 0);
  }

  #remover(language: string): HTMLElement {
    const button = el('button', { class: 'button button-s', type: 'button', 'aria-label': t('Remove the captions: %(language)s', { language: nameOf(language) }) }, icon('trash', 'icon-s'), t('Remove'));
    button.addEventListener('click', () => void whileBusy(button, () => this.#change(() => remove<RecordingView>(this.#path(language)))));
    return button;
  }

  async #add(): Promise<void> {
    const file = byId<HTMLInputElement>('captions-file').files?.[0];
    if (!file) { this.#fail(t('Please choose a file.')); return; }
    const language = byId<HTMLSelectElement>('captions-language').value;
    if (await this.#change(() => sendFile<RecordingView>(this.#path(language), file))) { byId<HTMLFormElement>('captions-form').reset(); toast(t('Saved.')); }
  }

  #path(language: string): string {
    return `/api/v1/recordings/${this.recording}/captions/${language}`;
  }

  async #change(work: () => Promise<RecordingView>): Promise<boolean> {
    show(byId('captions-failed'), false);
    try { this.changed(await work()); return true; } catch (error) { this.#fail(isCode(error, 'bad_captions') ? reason(error as Problem) : sentence(error)); return false; }
  }

  #fail(words: string): void {
    setText(byId('captions-failed'), words);
    show(byId('captions-failed'), true);
  }
}

/** What is wrong with the file, and where. */
function reason({ facts, detail }: Problem): string {
  const words: Readonly<Record<string, string>> = {
    no_header: t('The file does not begin with WEBVTT.'), not_utf8: t('The file is not written in UTF-8.'), no_times: t('Times are missing, such as 00:01.000 --> 00:04.000.'),
    bad_times: t('These times cannot be read, or end before they begin.'), not_in_order: t('It begins before the one above it.'), no_blank_line: t('A blank line is missing before the next times.'),
    too_long: t('That is too long.'), empty: t('There are no captions in the file.'),
  };
  const why = words[String(facts['why'])];
  return why ? t('Line %(line)s: %(why)s', { line: String(facts['line']), why }) : detail;
}
