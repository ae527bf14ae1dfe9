/** The dialog with a link to hand on: copy it, or scan it from another device. */

import { sentence } from '../api';
import { byId, closable, show, toast } from '../dom';
import type { LinkView } from '../messages';
import { day, t } from '../text';

/** Opens the dialog `id` and fills it with the link that `make` gets; each opening makes a new one. */
export async function shareLink(id: string, make: () => Promise<LinkView>): Promise<void> {
  const dialog = byId<HTMLDialogElement>(id);
  const box = dialog.querySelector<HTMLElement>('[data-share]') as HTMLElement;
  const field = box.querySelector('input') as HTMLInputElement;
  const failed = box.querySelector('[data-failed]') as HTMLElement;
  prepare(dialog, field);
  field.value = '';
  show(failed, false);
  box.setAttribute('aria-busy', 'true');
  if (!dialog.open) dialog.showModal();
  try {
    const made = await make();
    field.value = new URL(made.link, location.href).href;
    fillPicture(box.querySelector('img') as HTMLImageElement, made.qr_svg);
    (box.querySelector('[data-until]') as HTMLElement).textContent = t('The link works until %(day)s.', { day: day(new Date(made.expires_at)) });
  } catch (error) {
    failed.textContent = sentence(error);
    show(failed, true);
  }
  box.setAttribute('aria-busy', 'false');
}

function fillPicture(picture: HTMLImageElement, svg: string): void {
  URL.revokeObjectURL(picture.src);
  picture.src = URL.createObjectURL(new Blob([withNamespace(svg)], { type: 'image/svg+xml' }));
  picture.classList.remove('skeleton');
}

/** An SVG that stands alone needs its namespace. */
const withNamespace = (svg: string): string => (svg.includes('xmlns=') ? svg : svg.replace('<svg', '<svg xmlns="http://www.w3.org/2000/svg"'));

function prepare(dialog: HTMLDialogElement, field: HTMLInputElement): void {
  if (dialog.dataset['ready']) return;
  dialog.dataset['ready'] = 'yes';
  closable(dialog);
  field.addEventListener('focus', () => field.select());
  dialog.querySelector('[data-copy]')?.addEventListener('click', () => void copy(field.value, field));
}

export async function copy(text: string, field?: HTMLInputElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(t('Copied'));
  } catch {
    field?.select();
    toast(t('Please copy the marked text yourself.'));
  }
}
