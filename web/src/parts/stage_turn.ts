/** The audience's page turns into that of somebody on stage, and back, without being left. What that needs is fetched by those alone who are called. */

import { announce, byId, show, toast } from '../dom';
import type { StageCall } from '../messages';
import { page } from '../page';
import { t } from '../text';
import type { OnStage } from '../pages/on_stage';

type Fetched = typeof import('../pages/on_stage');

/** `away` and `back`: of the player; `changed`: invitations have to be read again. */
export interface Watching { away: () => void; back: () => void; changed: () => void }

export class StageTurn {
  #turned: OnStage | null = null;
  #isTurning = false;
  /** Who came back from a call is not turned by the same one again. */
  #hadEnough = false;

  constructor(readonly place: HTMLElement, readonly watching: Watching) {}

  /** What is offered now; whether the page is turned, or turns. Who raised a hand, or was on stage before a reload, is not asked for another press. */
  offered(call: StageCall | null): boolean {
    const isUp = this.#turned !== null || this.#isTurning;
    if (!call) {
      this.end();
      this.#hadEnough = false;
      return false;
    }
    const comesBack = sessionStorage.getItem(kept(call.session)) !== null;
    if (!isUp && (comesBack || (call.raised && !this.#hadEnough))) void this.begin(call);
    return this.#turned !== null || this.#isTurning;
  }

  async begin(call: StageCall): Promise<void> {
    if (this.#turned || this.#isTurning) return;
    this.#isTurning = true;
    try {
      const fetched = (await import(page.on_stage ?? '')) as Fetched;
      this.watching.away();
      this.place.replaceChildren(byId<HTMLTemplateElement>('turned-parts').content.cloneNode(true));
      show(this.place, true);
      this.#turned = new fetched.OnStage(call, kept(call.session), { over: () => this.end(), changed: this.watching.changed });
    } catch {
      toast(t('That did not work'));
    } finally {
      this.#isTurning = false;
    }
    this.watching.changed();
  }

  /** Watching again. */
  end(): void {
    const turned = this.#turned;
    if (!turned) return;
    this.#turned = null;
    this.#hadEnough = true;
    turned.end();
    sessionStorage.removeItem(kept(turned.call.session));
    this.place.replaceChildren();
    show(this.place, false);
    this.watching.back();
    byId('main').focus({ preventScroll: true });
    announce(t('You are watching again.'));
  }
}

const kept = (session: string): string => `oase-stage:${session}`;
