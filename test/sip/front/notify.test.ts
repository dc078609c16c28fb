import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moveDialog } from '../../../src/sip/dialog.ts';
import type { Flow } from '../../../src/sip/engine.ts';
import type { NotifyMessage } from '../../../src/sip/front.ts';
import { tcpFlow, udpFlow } from './fake-engine.ts';
import { startFront } from './front-fixture.ts';

const message: NotifyMessage = {
  event: 'dialog',
  eventId: '42',
  subscription: { state: 'active', expires: 599 },
  contentType: 'application/dialog-info+xml',
  content: '<dialog-info/>',
};

/** Headers keep the bytes of the wire: UTF-8, one character for each byte. */
const wireName = Buffer.from('Lämp, 1', 'utf8').toString('latin1');

async function withDialog(options: Parameters<typeof startFront>[0] = {}, lines: readonly string[] = []) {
  const setup = await startFront(options);
  await setup.send({ to: '"Lämp, 1" <sip:1001@alias.test>;x=1', lines });
  return { ...setup, dialog: setup.seen[0]!.dialog };
}

test('E65-12: a NOTIFY is addressed by the dialog alone', async () => {
  const { front, engine, dialog } = await withDialog({}, ['Record-Route: <sip:p1;lr>, <sip:p2;lr>']);
  assert.deepEqual(await front.notify(dialog, message), { status: 200, local: false, retryAfter: null });
  assert.deepEqual(engine.sent[0], {
    method: 'NOTIFY',
    uri: 'sip:1001@192.0.2.77:5060;line=7',
    from: `"${wireName}" <sip:1001@alias.test>;x=1;tag=${dialog.localTag}`,
    to: '"Desk" <sip:1001@lamplighter.test>;tag=phone',
    callId: 'call@phone',
    cseq: 1,
    routeSet: ['<sip:p1;lr>', '<sip:p2;lr>'],
    headers: [
      ['Contact', '<sip:lamplighter@192.0.2.1:5070>'],
      ['Event', 'dialog;id=42'],
      ['Subscription-State', 'active;expires=599'],
      ['Content-Type', 'application/dialog-info+xml'],
    ],
    body: '<dialog-info/>',
    flow: udpFlow,
    awaited: undefined,
  });
});

test('where another address has taken the dialog over by UDP, NOTIFYs are spared until one is answered from there', async () => {
  const { front, engine, dialog } = await withDialog();
  const there: Flow = { ...udpFlow, remote: { address: '192.0.2.99', port: 5060 } };
  const spared = async (): Promise<boolean> => {
    await front.notify(dialog, message);
    return engine.sent.at(-1)?.unproven ?? false;
  };
  assert.equal(await spared(), false);
  moveDialog(dialog, { remoteTarget: 'sip:x', flow: there });
  engine.next = { status: 408, local: true };
  assert.deepEqual([await spared(), await spared()], [true, true], 'silence proves nothing');
  engine.next = { status: 200 };
  assert.deepEqual([await spared(), await spared()], [true, false]);
});

test('an answer from where a dialog was proves nothing of where it is', async () => {
  const { front, engine, dialog } = await withDialog();
  const [first, second] = ['192.0.2.98', '192.0.2.99'].map(
    (address): Flow => ({ ...udpFlow, remote: { address, port: 1 } }),
  );
  moveDialog(dialog, { remoteTarget: 'sip:x', flow: first! });
  const answered = front.notify(dialog, message);
  moveDialog(dialog, { remoteTarget: 'sip:x', flow: second! });
  await answered;
  await front.notify(dialog, message);
  assert.equal(engine.sent.at(-1)?.unproven, true);
});

test('each NOTIFY takes the next CSeq, from where the dialog stands', async () => {
  const { front, engine, dialog } = await withDialog();
  dialog.localCseq = 1000;
  await Promise.all([front.notify(dialog, message), front.notify(dialog, message)]);
  assert.deepEqual(
    engine.sent.map(({ cseq }) => cseq),
    [1001, 1002],
  );
  assert.equal(dialog.localCseq, 1002);
});

test('E65-12, E65-19: the state of the subscription is written as the RFC wants it', async () => {
  const { front, engine, dialog } = await withDialog();
  const written = async (subscription: NotifyMessage['subscription']): Promise<string | undefined> => {
    await front.notify(dialog, { ...message, eventId: null, subscription, contentType: null, content: '' });
    return engine.sent.at(-1)?.headers.find(([name]) => name === 'Subscription-State')?.[1];
  };
  assert.equal(await written({ state: 'pending', expires: 0 }), 'pending;expires=0');
  assert.equal(await written({ state: 'terminated', reason: 'timeout', expires: 7 }), 'terminated;reason=timeout');
  assert.equal(
    await written({ state: 'terminated', reason: 'probation', retryAfter: 30 }),
    'terminated;reason=probation;retry-after=30',
  );
  const last = engine.sent.at(-1)!;
  assert.equal(last.body, '');
  assert.deepEqual(
    last.headers.map(([name]) => name),
    ['Contact', 'Event', 'Subscription-State'],
  );
  assert.equal(last.headers[1]?.[1], 'dialog');
});

test('E65-16: the final response comes back with its Retry-After in seconds', async () => {
  const { front, engine, dialog } = await withDialog();
  for (const [text, seconds] of [
    ['18', 18],
    ['18 (overload);duration=60', 18],
    ['soon', null],
    ['9'.repeat(40), 2 ** 31 - 1],
  ] as const) {
    engine.next = { status: 503, headers: { 'Retry-After': text } };
    assert.deepEqual(await front.notify(dialog, message), { status: 503, local: false, retryAfter: seconds });
  }
  engine.next = { status: 408, local: true };
  assert.deepEqual(await front.notify(dialog, message), { status: 408, local: true, retryAfter: null });
});

test('security 3.2: a NOTIFY takes the flow of the last SUBSCRIBE, wherever Contact and Record-Route point', async () => {
  const { front, engine, dialog } = await withDialog({}, [
    'Contact: <sip:victim@203.0.113.66;maddr=203.0.113.67>',
    'Record-Route: <sip:203.0.113.68;lr>',
  ]);
  dialog.flow = tcpFlow;
  await front.notify(dialog, message);
  assert.equal(engine.sent[0]?.flow, tcpFlow);
  assert.equal(engine.sent[0]?.headers[0]?.[1], '<sip:lamplighter@192.0.2.1:5070;transport=tcp>');
});

test('the room for a body is what the transport leaves over, never less than nothing', async () => {
  const { front, engine, dialog } = await withDialog();
  const { contentType: _type, content: _content, ...head } = message;
  const room = front.roomBytes(dialog, head);
  assert.ok(room > 300 && room < 1000, String(room));
  engine.room = 100;
  assert.equal(front.roomBytes(dialog, head), 0);
  dialog.flow = tcpFlow;
  assert.ok(front.roomBytes(dialog, head) > 60_000);
});
