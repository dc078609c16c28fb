import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { IncomingCall, OutgoingCall, Phone } from '../support/phone.ts';
import { Site, skip } from './scene.ts';

interface Dialog {
  readonly id: string;
  readonly state: string;
  readonly direction: string;
  readonly held: boolean;
  readonly remote: { readonly number: string | null };
}
interface Extension {
  readonly ext: string;
  readonly dialogs: readonly Dialog[];
}

let site: Site;
let lines: Record<'1001' | '1002' | '1003' | '1004', Phone>;

before(async () => {
  if (skip !== null) return;
  site = await Site.open();
  const [a, b, c, d] = await Promise.all(['1001', '1002', '1003', '1004'].map((user) => site.line(user)));
  lines = { 1001: a!, 1002: b!, 1003: c!, 1004: d! };
});
after(() => site?.close());

/** Afterwards no lamp may be lit, whatever happened. */
function it(name: string, work: () => Promise<void>): void {
  test(name, { skip: skip ?? false }, async () => {
    try {
      await work();
      await shows({});
    } finally {
      // the next one starts afresh, whatever failed here
      await site.lab.cli('channel request hangup all');
      await conversing((count) => count === 0);
    }
  });
}

/** `1002`: `recipient early 1001`, `+` before a second one; extensions not named are off. */
async function shows(wanted: Readonly<Record<string, string>>): Promise<readonly Extension[]> {
  let seen = '';
  const words = JSON.stringify(wanted);
  return site.daemon
    .until<readonly Extension[]>('/api/v1/extensions', (all) => {
      seen = JSON.stringify(
        Object.fromEntries(all.filter(({ dialogs }) => dialogs.length > 0).map((one) => [one.ext, inWords(one)])),
      );
      return seen === words;
    })
    .catch(() => assert.fail(`wanted ${words}\nbut saw ${seen}`));
}

function inWords({ dialogs }: Extension): string {
  return dialogs.map((one) => `${one.direction} ${one.held ? 'held' : one.state} ${one.remote.number}`).join(' + ');
}

async function talk(from: keyof typeof lines, to: keyof typeof lines): Promise<[OutgoingCall, IncomingCall]> {
  const before = await site.lab.conversations();
  const call = await lines[from].invite(to);
  const incoming = await lines[to].nextCall();
  incoming.ringing();
  await call.ringing;
  await incoming.answer();
  await call.answered;
  // COMPAT(Asterisk 22): between the answer and the bridge a REFER is refused, or accepted with 202 and forgotten.
  await conversing((count) => count > before);
  return [call, incoming];
}

/** Waits until so many bridges of two are right. */
async function conversing(right: (count: number) => boolean): Promise<void> {
  for (const end = Date.now() + 15_000; ; ) {
    const count = await site.lab.conversations();
    if (right(count)) return;
    assert.ok(Date.now() < end, `${count} conversations`);
  }
}

async function transfer(call: OutgoingCall | IncomingCall, target: string, consultation?: OutgoingCall): Promise<void> {
  assert.equal((await call.transfer(target, consultation)).status, 202, `transfer to ${target}`);
}

async function rings(user: keyof typeof lines): Promise<IncomingCall> {
  const call = await lines[user].nextCall();
  call.ringing();
  return call;
}

it('a blind transfer by the called: his lamp goes out, the other side talks on in the same dialog', async () => {
  const [call, incoming] = await talk('1001', '1002');
  const before = await shows({ 1001: 'initiator confirmed 1002', 1002: 'recipient confirmed 1001' });
  await transfer(incoming, '1003');
  const target = await rings('1003');
  await shows({ 1001: 'initiator confirmed 1003', 1003: 'recipient early 1001' });
  await target.answer();
  const now = await shows({ 1001: 'initiator confirmed 1003', 1003: 'recipient confirmed 1001' });
  assert.equal(now[0]?.dialogs[0]?.id, before[0]?.dialogs[0]?.id);
  await call.hangup();
});

it('a blind transfer by the caller leaves the called with the target', async () => {
  const [call, incoming] = await talk('1001', '1002');
  await transfer(call, '1003');
  const target = await rings('1003');
  await shows({ 1002: 'recipient confirmed 1003', 1003: 'recipient early 1002' });
  await target.answer();
  await shows({ 1002: 'recipient confirmed 1003', 1003: 'recipient confirmed 1002' });
  await incoming.hangup();
});

it('an attended transfer: held, asked, joined', async () => {
  const [call, incoming] = await talk('1001', '1002');
  await call.hold();
  await shows({ 1001: 'initiator held 1002', 1002: 'recipient confirmed 1001' });
  const [question] = await talk('1001', '1003');
  await shows({
    1001: 'initiator held 1002 + initiator confirmed 1003',
    1002: 'recipient confirmed 1001',
    1003: 'recipient confirmed 1001',
  });
  await transfer(question, '1002', call);
  await shows({ 1002: 'recipient confirmed 1003', 1003: 'recipient confirmed 1002' });
  await incoming.hangup();
});

it('**EXT: the lamp of the ringing phone goes out, those of caller and helper stay', async () => {
  const call = await lines['1001'].invite('1002');
  await rings('1002');
  await shows({ 1001: 'initiator early 1002', 1002: 'recipient early 1001' });
  const pickup = await lines['1003'].invite('**1002');
  await pickup.answered;
  await shows({ 1001: 'initiator confirmed 1003', 1003: 'initiator confirmed 1001' });
  await call.hangup();
});

it('a parked call lights the parked phone only, until somebody takes it', async () => {
  const [call, incoming] = await talk('1001', '1002');
  await transfer(incoming, '70');
  await shows({ 1001: 'initiator confirmed 1002' });
  const taken = await lines['1003'].invite('71');
  await taken.answered;
  await shows({ 1001: 'initiator confirmed 1003', 1003: 'initiator confirmed 1001' });
  await call.hangup();
});

it('a conference and a queue: who is in them is busy, the member rings as the called', async () => {
  const inRoom = await Promise.all([lines['1001'].invite('8000'), lines['1002'].invite('8000')]);
  await shows({ 1001: 'initiator confirmed 8000', 1002: 'initiator confirmed 8000' });
  for (const one of inRoom) await one.hangup();
  await site.lab.cli('queue add member PJSIP/1003 to support');
  const call = await lines['1001'].invite('8100');
  const member = await rings('1003');
  await shows({ 1001: 'initiator confirmed 8100', 1003: 'recipient early 1001' });
  await member.answer();
  await shows({ 1001: 'initiator confirmed 1003', 1003: 'recipient confirmed 1001' });
  await call.hangup();
  await site.lab.cli('queue remove member PJSIP/1003 from support');
});

it('a ring group rings at all, is answered at one, and is cancelled at all', async () => {
  for (const answered of [true, false]) {
    const call = await lines['1003'].invite('8200');
    const [, second] = [await rings('1001'), await rings('1002')];
    await shows({ 1001: 'recipient early 1003', 1002: 'recipient early 1003', 1003: 'initiator early 8200' });
    if (answered) {
      await second.answer();
      await shows({ 1002: 'recipient confirmed 1003', 1003: 'initiator confirmed 1002' });
    }
    await call.hangup();
    await shows({});
  }
});

it('a forward by the PBX never lights the forwarded phone, one by the phone (302) only while it rang', async () => {
  await site.lab.cli('database put CF 1002 1004');
  const forwarded = await lines['1001'].invite('1002');
  await rings('1004');
  await shows({ 1001: 'initiator early 1004', 1004: 'recipient early 1001' });
  await forwarded.hangup();
  await site.lab.cli('database del CF 1002');
  const moved = await lines['1001'].invite('1002');
  (await rings('1002')).reject(302, [['Contact', `<sip:1004@127.0.0.1:${site.lab.sipPort}>`]]);
  const target = await rings('1004');
  await shows({ 1001: 'initiator early 1004', 1004: 'recipient early 1001' });
  await target.answer();
  await shows({ 1001: 'initiator confirmed 1004', 1004: 'recipient confirmed 1001' });
  await moved.hangup();
});

it('call waiting, hold by the called, hold by both, and a hang-up while held', async () => {
  const [call, incoming] = await talk('1001', '1002');
  const waiting = await lines['1003'].invite('1002');
  await rings('1002');
  await shows({
    1001: 'initiator confirmed 1002',
    1002: 'recipient confirmed 1001 + recipient early 1003',
    1003: 'initiator early 1002',
  });
  await waiting.hangup();
  await incoming.hold();
  await shows({ 1001: 'initiator confirmed 1002', 1002: 'recipient held 1001' });
  await call.hold();
  await shows({ 1001: 'initiator held 1002', 1002: 'recipient held 1001' });
  await incoming.resume();
  await shows({ 1001: 'initiator held 1002', 1002: 'recipient confirmed 1001' });
  await call.hangup();
});

it('calls from and to a trunk light the phone; the trunk is no extension', async () => {
  const trunk = await site.lab.phone('provider');
  try {
    assert.equal((await trunk.register()).status, 200);
    const inward = await trunk.invite('1001');
    await (await rings('1001')).answer();
    assert.equal(
      (await shows({ 1001: 'recipient confirmed provider' })).some(({ ext }) => ext === 'provider'),
      false,
    );
    await inward.hangup();
    const outward = await lines['1001'].invite('90123456');
    await (await trunk.nextCall()).answer();
    await shows({ 1001: 'initiator confirmed 90123456' });
    await outward.hangup();
  } finally {
    await trunk.close();
  }
});

it('a restart of Lamplighter in the middle: a click-to-dial and a pickup keep their dialogs and directions', async () => {
  const restart = async () => {
    await site.daemon.kill();
    await site.restartDaemon();
    await site.daemon.ready(20_000);
  };
  const placed = site.lab.cli('channel originate PJSIP/1001 extension 1002@from-internal');
  const clicked = await rings('1001');
  await clicked.answer();
  await placed;
  await (await rings('1002')).answer();
  const both = { 1001: 'recipient confirmed 1002', 1002: 'recipient confirmed 1001' };
  const before = await shows(both);
  // twice: what the first one believed is what the second one finds in its store
  for (let turn = 0; turn < 2; turn++) {
    await restart();
    assert.deepEqual(
      (await shows(both)).map(({ dialogs }) => dialogs.map(({ id }) => id)),
      before.map(({ dialogs }) => dialogs.map(({ id }) => id)),
    );
  }
  await clicked.hangup();
  await shows({});
  const call = await lines['1003'].invite('1002');
  await rings('1002');
  await shows({ 1002: 'recipient early 1003', 1003: 'initiator early 1002' });
  await (await lines['1004'].invite('**1002')).answered;
  const picked = { 1003: 'initiator confirmed 1004', 1004: 'initiator confirmed 1003' };
  await shows(picked);
  for (let turn = 0; turn < 2; turn++) {
    await restart();
    await shows(picked);
  }
  await call.hangup();
});

it('a hundred short calls, answered, refused and cancelled at the same moment: no lamp stays lit', async () => {
  const ends = new Map<string, number>();
  lines['1002'].onCall((incoming) => {
    incoming.ringing();
    const turn = ends.size % 3;
    ends.set(incoming.dialog.callId, turn);
    if (turn === 0) void incoming.answer().catch(() => undefined);
    if (turn === 1) incoming.reject(486);
  });
  for (let turn = 0; turn < 100; turn += 5) {
    const calls = await Promise.all([1, 2, 3, 4, 5].map(() => lines['1001'].invite('1002')));
    // now in the middle of the ringing, now at any other moment
    if (turn % 10 === 0) await Promise.any(calls.map(({ ringing }) => ringing));
    else await new Promise((resolve) => setTimeout(resolve, (turn * 7) % 40));
    await Promise.all(calls.map((call) => call.hangup()));
  }
  lines['1002'].onCall(() => undefined);
  await shows({});
  // a reading of the whole PBX after it brings none back
  await site.daemon.kill();
  await site.restartDaemon();
  await site.daemon.ready(20_000);
  await shows({});
  assert.ok(ends.size >= 10, `${ends.size} calls came through`);
});
