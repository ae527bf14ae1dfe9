/**
 * What an audience does, as one page knows it: lines, questions, polls, and who the reader is there. No DOM.
 *
 * The socket says changes with their numbers. Whatever this page lacks (it came late, a message was lost, the line was cut) it asks for by HTTP, and of
 * two versions of a thing the one with the higher number counts.
 */

import { get, patch, post, put, remove } from './api';
import type { Connection } from './connection';
import { Emitter } from './emitter';
import type {
  AudienceEvents, AudienceRules, AudienceView, ChatLine, ChatLineState, HandPlace, HandsView, HandView, MemberTold, MemberCase, MembersView, MemberView, MeTooView,
  PollState, PollView, QuestionState, QuestionView, Reaction, StageTold,
} from './messages';
import { clientId } from './page';

export interface AudienceNews {
  /** `isAnew`: what was there before is not complete any more. */
  lines: { changed: readonly ChatLine[]; isAnew: boolean };
  questions: Record<string, never>;
  polls: Record<string, never>;
  hands: Record<string, never>;
  /** Who the reader is, what they voted for, what holds. */
  me: Record<string, never>;
  reactions: Partial<Record<Reaction, number>>;
  viewers: { count: number };
}

const NOTHING = {};
const SPREAD_MS = 1500;

export class Audience extends Emitter<AudienceNews> {
  view: AudienceView | null = null;
  hands: readonly HandView[] = [];
  viewers: number | null = null;
  readonly lines = new Map<string, ChatLine>();
  readonly questions = new Map<string, QuestionView>();
  readonly polls = new Map<string, PollView>();
  readonly #path: string;
  #seen = 0;
  #isReading = false;
  #wanted = 0;

  constructor(readonly session: string, readonly line: Connection) {
    super();
    this.#path = `/api/v1/broadcasts/${session}`;
    line.on('stage', (told) => this.#hear(told));
    line.on('member', (told) => this.#became(told));
    line.on('audience', ({ seq }) => { if (seq > this.#seen) void this.#read(seq, this.#seen > 0 ? Math.random() * SPREAD_MS : 0); });
  }

  /** Reads what is there, and hears what comes. */
  async open(): Promise<void> {
    await Promise.all([this.refresh(), this.#read(1, 0)]);
    this.line.hearAudience(this.session);
  }

  /** Who the reader is here, read anew. */
  async refresh(): Promise<void> {
    this.view = await get<AudienceView>(`${this.#path}/audience`);
    if (this.view.moderates) this.hands = (await get<HandsView>(`${this.#path}/hands`)).hands;
    this.tell('me', NOTHING);
    this.tell('hands', NOTHING);
  }

  get moderates(): boolean {
    return this.view?.moderates ?? false;
  }

  async takePart(name: string): Promise<void> {
    const isNew = !this.view?.me;
    await post<MemberView>(`${this.#path}/members`, { name });
    await this.refresh();
    if (isNew) this.line.reopen(); // With the new cookie the socket is this member's.
  }

  async say(text: string, id = clientId()): Promise<ChatLine> {
    const line = await post<ChatLine>(`${this.#path}/lines`, { text, client_id: id });
    this.#take([line], []);
    return line;
  }

  async ask(text: string, id = clientId()): Promise<QuestionView> {
    const question = await post<QuestionView>(`${this.#path}/questions`, { text, client_id: id });
    this.#take([], [question]);
    return question;
  }

  async vote(question: string, wanted: boolean): Promise<void> {
    const path = `${this.#path}/questions/${question}/vote`;
    await (wanted ? put(path, {}) : remove(path));
    if (this.view) this.view = { ...this.view, votes: [...this.view.votes.filter((one) => one !== question), ...(wanted ? [question] : [])] };
    this.tell('questions', NOTHING);
  }

  async choose(poll: string, position: number): Promise<void> {
    await put(`${this.#path}/polls/${poll}/vote`, { position });
    if (this.view) this.view = { ...this.view, poll_votes: { ...this.view.poll_votes, [poll]: position } };
    this.tell('polls', NOTHING);
  }

  async raiseHand(up: boolean): Promise<void> {
    const path = `${this.#path}/hands`;
    if (up) this.#myHand(await post<HandPlace>(path));
    else { await remove(path); this.#myHand({ place: null, called: false }); }
  }

  async meToo(mine: boolean): Promise<void> {
    const path = `${this.#path}/me-too`;
    if (mine) await post<MeTooView>(path);
    else await remove(path);
    if (mine && !this.view?.me) this.line.reopen();
    await this.refresh();
  }

  react(reaction: Reaction, count: number): void {
    this.line.react(this.session, reaction, count);
  }

  async moderateLine(line: string, state: ChatLineState): Promise<void> {
    this.#take([await patch<ChatLine>(`${this.#path}/lines/${line}`, { state })], []);
  }

  async moderateQuestion(question: string, state: QuestionState): Promise<void> {
    this.#take([], [await patch<QuestionView>(`${this.#path}/questions/${question}`, { state })]);
  }

  /** Opens a case for who asked. */
  async helpAsker(question: string): Promise<MemberCase> {
    return post<MemberCase>(`${this.#path}/questions/${question}/case`);
  }

  /** The same for a member who asked nothing. */
  async helpMember(member: string): Promise<MemberCase> {
    return post<MemberCase>(`${this.#path}/members/${member}/case`);
  }

  async callToStage(member: string, wanted: boolean): Promise<void> {
    const path = `${this.#path}/members/${member}/stage`;
    await (wanted ? post(path) : remove(path));
  }

  async moderateMember(member: string, wish: Readonly<Record<string, unknown>>): Promise<MemberView> {
    return patch<MemberView>(`${this.#path}/members/${member}`, wish);
  }

  async members(): Promise<readonly MemberView[]> {
    return (await get<MembersView>(`${this.#path}/members`)).members;
  }

  async callHand(member: string, called: boolean): Promise<void> {
    this.hands = (await patch<HandsView>(`${this.#path}/hands/${member}`, { called })).hands;
    this.tell('hands', NOTHING);
  }

  async lowerHand(member: string): Promise<void> {
    await remove(`${this.#path}/hands/${member}`);
  }

  async setRules(wish: Readonly<Record<string, unknown>>): Promise<void> {
    this.view = await patch<AudienceView>(`${this.#path}/audience`, wish);
    this.tell('me', NOTHING);
  }

  async openPoll(text: string, choices: readonly string[]): Promise<void> {
    this.#takePolls([await post<PollView>(`${this.#path}/polls`, { text, choices, client_id: clientId() })]);
  }

  async closePoll(poll: string, state: PollState): Promise<void> {
    this.#takePolls([await patch<PollView>(`${this.#path}/polls/${poll}`, { state })]);
  }

  #hear(told: StageTold): void {
    if (told.session !== this.session) return;
    if (told.after > this.#seen) void this.#read(told.seq, 0);
    else this.#seen = Math.max(this.#seen, told.seq);
    this.#take(told.lines, told.questions);
    for (const { question, votes } of told.votes) this.#set(this.questions, question, { votes });
    this.#takePolls(told.polls);
    for (const { poll, votes } of told.poll_votes) {
      const known = this.polls.get(poll);
      if (known) this.polls.set(poll, { ...known, choices: known.choices.map((choice, at) => ({ ...choice, votes: votes[at] ?? choice.votes })) });
    }
    if (told.votes.length) this.tell('questions', NOTHING);
    if (told.poll_votes.length) this.tell('polls', NOTHING);
    this.#hearFacts(told);
  }

  #hearFacts(told: StageTold): void {
    if (told.hands) { this.hands = told.hands; this.tell('hands', NOTHING); }
    if (this.view && told.rules) this.#mine({ rules: told.rules });
    if (this.view && told.me_too !== null) this.#mine({ me_too: { ...this.view.me_too, count: told.me_too } });
    if (Object.keys(told.reactions).length) this.tell('reactions', told.reactions);
    if (told.viewers !== null) { this.viewers = told.viewers; this.tell('viewers', { count: told.viewers }); }
  }

  #became(told: MemberTold): void {
    if (told.session !== this.session || !this.view) return;
    const moderated = this.moderates;
    this.#mine({ me: told.me, ...(told.hand ? { hand: told.hand } : {}) });
    if ((told.me.role === 'moderator') !== moderated) void this.#anew();
  }

  async #anew(): Promise<void> {
    this.#seen = 0;
    await Promise.all([this.refresh(), this.#read(1, 0)]);
  }

  #myHand(hand: HandPlace): void {
    if (this.view) this.#mine({ hand });
  }

  #mine(part: Partial<AudienceView> & { rules?: AudienceRules }): void {
    if (this.view) this.view = { ...this.view, ...part };
    this.tell('me', NOTHING);
  }

  /** Asks for what is missing, until `upTo` is known. What cannot be read now is asked for again. */
  async #read(upTo: number, wait_ms: number): Promise<void> {
    this.#wanted = Math.max(this.#wanted, upTo);
    if (this.#isReading) return;
    this.#isReading = true;
    await pause(wait_ms);
    for (let again_ms = 500; ; again_ms = Math.min(8000, again_ms * 2)) {
      try {
        this.#takeEvents(await get<AudienceEvents>(`${this.#path}/events?after=${this.#seen}`));
        if (this.#seen >= this.#wanted || this.#seen === 0) break;
      } catch { /* Asked again below. */ }
      await pause(again_ms * (0.5 + Math.random()));
    }
    this.#isReading = false;
  }

  #takeEvents(events: AudienceEvents): void {
    if (events.cut) this.lines.clear();
    this.#take(events.lines, events.questions, events.cut);
    this.#takePolls(events.polls);
    this.#wanted = Math.min(this.#wanted, Math.max(events.seq, this.#seen)); // Nobody can have more than that.
    this.#seen = Math.max(this.#seen, events.seq);
  }

  #take(lines: readonly ChatLine[], questions: readonly QuestionView[], isAnew = false): void {
    const changed = lines.filter((line) => line.seq >= (this.lines.get(line.id)?.seq ?? -1));
    for (const line of changed) this.lines.set(line.id, line);
    const asked = questions.filter((one) => one.seq >= (this.questions.get(one.id)?.seq ?? -1));
    for (const question of asked) this.questions.set(question.id, question);
    if (changed.length || isAnew) this.tell('lines', { changed, isAnew });
    if (asked.length) this.tell('questions', NOTHING);
    this.#forgetOld();
  }

  #takePolls(polls: readonly PollView[]): void {
    for (const poll of polls) if (poll.seq >= (this.polls.get(poll.id)?.seq ?? -1)) this.polls.set(poll.id, poll);
    if (polls.length) this.tell('polls', NOTHING);
  }

  #forgetOld(): void {
    for (const id of this.lines.keys()) {
      if (this.lines.size <= 500) return;
      this.lines.delete(id);
    }
  }

  #set<V extends object>(all: Map<string, V>, id: string, part: Partial<V>): void {
    const known = all.get(id);
    if (known) all.set(id, { ...known, ...part });
  }
}

const pause = (ms: number): Promise<void> => new Promise((done) => { setTimeout(done, ms); });
