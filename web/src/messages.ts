// Made by scripts/messages.py from the Python classes; `scripts/check` says when it is out of date. Do not edit.

/** Who did something. `id` is the same for one person everywhere (`domain.principal.Person`); kind and id are None for the house. */
export interface Actor {
  kind: PersonKind | null;
  id: string | null;
  name: string;
}

/** A new agent's account. */
export interface AddAgent {
  email: string;
  name: string;
  role?: Role;
}

/** A new account and its one-time sign-in link (shown once). */
export interface AgentAdded {
  agent: AgentView;
  link: string;
}

/** The agent who has a case. `id` is for agents only. */
export interface AgentName {
  name: string;
  id: string | null;
}

/** An agent's account. `has_password` is False until the one-time link was used to set one. */
export interface AgentView {
  id: string;
  email: string;
  name: string;
  role: Role;
  created_at: string;
  disabled: boolean;
  has_password: boolean;
}

/** All accounts. */
export interface AgentsView {
  agents: AgentView[];
}

/** A broadcast in which a case may have been answered. `own_topic`: it is about the case's topic; `live`: it is on air now. */
export interface AnswerPlace {
  session: string;
  title: string;
  topic: TopicName;
  own_topic: boolean;
  live: boolean;
  at: string;
  questions: AnsweredQuestion[];
}

/** Where a case may have been answered before an audience: broadcasts of its topic first, the newest in front. */
export interface AnswerPlaces {
  broadcasts: AnswerPlace[];
}

/** A question whose answer began `at_s` into the stream. */
export interface AnsweredQuestion {
  id: string;
  text: string;
  at_s: number;
}

/** A question of the audience. */
export interface AskQuestion {
  text: string;
  client_id: string;
}

/** What changed after a number. `cut`: older lines were left out, so that what the page has of them is not complete. */
export interface AudienceEvents {
  seq: number;
  cut: boolean;
  lines: ChatLine[];
  questions: QuestionView[];
  polls: PollView[];
}

/** The acknowledgement of `audience`: changes above `seq` come by the socket; what the page lacks up to it, it asks for. */
export interface AudienceJoined {
  seq: number;
}

/** What holds for taking part now. */
export interface AudienceRules {
  state: BroadcastState;
  slow_mode_s: number;
  holds: boolean;
}

/** Taking part, as one reader finds it. `words` is for moderators; `waiting` are the reader's own lines and questions that are held. */
export interface AudienceView {
  seq: number;
  rules: AudienceRules;
  me: MemberView | null;
  moderates: boolean;
  votes: string[];
  poll_votes: Record<string, number>;
  hand: HandPlace;
  me_too: MeTooView;
  waiting: string[];
  words: string[] | null;
}

/** Who wrote a line. */
export type Author = 'member' | 'agent';

/** The question on the picture, and who asked it. */
export interface BannerView {
  text: string;
  name: string;
}

/** `broadcast`: a broadcast stands otherwise, or somebody may be seen who was not, or the other way round. Fetch it again. */
export interface BroadcastChange {
  session: string;
  state: BroadcastState;
  visibility: Openness;
  title: string;
  starts_at: string | null;
  live_at: string | null;
  ended_at: string | null;
}

/** A broadcast as everybody sees it who may. `stream` is where its picture is, None while there is none; `now` is the server's clock. */
export interface BroadcastPublic {
  session: string;
  title: string;
  description: string;
  language: Language;
  visibility: Openness;
  state: BroadcastState;
  starts_at: string | null;
  counts_to: string | null;
  live_at: string | null;
  ended_at: string | null;
  channel: ChannelPublic;
  poster: Poster | null;
  stream: string | null;
  recording: string | null;
  captions: CaptionsFile[];
  now: string;
}

/** A broadcast in the agents' list. `by` planned or opened it. */
export interface BroadcastRow {
  session: string;
  title: string;
  topic: TopicName;
  language: Language;
  visibility: Openness;
  state: BroadcastState;
  created_at: string;
  starts_at: string | null;
  live_at: string | null;
  ended_at: string | null;
  by: string;
  recording: string | null;
  removed: boolean;
}

/** A broadcast is planned, may be rehearsed without audience, counts down, is live, pauses with a card, and ends. */
export type BroadcastState = 'planned' | 'rehearsal' | 'countdown' | 'live' | 'paused' | 'ended';

/** A broadcast for agents. `case` carries its timeline; `own`: that was made with it, and is closed with it. */
export interface BroadcastView {
  session: string;
  case: string;
  own: boolean;
  channel: ChannelName;
  topic: TopicName;
  title: string;
  description: string;
  language: Language;
  visibility: Openness;
  state: BroadcastState;
  starts_at: string | null;
  live_at: string | null;
  ended_at: string | null;
  scene: SceneView;
  people: StagePerson[];
  me: ConsentView | null;
  obstacles: string[];
  listed: boolean;
  removed: boolean;
  slow_mode_s: number;
  holds: boolean;
  words: string[];
  poster: Poster | null;
  recording: string | null;
  cases: LinkedCase[];
  viewers: number;
  watch: string;
  preview: string;
}

/** One page of the list, newest first. `next` goes into `before` for the following page. */
export interface BroadcastsView {
  broadcasts: BroadcastRow[];
  next: string | null;
}

/** `bye`: the socket is about to be closed, and why: signed_out, revoked, restarting (come back after `again_in_s`). */
export interface Bye {
  reason: 'signed_out' | 'revoked' | 'restarting';
  again_in_s: number;
}

/** Whether somebody whose hand is up is called. */
export interface CallHand {
  called: boolean;
}

/** Captions of a recording in one language (ISO 639), as a WebVTT file. */
export interface CaptionsFile {
  language: string;
  url: string;
}

/** A picture over everything, while nobody is heard. `until`: the UNIX time that a countdown runs to. */
export interface CardView {
  kind: string;
  title: string;
  text: string;
  until: number | null;
}

/** The state of a case changed; readers fetch it again. */
export interface CaseChange {
  case: string;
  state: CaseState;
  agent: string | null;
}

/** A new case. `link` is the personal link's path with the secret in its fragment; it is shown once and stored hashed. */
export interface CaseOpened {
  case: string;
  number: string;
  session: string;
  link: string;
}

/** A case in the agents' list. `here`: the customer's browser is connected now. `waiting_s` only while it waits. */
export interface CaseRow {
  id: string;
  number: string;
  state: CaseState;
  topic: TopicName;
  summary: string;
  name: string;
  language: Language;
  opened_at: string;
  waiting_s: number | null;
  here: boolean;
  agent: AgentName | null;
  session: string | null;
  outcome: Outcome | null;
  closed_at: string | null;
}

/** Where a case stands: waiting in the queue, taken by an agent, waiting for an answer later, closed. */
export type CaseState = 'waiting' | 'taken' | 'open' | 'closed';

/** A case as its reader may see it. From `email` on for agents only (None or empty otherwise). */
export interface CaseView {
  id: string;
  number: string;
  state: CaseState;
  topic: TopicName;
  summary: string;
  name: string;
  language: Language;
  opened_at: string;
  closed_at: string | null;
  outcome: Outcome | null;
  queue: QueueView | null;
  session: SessionView | null;
  recordings: RecordingRow[];
  agent: AgentName | null;
  consent: ConsentView | null;
  broadcast: OnAir | null;
  email: string | null;
  phone: string | null;
  taken_by: string | null;
  taken_at: string | null;
  sessions: PastSession[];
  seq: number | null;
}

/** What is to be different; what is not named stays. `removed` takes it and its recording from the public, or gives it back. */
export interface ChangeBroadcast {
  title?: string | null;
  description?: string | null;
  topic?: string | null;
  channel?: string | null;
  language?: Language | null;
  visibility?: Openness | null;
  starts_at?: string | null;
  listed?: boolean | null;
  removed?: boolean | null;
  slow_mode_s?: number | null;
  holds?: boolean | null;
  words?: string[] | null;
}

/** Under whose name a broadcast stands. `is_complete`: a person responsible and an Impressum are named. */
export interface ChannelName {
  id: string;
  slug: string;
  name: string;
  is_complete: boolean;
}

/** Under whose name a broadcast stands, and who answers for it by law. */
export interface ChannelPublic {
  name: string;
  responsible_name: string | null;
  responsible_address: string | null;
  imprint_url: string | null;
}

/** A channel and where it stands against the limit. */
export interface ChannelStanding {
  channel: ChannelView;
  standing: Standing;
  share: number;
}

/** Under whose name broadcasts stand. `complete`: it names a person responsible and an Impressum, so that something may go public. */
export interface ChannelView {
  id: string;
  slug: string;
  name: string;
  responsible_name: string;
  responsible_address: string;
  imprint_url: string;
  warn_share: number;
  complete: boolean;
}

/** All channels. */
export interface ChannelsView {
  channels: ChannelStanding[];
}

/** A line of the audience's chat. `seq` is the number of its last change; the text of a removed one is for moderators only. */
export interface ChatLine {
  id: string;
  seq: number;
  at: string;
  by: Author;
  member: string | null;
  name: string;
  text: string;
  state: ChatLineState;
}

/** A line of the audience's chat: to be read by all, held until somebody approves it, or taken away. */
export type ChatLineState = 'shown' | 'held' | 'removed';

/** One of a poll's choices. */
export interface ChoiceView {
  text: string;
  votes: number;
}

/** How the case ended. */
export interface CloseCase {
  outcome: Outcome;
}

/** Whether a poll takes votes. */
export interface ClosePoll {
  state: PollState;
}

/** A browser's offer; `sources` says by mid what each sending m-line carries. */
export interface Connect {
  sdp: string;
  sources: Record<string, 'camera' | 'microphone' | 'screen'>;
}

/** The answer to a browser's offer. `participant` is None for an agent's standby connection, `turn` where no TURN server is set. */
export interface ConnectionView {
  connection: string;
  sdp: string;
  slots: SlotView[];
  participant: string | null;
  home: number;
  turn: TurnView | null;
}

/** An answer to the question whether one may be recorded. */
export interface Consent {
  answer: 'given' | 'refused' | 'withdrawn';
  wording_version: string;
}

/** Where a person's consent to one purpose stands. Nothing is written or shown unless it is GIVEN. */
export type ConsentAnswer = 'asked' | 'given' | 'refused' | 'withdrawn';

/** `consent`: the reader is asked whether the session may be recorded, or whether its audience may see and hear them. */
export interface ConsentTold {
  session: string;
  purpose: Purpose;
  answer: 'asked';
  wording: string;
  wording_version: string;
  wordings: Partial<Record<Language, string>>;
}

/** Where the reader's own consent to one purpose stands, with the exact words asked. */
export interface ConsentView {
  asked: boolean;
  answer: ConsentAnswer | null;
  wording: string;
  wording_version: string;
}

/** How long the audience sees the time run. */
export interface CountDown {
  seconds?: number;
}

/** How many cases wait, are mine and taken, and are open. */
export interface DeskCounts {
  waiting: number;
  mine: number;
  open: number;
}

/** `desk`: the agents' lists changed; fetch them again. */
export interface DeskTold {
}

/** One page of the agents' list. `next` goes into `after` for the following page. */
export interface DeskView {
  cases: CaseRow[];
  counts: DeskCounts;
  longest_wait_s: number | null;
  agents_here: number;
  next: string | null;
  home: number | null;
}

/** What a participant has switched on. */
export interface DeviceState {
  microphone: boolean;
  camera: boolean;
  screen: boolean;
}

/** How another site shows a broadcast (oEmbed 1.0). A link where no other site may show the player, else a frame with it. */
export interface Embedding {
  version: '1.0';
  type: 'video' | 'link';
  title: string;
  author_name: string;
  provider_name: string;
  provider_url: string;
  cache_age: number;
  html: string | null;
  width: number | null;
  height: number | null;
  thumbnail_url: string | null;
  thumbnail_width: number | null;
  thumbnail_height: number | null;
}

/** How the session ended, and a last note. */
export interface EndSession {
  outcome: Outcome;
  text?: string;
}

/** One line of a case's timeline. `seq` has no holes for agents; `client_id` is set for what a browser sent. */
export interface Entry {
  case: string;
  seq: number;
  kind: EntryKind;
  at: string;
  session: string | null;
  actor: Actor;
  visibility: Visibility;
  text: string;
  data: Record<string, string | number | boolean | (Record<string, string | number | boolean | null>)[] | null>;
  client_id: string | null;
}

/** The kinds of timeline entries. */
export type EntryKind = 'opened' | 'waited' | 'taken' | 'released' | 'joined' | 'left' | 'invited' | 'chat' | 'note' | 'consent_asked' | 'consent_given' | 'consent_refused' | 'consent_withdrawn' | 'recording_started' | 'recording_stopped' | 'recording_interrupted' | 'recording_failed' | 'recording_ready' | 'recording_shared' | 'ended' | 'closed' | 'reopened' | 'quality' | 'broadcast_planned' | 'broadcast_rehearsed' | 'broadcast_live' | 'broadcast_paused' | 'broadcast_resumed' | 'broadcast_ended' | 'public_asked' | 'public_given' | 'public_refused' | 'public_withdrawn' | 'public_answer' | 'public_question' | 'stage_called' | 'stage_left';

/** The secret of a personal link, as it stood behind the `#`. */
export interface ExchangeLink {
  secret: string;
}

/** What comes if it goes on as in the last `weeks`: the average in six months, and the day on which the limit is reached. */
export interface ForecastView {
  average: number;
  reaches_on: string | null;
  weeks: number;
}

/** `gone`: a media connection is closed. */
export interface GoneTold {
  connection: string;
  reason: string;
}

/** Where one's own hand stands: the place (1: next; None: not raised), and whether one was called. */
export interface HandPlace {
  place: number | null;
  called: boolean;
}

/** A raised hand, for moderators. */
export interface HandView {
  member: string;
  name: string;
  raised_at: string;
  called_at: string | null;
}

/** Raised hands in their order. */
export interface HandsView {
  hands: HandView[];
}

/** The reader's own case, with a private session; `agent` opened it. `place`: how many are before the reader, and the reader (1: next). */
export interface HelpOffer {
  case: string;
  number: string;
  agent: string;
  place: number | null;
}

/** Socket: this page owns that media connection. */
export interface Hold {
  connection: string;
}

/** What is offered to the reader alone. */
export interface Invitations {
  help: HelpOffer | null;
  stage: StageCall | null;
}

/** Somebody else is asked to join a session by a link of their own. */
export interface Invite {
  name: string;
  kind?: 'guest';
}

/** `invited`: the reader, and nobody else, is offered help or the stage, or no longer. Fetch the invitations. */
export interface InvitedTold {
  session: string;
}

/** Socket: hear what changes in an audience. `after`: the last number that the page has. */
export interface JoinAudience {
  session: string;
  after?: number;
}

/** A link without its secret. `used_at`: when a browser that holds it was last here; None: no browser has it now. */
export interface KeptLink {
  id: string;
  kind: PersonKind;
  name: string;
  made_by: string;
  created_at: string;
  used_at: string | null;
  expires_at: string;
  revoked_at: string | null;
}

/** A new key of a machine: where it connects, and the secret that it sends as `Authorization: Bearer` (shown once). */
export interface KeyView {
  id: string;
  name: string;
  address: string;
  key: string;
  expires_at: string;
}

/** Languages of the pages. */
export type Language = 'de' | 'en';

/** The layers (RIDs) of one sending m-line that somebody watches; none of one without layers, which may have a limit. */
export interface LayersOfSource {
  mid: string;
  rids: string[];
  limit_bps: number | null;
}

/** `layers`: which layers of its sources a page should send from now on. Sources that are not named stay as they are. */
export interface LayersTold {
  connection: string;
  sources: LayersOfSource[];
}

/** How good somebody's line is at the moment. */
export type LineState = 'good' | 'weak' | 'bad';

/** `lines`: how the lines in a session are; agents hear of everybody there, everybody else of their own. */
export interface LinesTold {
  session: string;
  lines: PersonLine[];
}

/** A case that was answered before the audience. `at`: when its answer began; none: now. */
export interface LinkCase {
  case: string;
  at?: string | null;
}

/** What a link led to. `session` is the one to join, if there is one. */
export interface LinkExchanged {
  case: string;
  number: string;
  session: string | null;
  kind: PersonKind;
  participant: string | null;
}

/** A new link: the whole address with its secret (shown once), and the same as an SVG picture. */
export interface LinkView {
  id: string;
  link: string;
  qr_svg: string;
  expires_at: string;
}

/** A case that came up, `at_s` into the stream; for its `member` of the audience, if it was opened for one. */
export interface LinkedCase {
  case: string;
  number: string;
  at: string;
  at_s: number | null;
  member: string | null;
}

/** The links to a case, oldest first. */
export interface LinksView {
  links: KeptLink[];
}

/** Socket: what this page saw of its own line in the last seconds, of a connection that it holds; None where its browser does not say. */
export interface Looked {
  connection: string;
  seconds: number;
  frozen_s?: number | null;
  made_up?: number | null;
  fps?: number | null;
  height?: number | null;
}

/** What was said before an audience answers a case: at a question, at a second of the stream; neither: now. */
export interface MarkAnswer {
  session: string;
  question?: string | null;
  second?: number | null;
}

/** How many have a problem of this topic as well, and whether the reader said so. */
export interface MeTooView {
  count: number;
  mine: boolean;
}

/** `media`: the worker of this number is away, or back without any of the old connections: who was connected there makes a new one. */
export interface MediaTold {
  state: 'away' | 'back';
  home: number;
}

/** The case that was opened for a member, for agents. */
export interface MemberCase {
  case: string;
  number: string;
  member: string;
}

/** What a member of the audience may do. */
export type MemberRole = 'viewer' | 'moderator';

/** `member`: what became of the reader in an audience. */
export interface MemberTold {
  session: string;
  me: MemberView;
  hand: HandPlace | null;
}

/** Somebody who takes part. `called`: they may come on stage; said in the list of members alone. */
export interface MemberView {
  id: string;
  name: string;
  role: MemberRole;
  muted: boolean;
  banned: boolean;
  called: boolean;
}

/** Members, for moderators. */
export interface MembersView {
  members: MemberView[];
}

/** What a moderator makes of a line. */
export interface ModerateLine {
  state: ChatLineState;
}

/** What a moderator makes of a member; what is not named stays. `remove_lines`: what they wrote is taken away, too. */
export interface ModerateMember {
  muted?: boolean | null;
  banned?: boolean | null;
  role?: MemberRole | null;
  remove_lines?: boolean;
}

/** What a moderator makes of a question. */
export interface ModerateQuestion {
  state: QuestionState;
}

/** Something of the timeline that happened `t_s` into the recording. */
export interface Moment {
  t_s: number;
  kind: EntryKind;
  text: string;
}

/** A key for a machine, with the name that stands on its tile. */
export interface NewKey {
  name: string;
}

/** How a broadcast goes. `pages` watch on our pages, `players` elsewhere; both are `now`. `lines_a_minute` is of the last five minutes. */
export interface NumbersView {
  session: string;
  now: number;
  pages: number;
  players: number;
  peak: number;
  average: number;
  watch_s: number;
  air_s: number;
  members: number;
  lines: number;
  lines_a_minute: number;
  questions: number;
  votes: number;
  steps: StepView[];
}

/** What those on stage are told of the broadcast of their session. `consent` is the reader's own, None before the question; `shown`: the audience */
export interface OnAir {
  title: string;
  visibility: Openness;
  state: BroadcastState;
  consent: ConsentView | null;
  shown: boolean;
}

/** A running session is to have an audience. No channel: the first one. */
export interface OpenBroadcast {
  title: string;
  description?: string;
  visibility?: Openness;
  language?: Language;
  starts_at?: string | null;
  channel?: string | null;
  size?: 720 | 1080;
  small?: boolean;
}

/** A customer asks for help. `client_id` is made by the browser: sent twice, one case is opened. */
export interface OpenCase {
  topic: string;
  summary: string;
  name: string;
  email?: string;
  phone?: string;
  language?: Language;
  client_id: string;
}

/** A poll and what may be chosen. */
export interface OpenPoll {
  text: string;
  choices: string[];
  client_id: string;
}

/** Who may watch a broadcast: agents and who holds a link to its session; whoever knows its address; everybody, and it is listed. */
export type Openness = 'private' | 'unlisted' | 'public';

/** How an agent left a session. */
export type Outcome = 'solved' | 'follow_up' | 'not_solved' | 'nobody_there';

/** One person in a session. `here`: connected now; `interrupted`: not for the moment. `tracks`: sources that sent packets in the last second. */
export interface ParticipantView {
  id: string;
  kind: PersonKind;
  name: string;
  here: boolean;
  on_stage: boolean;
  state: SourcesView;
  tracks: Source[];
  interrupted: boolean;
}

/** One session of a case, for the list of earlier ones. */
export interface PastSession {
  id: string;
  state: SessionState;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  outcome: Outcome | null;
}

/** What a person is in a session. A member came from the audience; a source is a machine on stage (OBS, a camera); a viewer only watches */
export type PersonKind = 'customer' | 'agent' | 'guest' | 'member' | 'source' | 'viewer';

/** How somebody's line is now. Up is what they send, down what they get; shares are 0..1; None: nobody could see it. */
export interface PersonLine {
  participant: string;
  state: LineState;
  trouble: Trouble;
  lowered: boolean;
  twice: boolean;
  loss_up: number | null;
  loss_down: number | null;
  rtt_ms: number | null;
  jitter_ms: number | null;
  up_kbps: number | null;
  down_kbps: number | null;
  frozen: number | null;
  made_up: number | null;
  fps: number | null;
  height: number | null;
}

/** A broadcast is planned, with a case of its own. `client_id` is made by the browser: sent twice, one is planned. */
export interface PlanBroadcast {
  title: string;
  description?: string;
  visibility?: Openness;
  language?: Language;
  starts_at?: string | null;
  channel?: string | null;
  size?: 720 | 1080;
  small?: boolean;
  topic: string;
  client_id: string;
}

/** A poll takes votes until it is closed. */
export type PollState = 'open' | 'closed';

/** A poll and how it stands. */
export interface PollView {
  id: string;
  seq: number;
  at: string;
  text: string;
  state: PollState;
  choices: ChoiceView[];
}

/** How a poll stands, in the order of its choices. */
export interface PollVotes {
  poll: string;
  votes: number[];
}

/** Where a broadcast's picture is, below our address, and how large. */
export interface Poster {
  path: string;
  width: number;
  height: number;
}

/** A failure (RFC 9457). `code` is for programs and never changes; `detail` is a sentence in the reader's language. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
}

/** What a person is asked to agree to: that the session is recorded, that its audience sees and hears them. */
export type Purpose = 'recording' | 'public';

/** Where a question of the audience stands; PINNED is the one on the picture. */
export type QuestionState = 'asked' | 'approved' | 'pinned' | 'answered' | 'rejected';

/** A question. `answer_s`: how far into the broadcast its answer begins. */
export interface QuestionView {
  id: string;
  seq: number;
  at: string;
  member: string;
  name: string;
  text: string;
  state: QuestionState;
  votes: number;
  answer_s: number | null;
}

/** How many want a question answered. */
export interface QuestionVotes {
  question: string;
  votes: number;
}

/** `queue`: this waiting case's place. */
export interface QueueTold {
  case: string;
  queue: QueueView;
}

/** A place in the queue, counted from 1. The range is None when nobody can honestly say how long it takes. */
export interface QueueView {
  place: number;
  ahead: number;
  wait_min_s: number | null;
  wait_max_s: number | null;
  agents_here: number;
}

/** Simultaneous viewers of a channel in the last six months. `air_average` is over the time on air, `all_average` over all the time; */
export interface ReachView {
  channel: ChannelView;
  since: string;
  until: string;
  limit: number;
  air_average: number;
  all_average: number;
  peak: number;
  watch_s: number;
  air_s: number;
  share: number;
  standing: Standing;
  forecast: ForecastView | null;
  weeks: StepView[];
}

/** Socket: show something without words, several times at once; in an audience that this page hears. */
export interface React {
  session: string;
  reaction: Reaction;
  count?: number;
}

/** What people show without words. */
export type Reaction = 'clap' | 'heart' | 'laugh' | 'wow';

/** A new offer of the same connection, after `restartIce()`. */
export interface Reconnect {
  sdp: string;
}

/** One playable file: the watchable view of everybody, or one person's track. */
export interface RecordingFile {
  kind: string;
  name: string;
  type: string;
  url: string;
  participant_name: string | null;
  source: Source | null;
  size_bytes: number;
  start_s: number;
  duration_s: number | null;
}

/** How a recording stands. `code` says why it failed; `progress` (0..1) while it is finished. */
export interface RecordingProgress {
  recording: string;
  session: string;
  state: RecordingState;
  duration_s: number;
  size_bytes: number;
  progress: number | null;
  code: string | null;
}

/** A recording in the list of a case. */
export interface RecordingRow {
  id: string;
  session: string;
  state: RecordingState;
  interrupted: boolean;
  started_at: string;
  duration_s: number;
  progress: number | null;
  shared: boolean;
}

/** RECORDING while packets are written; FINISHING while files are made seekable and the view is encoded; READY, or FAILED. */
export type RecordingState = 'live' | 'recording' | 'finishing' | 'ready' | 'failed';

/** A recording with its files. `progress` (0..1) while it is being finished; `unread`: how many broken files are left out of it. */
export interface RecordingView {
  id: string;
  case: string;
  session: string;
  state: RecordingState;
  interrupted: boolean;
  started_at: string;
  ended_at: string | null;
  duration_s: number;
  size_bytes: number;
  progress: number | null;
  files: RecordingFile[];
  shared: boolean;
  moments: Moment[];
  error: string | null;
  unread: number;
  captions: CaptionsFile[];
}

/** The answer to an ICE restart. */
export interface RestartView {
  sdp: string;
}

/** What an agent may do; each role may do all that stands before it. */
export type Role = 'agent' | 'admin';

/** Everybody in a session, whenever that changes. */
export interface Roster {
  session: string;
  participants: ParticipantView[];
  recording: string | null;
}

/** The recording of a session that is written now. */
export interface RunningRecording {
  id: string;
  state: RecordingState;
  started_at: string;
}

/** A chat line or a note. */
export interface Say {
  text: string;
  client_id: string;
}

/** A line of the audience's chat. */
export interface SayLine {
  text: string;
  client_id: string;
}

/** What the audience sees. `main`: who has the large place, None for who speaks. `size` and `small` hold from the stream's beginning. */
export interface SceneView {
  layout: string;
  lower_thirds: boolean;
  main: string | null;
  card: CardView | null;
  banner: BannerView | null;
  logo: boolean;
  size: number;
  small: boolean;
}

/** `session_ended`: the session is over. */
export interface SessionEndedTold {
  session: string;
}

/** A session waits for an agent, runs, and ends. */
export type SessionState = 'waiting' | 'running' | 'ended';

/** A session and who is in it. `me` is the reader's own participant, None before the first joining. */
export interface SessionView {
  id: string;
  state: SessionState;
  started_at: string | null;
  participants: ParticipantView[];
  recording: RunningRecording | null;
  me: string | null;
  home: number | null;
}

/** What holds for taking part; what is not named stays. */
export interface SetAudienceRules {
  slow_mode_s?: number | null;
  holds?: boolean | null;
  words?: string[] | null;
}

/** A question on the picture, and who asked it. */
export interface SetBanner {
  text: string;
  name?: string;
}

/** A picture over everything; nobody is heard. A countdown and the end have cards of their own. */
export interface SetCard {
  kind: 'title' | 'pause';
  title?: string;
  text?: string;
}

/** What is to change of a channel; an empty text takes something away. */
export interface SetChannel {
  name?: string | null;
  responsible_name?: string | null;
  responsible_address?: string | null;
  imprint_url?: string | null;
  warn_share?: number | null;
}

/** A new password, twelve characters or more. */
export interface SetPassword {
  password: string;
}

/** What the audience is to see; what is left out stays as it is. `main`: who has the large place; None: who speaks. */
export interface SetScene {
  layout?: 'speaker' | 'grid' | 'screen' | 'single';
  lower_thirds?: boolean;
  main?: string | null;
  card?: SetCard | null;
  banner?: SetBanner | null;
  logo?: boolean;
  size?: 720 | 1080;
  small?: boolean;
}

/** Whether the customer may see the recording. */
export interface Share {
  shared: boolean;
}

/** An agent's e-mail and password. */
export interface SignIn {
  email: string;
  password: string;
}

/** The secret of a one-time sign-in link. */
export interface SignInLink {
  secret: string;
}

/** One receiving m-line and who is in it. `paused`: nothing comes in it for now, because the line of this page carries no more. */
export interface SlotView {
  mid: string;
  kind: string;
  participant: string | null;
  source: Source | null;
  paused: boolean;
}

/** `slots`: who is in which receiving m-line of a connection. */
export interface SlotsTold {
  connection: string;
  slots: SlotView[];
}

/** What a participant's track shows or sounds. */
export type Source = 'camera' | 'microphone' | 'screen';

/** What a participant has switched on. */
export interface SourcesView {
  microphone: boolean;
  camera: boolean;
  screen: boolean;
}

/** Who speaks in a session now. `main` has the word, also while nobody says anything. */
export interface Speaking {
  session: string;
  participants: string[];
  main: string | null;
}

/** The reader may come on stage. `member`: under which id they may decline or leave. `raised`: they had raised their hand for it. */
export interface StageCall {
  member: string;
  session: string;
  raised: boolean;
}

/** Somebody on stage and what they said about being seen (None: not asked in these words). `shown`: the audience may see and hear them. */
export interface StagePerson {
  participant: string;
  name: string;
  kind: PersonKind;
  answer: ConsentAnswer | null;
  shown: boolean;
}

/** The stage for somebody of the audience who was called to it: of the people those who may be seen there, and of the case nothing. */
export interface StagePlace {
  session: SessionView;
  consent: ConsentView | null;
  broadcast: OnAir | null;
}

/** `stage`: what changed in an audience since `after`, together for a quarter of a second or more. A page that has not all up to `after` */
export interface StageTold {
  session: string;
  after: number;
  seq: number;
  lines: ChatLine[];
  questions: QuestionView[];
  votes: QuestionVotes[];
  polls: PollView[];
  poll_votes: PollVotes[];
  hands: HandView[] | null;
  rules: AudienceRules | null;
  reactions: Partial<Record<Reaction, number>>;
  me_too: number | null;
  viewers: number | null;
}

/** Where a channel stands: below the share at which people want to be warned, above it, or at the limit. */
export type Standing = 'below' | 'near' | 'over';

/** The five minutes or the week from `at`: viewers on average over the time on air, most at once, seconds watched and on air. */
export interface StepView {
  at: string;
  average: number;
  peak: number;
  watch_s: number;
  air_s: number;
}

/** Whether an account is off. */
export interface SwitchAgent {
  disabled: boolean;
}

/** An agent takes a waiting case; `connection` is the standby connection that goes on stage at once. */
export interface TakeCase {
  connection?: string | null;
}

/** Somebody of the audience says a name, to take part. */
export interface TakePart {
  name: string;
}

/** How large the picture of one slot stands on the page, in pixels of the screen; 0 x 0 while nobody can see it. */
export interface TileSize {
  mid: string;
  width: number;
  height: number;
}

/** Socket: how large this page shows the pictures of a connection that it holds. Slots that are not named are hidden. */
export interface Tiles {
  connection: string;
  tiles?: TileSize[];
}

/** Entries after the one asked for, in order. `seq` is the last of them, or what was asked for when there are none. */
export interface Timeline {
  entries: Entry[];
  seq: number;
  more: boolean;
}

/** A case's topic in the reader's language. */
export interface TopicName {
  id: string;
  slug: string;
  name: string;
}

/** One thing people need help with, in the reader's language. `words` are what they might look for. */
export interface TopicView {
  id: string;
  slug: string;
  name: string;
  words: string[];
  is_open: boolean;
}

/** All topics, and whether somebody is there now: `agents_here` agents, `waiting` people in the queue. */
export interface TopicsView {
  topics: TopicView[];
  agents_here: number;
  waiting: number;
  wait_min_s: number | null;
  wait_max_s: number | null;
}

/** What is wrong with a line: it carries less than the pictures need, packets are lost on the way to or from the person, sound or picture */
export type Trouble = 'none' | 'narrow' | 'loss_down' | 'loss_up' | 'sound' | 'freezes' | 'delay';

/** A TURN server for one's own connection, as `RTCIceServer` wants it; ask again before `expires_in_s` are over. */
export interface TurnView {
  urls: string[];
  username: string;
  credential: string;
  expires_in_s: number;
}

/** Socket: follow it no longer. */
export interface Unwatch {
  case: string;
}

/** Who reads a timeline entry. */
export type Visibility = 'everyone' | 'agents';

/** One of a poll's choices, counted from 0. */
export interface VoteInPoll {
  position: number;
}

/** Socket: follow a case. `after` is the last sequence number that the page has; the column holds 32 bits. */
export interface Watch {
  case: string;
  after?: number;
}

/** Socket: hear that the desk's lists changed. */
export interface WatchDesk {
}

/** Socket: hear what those on a stage hear, without the case behind it. */
export interface WatchStage {
  session: string;
}

/** The acknowledgement of `watch`: entries up to `seq` were sent before it. */
export interface Watching {
  seq: number;
}

/** Every `code` of a failure (server/errors.py). */
export type Code =
  | 'already_broadcast'
  | 'already_recording'
  | 'already_taken'
  | 'audience_closed'
  | 'bad_captions'
  | 'bad_field'
  | 'bad_key'
  | 'bad_link'
  | 'bad_picture'
  | 'bad_request'
  | 'bad_sdp'
  | 'banned'
  | 'broadcast_ended'
  | 'busy'
  | 'case_closed'
  | 'composer_away'
  | 'conflict'
  | 'consent_needed'
  | 'cross_origin'
  | 'database_away'
  | 'etag_missing'
  | 'etag_stale'
  | 'forbidden'
  | 'imprint_missing'
  | 'imprint_needed'
  | 'internal'
  | 'media_away'
  | 'muted'
  | 'no_common_codec'
  | 'no_space'
  | 'nobody_agreed'
  | 'nobody_on_stage'
  | 'nobody_to_show'
  | 'not_a_member'
  | 'not_acceptable'
  | 'not_everybody_asked'
  | 'not_found'
  | 'not_json'
  | 'not_offered'
  | 'not_sdp'
  | 'not_signed_in'
  | 'nothing_to_send'
  | 'poll_closed'
  | 'removed'
  | 'session_ended'
  | 'session_full'
  | 'slow_mode'
  | 'too_large'
  | 'too_many_requests'
  | 'too_slow'
  | 'wrong_method'
  | 'wrong_password';

/** What the server says over the socket. */
export interface ServerEvents {
  /** A line of a case's timeline, in order, each once */
  entry: Entry;
  /** The place of a waiting case */
  queue: QueueTold;
  /** A case's state changed: fetch it again */
  case: CaseChange;
  /** Who is in a session */
  roster: Roster;
  /** Who is in which slot of the connection this page holds */
  slots: SlotsTold;
  /** Who speaks in the session of the connection this page holds */
  speaking: Speaking;
  /** Which layers of its camera the page should send */
  layers: LayersTold;
  /** How the lines in the session are: of all for agents, of one's own for the others */
  lines: LinesTold;
  /** A connection of this page is closed */
  gone: GoneTold;
  /** The media worker is away, or back */
  media: MediaTold;
  /** The reader is asked for consent */
  consent: ConsentTold;
  /** How a recording stands */
  recording: RecordingProgress;
  /** A session is over */
  session_ended: SessionEndedTold;
  /** A broadcast stands otherwise: fetch it again */
  broadcast: BroadcastChange;
  /** The agents' lists changed: fetch them again */
  desk: DeskTold;
  /** The socket is about to be closed */
  bye: Bye;
  /** What changed in an audience, at most four times a second */
  stage: StageTold;
  /** The reader is offered help or the stage, or no longer */
  invited: InvitedTold;
  /** What became of the reader as a member of an audience */
  member: MemberTold;
}

/** What a page says over the socket, and what the acknowledgement holds beside `ok: true`. */
export interface ClientEvents {
  /** Follow a case: what was missed, then what comes */
  watch: { body: Watch; answer: Watching };
  /** Follow it no longer */
  unwatch: { body: Unwatch; answer: object };
  /** Hear that the desk's lists changed */
  watch_desk: { body: WatchDesk; answer: object };
  /** This page owns that media connection */
  hold: { body: Hold; answer: object };
  /** How large the pictures of a held connection are shown */
  tiles: { body: Tiles; answer: object };
  /** What a page saw of its own line */
  looked: { body: Looked; answer: object };
  /** Hear what changes in an audience */
  audience: { body: JoinAudience; answer: AudienceJoined };
  /** Follow a stage as one from the audience */
  watch_stage: { body: WatchStage; answer: object };
  /** Clap, laugh, …: counted, kept of nobody */
  react: { body: React; answer: object };
}
