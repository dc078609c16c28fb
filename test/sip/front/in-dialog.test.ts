import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aorOf } from '../../../src/model/aor.ts';
import type { DialogState } from '../../../src/sip/dialog.ts';
import type { Suspect } from '../../../src/sip/security-log.ts';
import { answerTo } from '../auth/digest-phone.ts';
import { tcpFlow, udpFlow, valuesOf } from './fake-engine.ts';
import { login, startFront, toWithTag } from './front-fixture.ts';

const later = { ...udpFlow, remote: { address: '192.0.2.77', port: 5999 } };

test('RFC 3261 12.2.2: a refresh reaches the notifier with its dialog and the place to move to; the CSeq is taken, the rest not yet', async () => {
  const { send, seen, front } = await startFront();
  const to = toWithTag(await send());
  const uri = 'sip:lamplighter@192.0.2.1:5070';
  const answer = await send({ uri, to, cseq: 2, lines: ['Contact: <sip:1001@10.9.9.9>'], flow: later });
  assert.equal(answer.status, 200);
  const [first, second] = seen;
  assert.equal(second?.dialog, first?.dialog, 'one object for all subscriptions of the dialog');
  assert.deepEqual([first?.initial, second?.initial, second?.resource], [true, false, null]);
  assert.deepEqual(second?.path, { remoteTarget: 'sip:1001@10.9.9.9', flow: later });
  assert.deepEqual(
    [second?.dialog.remoteCseq, second?.dialog.remoteTarget, second?.dialog.flow],
    [2, 'sip:1001@192.0.2.77:5060;line=7', udpFlow],
  );
  assert.equal(front.dialogCount, 1);
});

test('section 8: a refresh with a userless, foreign or unknown Request-URI is for the dialog all the same', async () => {
  const { send, seen } = await startFront();
  const to = toWithTag(await send());
  for (const [index, uri] of ['sip:192.0.2.1:5070', 'sip:x@elsewhere.test', 'sip:1001@lamplighter.test'].entries()) {
    assert.equal((await send({ uri, to, cseq: 2 + index })).status, 200, uri);
  }
  assert.deepEqual(
    seen.map(({ resource }) => resource),
    ['1001@lamplighter.test', null, null, '1001@lamplighter.test'],
  );
});

test('E65-32: a lower CSeq is 500 and changes nothing; an equal one and a jump are taken', async () => {
  const { send, seen } = await startFront();
  const to = toWithTag(await send({ cseq: 10 }));
  const before = structuredClone(seen[0]?.dialog);
  assert.equal((await send({ to, cseq: 9, lines: ['Contact: <sip:other@10.9.9.9>'], flow: later })).status, 500);
  assert.deepEqual(seen[0]?.dialog, before);
  assert.equal(seen.length, 1);
  assert.equal((await send({ to, cseq: 10 })).status, 200);
  assert.equal((await send({ to, cseq: 4_294_967_295 })).status, 200);
  assert.equal((await send({ to, cseq: 11 })).status, 500);
});

test('security 3.9: a CSeq that was used is not taken from another address or port, and moves nothing', async () => {
  const { send, seen } = await startFront();
  const to = toWithTag(await send({ cseq: 10 }));
  const before = structuredClone(seen[0]?.dialog);
  assert.equal((await send({ to, cseq: 10, flow: later })).status, 500);
  assert.deepEqual(seen[0]?.dialog, before);
  assert.equal(seen.length, 1);
  assert.equal((await send({ to, cseq: 11, flow: later })).status, 200);
});

test('section 8: an unknown To tag, Call-ID or From tag is 481 at once, without a challenge', async () => {
  const { send, seen } = await startFront({ mode: 'pbx' });
  const known = toWithTag(await login(send, '1001'));
  assert.equal((await send({ to: '<sip:1001@lamplighter.test>;tag=nobody', cseq: 3 })).status, 481);
  assert.equal((await send({ to: known, from: '<sip:1001@lamplighter.test>;tag=other', cseq: 3 })).status, 481);
  assert.equal((await send({ to: known.toUpperCase(), cseq: 3 })).status, 481);
  assert.equal((await send({ to: known, cseq: 3 })).status, 401, 'a known one is challenged');
  assert.equal(seen.length, 1);
});

test('security 3.9: an in-dialog request needs the credentials of its dialog, and may not move it without', async () => {
  const { send, seen } = await startFront({ mode: 'pbx' });
  const to = toWithTag(await login(send, '1001'));
  const before = structuredClone(seen[0]?.dialog);
  const hijack = { to, cseq: 3, lines: ['Contact: <sip:evil@10.9.9.9>'], flow: later };
  assert.equal((await send(hijack)).status, 401);
  assert.equal((await login(send, '1002', hijack)).status, 403);
  assert.deepEqual(seen[0]?.dialog, before);
  assert.equal((await login(send, '1001', { to, cseq: 5 })).status, 200);
});

test('E65-32: the order is judged after the digest, so that a stranger cannot use up CSeqs', async () => {
  const { send } = await startFront({ mode: 'pbx' });
  const to = toWithTag(await login(send, '1001'));
  assert.equal((await send({ to, cseq: 4_000_000_000 })).status, 401);
  assert.equal((await login(send, '1001', { to, cseq: 3 })).status, 200);
});

test('several packages share one dialog and one DialogState', async () => {
  const { send, seen, front } = await startFront();
  const to = toWithTag(await send());
  await send({ to, cseq: 2, lines: ['Event: as-feature-event'] });
  assert.deepEqual(
    seen.map(({ event }) => event),
    ['dialog', 'as-feature-event'],
  );
  assert.equal(seen[0]?.dialog, seen[1]?.dialog);
  assert.equal(front.dialogCount, 1);
});

test('a released dialog is 481, also when it ends while its digest is being checked', async () => {
  const domain = 'lamplighter.test';
  const check = async () => ({ ok: true, who: aorOf('1001', domain), domain, how: 'digest' }) as const;
  const { send, seen, front } = await startFront({ authenticator: { check } });
  const to = toWithTag(await send());
  const underWay = send({ to, cseq: 2 });
  front.release(seen[0]!.dialog);
  assert.equal((await underWay).status, 481);
  assert.equal((await send({ to, cseq: 3 })).status, 481);
  assert.equal(front.dialogCount, 0);
});

test('a dialog that ends before its 200 has left is not kept', async () => {
  const { send, front } = await startFront({
    answer: ({ dialog }) => {
      front.release(dialog);
      return { status: 200, expires: 60 };
    },
  });
  const to = toWithTag(await send());
  assert.equal(front.dialogCount, 0);
  assert.equal((await send({ to, cseq: 2 })).status, 481);
});

test('a dialog stored before a restart is known again once it is restored', async () => {
  const before = await startFront();
  const to = toWithTag(await before.send({ flow: tcpFlow }));
  const stored = JSON.parse(JSON.stringify(before.seen[0]!.dialog)) as DialogState;
  const after = await startFront();
  assert.equal((await after.send({ to, cseq: 2 })).status, 481);
  after.front.restore(stored);
  assert.equal((await after.send({ to, cseq: 2 })).status, 200);
  assert.equal(after.seen[0]?.dialog, stored);
  assert.equal(after.seen[0]?.initial, false);
});

test('a refused refresh keeps the dialog', async () => {
  let status = 200;
  const { send, front } = await startFront({ answer: () => ({ status, expires: 60 }) });
  const to = toWithTag(await send());
  status = 423;
  assert.equal((await send({ to, cseq: 2 })).status, 423);
  assert.equal(front.dialogCount, 1);
});

test('two phones with one Call-ID and From tag get dialogs of their own', async () => {
  const { send, seen, front } = await startFront();
  await send();
  await send();
  assert.notEqual(seen[0]?.dialog.localTag, seen[1]?.dialog.localTag);
  assert.equal(front.dialogCount, 2);
});

test('who forges his sender within a dialog has nobody else banned: a nonce of another address proves none', async () => {
  const suspects: Suspect[] = [];
  const { send } = await startFront({ mode: 'pbx', security: { report: (_event, suspect) => suspects.push(suspect) } });
  const to = toWithTag(await login(send, '1001'));
  const challenge = valuesOf(await send(), 'WWW-Authenticate')[1] ?? '';
  const forged = { ...udpFlow, remote: { address: '198.51.100.9', port: 5060 } };
  const right = answerTo(challenge, { user: '1002', password: 'secret1002' });
  assert.equal((await send({ to, cseq: 3, lines: [`Authorization: ${right}`], flow: forged })).status, 403);
  assert.deepEqual(suspects, [{ address: '198.51.100.9', proven: false }]);
});
