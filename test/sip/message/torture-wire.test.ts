import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Hand } from '../../flows/hand.ts';
import { Stage } from '../../flows/stage.ts';
import { statusOf, TcpPeer, until } from '../embedded/raw-peer.ts';
import { type Desk, methodOf, uriOf, write } from './torture-draft.ts';
import { type TortureRow, tortureRows } from './torture-rows.ts';

let stage: Stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage.close());

let count = 0;

/** A desk of its own for every message; with credentials, as after a challenge, where the row wants them. */
async function deskFor(row: TortureRow, hand: Hand): Promise<Desk> {
  const user = stage.ext();
  count += 1;
  const desk: Desk = {
    user,
    port: hand.port,
    callId: `torture-${count}@desk`,
    branch: `t${count}`,
    authorization: null,
  };
  if (row.signed !== true) return desk;
  const challenge = await hand.ask({ user, answerChallenge: false });
  assert.equal(challenge.status, 401);
  const draft = row.draft(desk);
  const ask = { user, method: methodOf(draft), uri: uriOf(draft, desk) };
  return { ...desk, authorization: hand.credentials(challenge, ask, 1) };
}

function checkAnswer(row: TortureRow, desk: Desk, answers: readonly string[]): void {
  assert.deepEqual(answers.map(statusOf), row.answer === null ? [] : [row.answer], answers.join('\n'));
  const lines = (answers[0] ?? '').split('\r\n');
  for (const line of row.echoes?.(desk) ?? []) {
    assert.ok(
      lines.some((found) => found === line || found.startsWith(`${line};tag=`)),
      `${line} in\n${lines.join('\n')}`,
    );
  }
}

async function overUdp(row: TortureRow): Promise<void> {
  const hand = await stage.hand();
  const desk = await deskFor(row, hand);
  const before = hand.responses.all.length;
  hand.send(write(row.draft(desk), desk, 'udp'));
  if (row.answer !== null) await until(() => hand.responses.all.length > before, 'an answer');
  const late = await hand.provoke(''); // an OPTIONS behind it: what would still come has come
  const answers = hand.responses.all.slice(before, before + (row.answer === null ? 0 : 1)).map(({ text }) => text);
  checkAnswer(row, desk, [...answers, ...late]);
  if (row.by === 'notifier' && row.answer === 200) {
    const notify = await hand.notifies.next(() => true);
    const [, target] = (notify.text.split('\r\n')[0] ?? '').split(' ');
    assert.equal(target, row.notified?.(desk) ?? `sip:${desk.user}@127.0.0.1:${desk.port}`);
    assert.doesNotMatch(notify.text, /^Route:/m);
  }
  await hand.close();
}

async function overTcp(row: TortureRow): Promise<void> {
  const peer = await TcpPeer.open({ address: '127.0.0.1', port: stage.daemon.tcpPort });
  count += 1;
  const desk: Desk = {
    user: '2000',
    port: 5070,
    callId: `torture-${count}@desk`,
    branch: `t${count}`,
    authorization: null,
  };
  const draft = row.draft(desk);
  peer.send(write(draft, desk, 'tcp'));
  if (row.parsed === 'waits') {
    peer.send('.'.repeat(Number(draft.lines?.['Content-Length']) - (draft.body?.length ?? 0)));
    await until(() => peer.text.endsWith('\r\n\r\n'), 'the answer once the rest has come');
  } else await until(() => peer.closed, 'the end of the connection');
  checkAnswer(
    row,
    desk,
    peer.text.split(/(?=SIP\/2\.0 \d{3} )/).filter((text) => text !== ''),
  );
  peer.close();
}

describe('the running service answers', () => {
  for (const row of tortureRows) {
    const answer = row.answer === null ? 'not at all' : `with ${row.answer}, by the ${row.by}`;
    test(`RFC ${row.rfc} ${row.section} ${row.name}: ${row.what} (${row.over ?? 'udp'}) ${answer}`, async () => {
      await (row.over === 'tcp' ? overTcp(row) : overUdp(row));
    });
  }
});
