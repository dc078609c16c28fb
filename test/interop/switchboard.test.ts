import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { asterisk } from '../../adapters/asterisk/asterisk.ts';
import { asteriskOptions } from '../../adapters/asterisk/options.ts';
import type { AgentPhase } from '../../src/model/agent.ts';
import { aorOf } from '../../src/model/aor.ts';
import { systemClock } from '../../src/model/clock.ts';
import { systemRandom } from '../../src/model/random.ts';
import { Telling } from '../adapters/told.ts';
import { dialogInfo, lamp, type OutgoingCall, type Phone, type Subscription } from '../support/phone.ts';
import { RecordingLogger } from '../support/silent-logger.ts';
import { AmiClient } from './lab/ami.ts';
import { it, Site, skip } from './scene.ts';

const event = 'dialog';
const agents = "agents: { interface: 'PJSIP/{ext}', queues: [{ name: support, members: ['1003'] }] }";

let site: Site;
let desk: Phone;
let lines: Record<'1001' | '1002' | '1003', Phone>;

before(async () => {
  if (skip !== null) return;
  site = await Site.open((usual) => usual.replace('features: freepbx', `features: freepbx\n    ${agents}`));
  desk = await site.desk('1004');
  const [a, b, c] = await Promise.all(['1001', '1002', '1003'].map((user) => site.line(user)));
  lines = { 1001: a!, 1002: b!, 1003: c! };
});
after(() => site?.close());

async function watch(resource: string): Promise<Subscription> {
  const subscription = await desk.subscribe({ event, resource });
  assert.equal(subscription.response.status, 200, resource);
  return subscription;
}

/** Waits until the lamp may be watched: it did not exist before. */
async function watchNew(resource: string): Promise<Subscription> {
  for (const end = Date.now() + 15_000; ; ) {
    const subscription = await desk.subscribe({ event, resource });
    if (subscription.response.status === 200) return subscription;
    assert.equal(subscription.response.status, 404);
    assert.ok(Date.now() < end, `${resource} never came to be`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function shows(subscription: Subscription, wanted: ReturnType<typeof lamp>) {
  return dialogInfo(await subscription.next((one) => lamp(dialogInfo(one)) === wanted, 15_000));
}

async function park(): Promise<OutgoingCall> {
  const before = await site.lab.conversations();
  const call = await lines['1001'].invite('1002');
  const incoming = await lines['1002'].nextCall();
  incoming.ringing();
  await incoming.answer();
  await call.answered;
  // COMPAT(Asterisk 22): between the answer and the bridge a REFER is refused, or accepted with 202 and forgotten.
  for (const end = Date.now() + 15_000; (await site.lab.conversations()) <= before; ) assert.ok(Date.now() < end);
  assert.equal((await incoming.transfer('70')).status, 202);
  return call;
}

async function asAdmin<T>(work: (ami: AmiClient) => Promise<T>): Promise<T> {
  const ami = await AmiClient.connect(site.lab.admin);
  try {
    return await work(ami);
  } finally {
    await ami.close();
  }
}

it('a parked call lights its slot and its lot with who is parked there, until somebody takes it or he hangs up', async () => {
  const [slot, lot, other] = [await watch('park+71'), await watch('park+default'), await watch('park+72')];
  for (const one of [slot, lot, other]) await shows(one, 'off');
  const call = await park();
  const named = (one: Subscription) =>
    one.next((notify) => /1001/.test(dialogInfo(notify).dialogs.at(-1)?.remote.identity ?? ''), 15_000);
  await Promise.all([named(slot), named(lot)]);
  const taken = await lines['1003'].invite('71');
  await shows(slot, 'off');
  await shows(lot, 'off');
  await taken.answered;
  await call.hangup();
  const impatient = await park();
  await shows(slot, 'busy');
  await impatient.hangup();
  await shows(slot, 'off');
  await shows(lot, 'off');
  assert.equal(lamp(dialogInfo(other.notifies.at(-1)!)), 'off');
});

it('a parked call stays lit over a restart of Lamplighter, and not over one of Asterisk', async () => {
  const call = await park();
  const slot = await watch('park+71');
  await shows(slot, 'busy');
  await site.daemon.kill();
  await site.restartDaemon((usual) => usual.replace('features: freepbx', `features: freepbx\n    ${agents}`));
  await site.daemon.ready(20_000);
  const again = await watch('park+71');
  const { dialogs } = await shows(again, 'busy');
  assert.match(dialogs.at(-1)?.remote.identity ?? '', /1001/);
  await site.lab.kill();
  await site.lab.restart();
  await shows(again, 'off');
  await call.hangup().catch(() => undefined);
  for (const line of Object.values(lines)) assert.equal((await line.register()).status, 200);
});

it('a conference: alone he waits, with another it is busy, then dark; a room that nobody knows is none', async () => {
  assert.equal((await desk.subscribe({ event, resource: 'conf+8001' })).response.status, 404);
  const first = await lines['1001'].invite('8000');
  await first.answered;
  const room = await watch('conf+8000');
  await shows(room, 'ringing');
  const second = await lines['1002'].invite('8000');
  await shows(room, 'busy');
  await first.hangup();
  await shows(room, 'ringing');
  await second.hangup();
  await shows(room, 'off');
});

it('a queue is lit while somebody waits, its member while he is logged in, and blinks while he pauses', async () => {
  const [queue, agent] = [await watch('queue+support'), await watch('agent+1003')];
  await shows(queue, 'off');
  await shows(agent, 'off');
  await asAdmin(async (ami) => {
    const on = { Queue: 'support', Interface: 'PJSIP/1003' };
    await ami.action({ Action: 'QueueAdd', ...on });
    await shows(agent, 'busy');
    await ami.action({ Action: 'QueuePause', ...on, Paused: 'true', Reason: 'lunch' });
    await shows(agent, 'ringing');
    await ami.action({ Action: 'QueuePause', ...on, Paused: 'false' });
    await shows(agent, 'busy');
    const call = await lines['1002'].invite('8100');
    const waits = await queue.next((one) => /1002/.test(dialogInfo(one).dialogs.at(-1)?.remote.identity ?? ''), 15_000);
    assert.equal(lamp(dialogInfo(waits)), 'busy');
    const offered = await lines['1003'].nextCall();
    offered.ringing();
    await offered.answer();
    await shows(queue, 'off');
    await agent.next((one) => /support/.test(dialogInfo(one).dialogs.at(-1)?.remote.identity ?? ''), 15_000);
    await call.hangup();
    await ami.action({ Action: 'QueueRemove', ...on });
    await shows(agent, 'off');
  });
});

it('Lamplighter logs a member in, pauses him with a reason, has him wrap up, and logs him out', async () => {
  const { host, port, username, secret: password } = site.lab.ami;
  const options = asteriskOptions.parse({
    ari: { ...site.lab.ari, app: 'switchboard' },
    ami: { host, port, username, password },
    agents: {
      interface: 'PJSIP/{ext}',
      stateInterface: 'PJSIP/{ext}',
      queues: [{ name: 'support', members: ['1003'], penalty: 2, wrapUpSeconds: 2 }],
    },
  });
  const tools = { clock: systemClock, random: systemRandom, logger: new RecordingLogger() };
  const place = { domain: 'lab.test', domains: [{ name: 'lab.test', aliases: [] }] };
  const adapter = asterisk({ name: 'main', ...place, options, remembered: [] }, tools);
  const telling = new Telling();
  const member = async () => /PJSIP\/1003.*$/m.exec(await site.lab.cli('queue show support'))?.[0] ?? 'none';
  const set = async (phase: AgentPhase, reason: string | null = null) => {
    const origin = { kind: 'phone', who: '1003', from: null, userAgent: null } as const;
    const answer = await adapter.setAgent?.({ aor: aorOf('1003', 'lab.test'), phase, reason, origin }, 5000);
    assert.ok(answer?.ok, JSON.stringify(answer));
    return `${answer.value.phase} ${answer.value.reason}`;
  };
  try {
    adapter.start(telling.tell);
    await telling.up();
    assert.equal(await set('notReady', 'lunch'), 'notReady lunch');
    assert.match(await member(), /with penalty 2.*paused:lunch/);
    assert.equal(await set('ready'), 'ready null');
    assert.doesNotMatch(await member(), /paused/);
    assert.match(await site.lab.cli('devstate list'), /Custom:QUEUE1003\*support.*INUSE/);
    assert.equal(await set('workingAfterCall'), 'workingAfterCall null');
    assert.match(await member(), /paused:workingAfterCall/);
    assert.equal(await set('ready'), 'ready null');
    // the wrap-up of a call, which nobody wished, and whose end is no event
    const call = await lines['1002'].invite('8100');
    const offered = await lines['1003'].nextCall();
    offered.ringing();
    await offered.answer();
    await call.answered;
    await new Promise((resolve) => setTimeout(resolve, 300));
    await call.hangup();
    const phases = () => telling.of('agent').map(({ agent }) => agent?.phase);
    await telling.until(() => phases().at(-1) === 'workingAfterCall', `no wrap-up: ${phases()}`);
    await telling.until(() => phases().at(-1) === 'ready', 'it never ends');
    // at what parts the members of a row in Queue/PersistentMembers Asterisk would lose all who come after him
    assert.equal(await set('notReady', 'lunch, soup; at|2'), 'notReady lunch  soup  at 2');
    await site.lab.cli('queue add member PJSIP/1004 to support');
    await site.lab.restart();
    await telling.up(2);
    assert.match(await member(), /paused:lunch {2}soup {2}at 2/);
    assert.match(await site.lab.cli('queue show support'), /PJSIP\/1004/);
    assert.equal(await set('loggedOff'), 'loggedOff null');
    assert.equal(await member(), 'none');
    await site.lab.cli('queue remove member PJSIP/1004 from support');
    assert.match(await site.lab.cli('database show LamplighterAgents'), /1003/);
  } finally {
    await adapter.stop();
  }
});

it('a Custom: state is a lamp of its own, with its own case, as the console, AMI or the dialplan sets it', async () => {
  assert.equal((await desk.subscribe({ event, resource: 'custom+Open1' })).response.status, 404);
  await site.lab.cli('devstate change Custom:Open1 INUSE');
  const open = await watchNew('custom+Open1');
  await shows(open, 'busy');
  for (const [state, wanted] of [
    ['RINGING', 'ringing'],
    ['ONHOLD', 'held'],
    ['UNAVAILABLE', 'off'],
    ['BUSY', 'busy'],
    ['NOT_INUSE', 'off'],
  ] as const) {
    await site.lab.cli(`devstate change Custom:Open1 ${state}`);
    await shows(open, wanted);
  }
  assert.equal((await desk.subscribe({ event, resource: 'custom+open1' })).response.status, 404);
  await asAdmin((ami) => ami.action({ Action: 'Setvar', Variable: 'DEVICE_STATE(Custom:open1)', Value: 'INUSE' }));
  await shows(await watchNew('custom+open1'), 'busy');
  assert.equal(lamp(dialogInfo(open.notifies.at(-1)!)), 'off');
});

it('a key that is set to the number of a hint shows what the hint shows', async () => {
  const [slot, gate] = [await watch('71'), await watch('8000')];
  await shows(slot, 'off');
  await shows(gate, 'off');
  const call = await park();
  await shows(slot, 'busy');
  await call.hangup();
  await shows(slot, 'off');
  const member = await lines['1002'].invite('8000');
  await shows(gate, 'ringing');
  await member.hangup();
  await shows(gate, 'off');
});

it("a day/night switch follows its row, written with FreePBX's state beside it and without", async () => {
  await site.lab.cli('database put DAYNIGHT C1 DAY');
  const gate = await watchNew('flow+1');
  await shows(gate, 'off');
  await asAdmin(async (ami) => {
    await ami.action({ Action: 'DBPut', Family: 'DAYNIGHT', Key: 'C1', Val: 'NIGHT' });
    await ami.action({ Action: 'Setvar', Variable: 'DEVICE_STATE(Custom:DAYNIGHT1)', Value: 'INUSE' });
    await shows(gate, 'busy');
    await ami.action({ Action: 'DBPut', Family: 'DAYNIGHT', Key: 'C1', Val: 'DAY' });
    await shows(gate, 'off');
  });
});

it('an account without the right `agent`: the log names it, and the queue is lit all the same', async () => {
  await asAdmin((ami) => ami.action({ Action: 'QueueAdd', Queue: 'support', Interface: 'PJSIP/1003' }));
  await site.daemon.stop();
  await site.restartDaemon((usual) => usual.replace(/(port: \d+\n +username: )lamplighter/, '$1noagent'));
  await site.daemon.ready(20_000);
  assert.ok(
    site.daemon.log.some(({ level, message }) => level === 'warn' && /has no right `agent`/.test(String(message))),
  );
  const queue = await watch('queue+support');
  await shows(await watch('agent+1003'), 'busy');
  const call = await lines['1002'].invite('8100');
  await shows(queue, 'busy');
  await call.hangup();
  await shows(queue, 'off');
});
