/** A session by its own address, for an agent: of a case that was taken before, or of a broadcast. */

import { isCode, sentence } from '../api';
import { Connection } from '../connection';
import { Devices } from '../devices';
import { byId, show } from '../dom';
import type { CaseView } from '../messages';
import { AgentSession } from '../parts/agent_session';
import { CaseLog } from '../parts/case_log';
import { over } from '../parts/session_over';
import { page } from '../page';
import { readCase, Room } from '../room';
import { t } from '../text';

const line = new Connection(page.as);
const devices = new Devices();
const caseId = page.case ?? '';
const session = page.session ?? '';

void open();

async function open(): Promise<void> {
  try {
    if (!('RTCPeerConnection' in window)) { over(t('That did not work'), t('This browser cannot make video calls. Please open your link in a current Firefox, Chrome, Edge or Safari.')); return; }
    const view = await readCase(caseId);
    line.open();
    const isOver = view.session?.id !== session || view.session.state === 'ended';
    if (isOver) over(t('This conversation is over'), '');
    else await be(view);
  } catch (error) {
    over(isCode(error, 'session_ended') ? t('This conversation is over') : t('That did not work'), sentence(error));
  }
}

async function be(view: CaseView): Promise<void> {
  show(byId('loading'), false);
  const log = new CaseLog(caseId, line);
  const room = new Room(session, line, devices);
  if (view.session) { room.me = view.session.me; room.setPeople(view.session.participants); }
  const agent = new AgentSession(room, log, view, (next) => location.assign(next));
  agent.furnish(view);
  void log.load().catch(() => {});
  void room.join();
  await agent.openDevices();
}
