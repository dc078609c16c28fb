import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { dialogInfo, featureType, type Notify, parts, type Subscription } from '../support/phone.ts';
import { Stage } from './stage.ts';

let stage: Stage;
/** An agent no other test has touched, logged off. */
let agent: string;
let nextAgent = 2200;
before(async () => {
  stage = await Stage.open('phones: { profiles: [{ name: quick, match: ".", notifyMinIntervalMs: 0 }] }');
});
beforeEach(() => {
  agent = String(nextAgent++);
});
afterEach(() => stage.tidy());
after(() => stage.close());

const event = 'as-feature-event';
const csta = 'http://www.ecma-international.org/standards/ecma-323/csta/ed3';

/** As open clients write it, the reason with the prefix they look for themselves. */
function setAgent(state: string, reason?: string): string {
  const why =
    reason === undefined
      ? ''
      : `<extensions>\r\n<privateData>\r\n<private xmlns:pri="http://schema.broadsoft.com/CSTAPrivateData">\r\n<pri:AgentNotReadyReasonValue>${reason}</pri:AgentNotReadyReasonValue></private>\r\n</privateData>\r\n</extensions>\r\n`;
  return `<?xml version="1.0" encoding="ISO-8859-1"?>\r\n<SetAgentState xmlns="${csta}">\r\n<device></device>\r\n<requestedAgentState>${state}</requestedAgentState>\r\n${why}<agentID></agentID>\r\n<password></password>\r\n</SetAgentState>\r\n`;
}

/** The documents of a NOTIFY by their names, and the reason where there is one: `AgentNotReadyEvent 7`. */
function documents(notify: Notify): string[] {
  return parts(notify).map(({ body }) => {
    const name = /<([A-Z]\w+) xmlns="([^"]+)"/.exec(body);
    assert.equal(name?.[2], csta, body);
    const reason =
      /<private xmlns:pri="http:\/\/schema\.broadsoft\.com\/CSTAPrivateData"><pri:AgentNotReadyReasonValue>(.*?)</.exec(
        body,
      );
    return [name[1], ...(reason === null ? [] : [reason[1]])].join(' ');
  });
}

/** Collects documents until so many have come. */
async function heard(subscription: Subscription, count: number): Promise<string[]> {
  const told: string[] = [];
  while (told.length < count) told.push(...documents(await subscription.next()));
  return told;
}

async function desk(user: string, count = 5) {
  const phone = await stage.phone(user, {}, 'tcp');
  const sub = await phone.subscribe({ event });
  assert.equal(sub.response.status, 200);
  return { phone, sub, full: await heard(sub, count) };
}

async function press(sub: Subscription, body: string): Promise<void> {
  assert.equal((await sub.refresh({ body, contentType: featureType })).status, 200);
}

async function agentOf(user: string): Promise<object | null> {
  const { body } = await stage.daemon.api<{ agent: object | null }>(`/api/v1/extensions/${user}`);
  return body.agent;
}

function put(user: string, body: object) {
  const path = `/api/v1/extensions/${user}/agent`;
  return stage.daemon.api<Record<string, unknown>>(path, { method: 'PUT', body });
}

async function audit(user: string) {
  const { body } = await stage.daemon.api<Record<string, unknown>[]>(`/api/v1/audit?ext=${user}`);
  return body;
}

const features = ['DoNotDisturbEvent', 'ForwardingEvent', 'ForwardingEvent', 'ForwardingEvent'];

test('the full picture of an agent ends with what he is, and that of anybody else knows no agents', async () => {
  assert.deepEqual((await desk(agent)).full, [...features, 'AgentLoggedOffEvent']);
  const { full, sub } = await desk(stage.ext(), 4);
  assert.deepEqual(full, features);
  assert.ok(sub.notifies.every(({ body }) => !body.includes('Agent')));
});

test('over UDP the five documents come one by one, each in a datagram that fits', async () => {
  const phone = await stage.phone(agent);
  const sub = await phone.subscribe({ event });
  assert.deepEqual(await heard(sub, 5), [...features, 'AgentLoggedOffEvent']);
  for (const { message } of sub.notifies) assert.ok(message.toString().length <= 1300);
  assert.deepEqual(phone.violations, []);
});

test('an agent who presses Available is ready at the PBX, and every phone of his is told, and nobody else', async () => {
  const [one, two, strange] = [await desk(agent), await desk(agent), await desk(String(nextAgent++))];
  await press(one.sub, setAgent('ready'));
  for (const { sub } of [one, two]) {
    assert.deepEqual(await heard(sub, 2), ['AgentLoggedOnEvent', 'AgentReadyEvent']);
  }
  assert.deepEqual(await agentOf(agent), { state: 'ready', reason: null });
  assert.equal(strange.sub.notifies.length, 1);
  await press(two.sub, setAgent('workingAfterCall'));
  for (const { sub } of [one, two]) assert.deepEqual(await heard(sub, 1), ['AgentWorkingAfterCallEvent']);
  assert.deepEqual([...one.phone.violations, ...two.phone.violations], []);
});

test('the reason of a break goes from one phone to the PBX and to the other, and into the audit', async () => {
  const [one, two] = [await desk(agent), await desk(agent)];
  await press(one.sub, setAgent('notReady', '7'));
  for (const { sub } of [one, two]) {
    assert.deepEqual(await heard(sub, 2), ['AgentLoggedOnEvent', 'AgentNotReadyEvent 7']);
  }
  assert.deepEqual(await agentOf(agent), { state: 'notReady', reason: '7' });
  const [row] = await audit(agent);
  assert.deepEqual(
    [row?.['feature'], row?.['via'], row?.['decision'], row?.['old'], row?.['new']],
    ['agent', 'phone', 'granted', { state: 'loggedOff', reason: null }, { state: 'notReady', reason: '7' }],
  );
});

test('a wish for what he is already is confirmed to the asking phone alone', async () => {
  const [one, two] = [await desk(agent), await desk(agent)];
  await press(one.sub, setAgent('loggedOff'));
  assert.deepEqual(await heard(one.sub, 1), ['AgentLoggedOffEvent']);
  await press(one.sub, setAgent('loggedOn'));
  assert.deepEqual(await heard(one.sub, 2), ['AgentLoggedOnEvent', 'AgentReadyEvent']);
  await press(one.sub, setAgent('loggedOn'));
  assert.deepEqual(await heard(one.sub, 1), ['AgentReadyEvent'], 'who is logged on is not logged on again');
  assert.deepEqual(await heard(two.sub, 2), ['AgentLoggedOnEvent', 'AgentReadyEvent']);
  assert.equal(two.sub.notifies.length, 2);
});

test('what a supervisor does at the PBX is told to the phones, and his lamp follows', async () => {
  const { sub } = await desk(agent);
  const lamp = await (await stage.phone(stage.ext())).subscribe({ event: 'dialog', resource: `agent+${agent}` });
  const shown = async (state: string | undefined) => {
    const notify = await lamp.next((one) => dialogInfo(one).dialogs.at(-1)?.state === state);
    return dialogInfo(notify).dialogs.at(-1);
  };
  assert.equal(dialogInfo(await lamp.next()).dialogs.at(-1)?.state, 'terminated');
  const act = async (state: string, reason?: string) => {
    const body = { ext: agent, state, ...(reason === undefined ? {} : { reason }) };
    const answer = await stage.daemon.api('/api/v1/simulator/agent', { method: 'POST', body });
    assert.equal(answer.status, 200);
  };
  await act('ready');
  assert.deepEqual(await heard(sub, 2), ['AgentLoggedOnEvent', 'AgentReadyEvent']);
  const on = await shown('confirmed');
  await act('notReady', 'Mittag & Käse');
  assert.deepEqual(await heard(sub, 1), ['AgentNotReadyEvent Mittag &amp; K&#228;se']);
  const blinking = await shown('early');
  assert.notEqual(blinking?.id, on?.id, 'a dialog only moves forward');
  await act('loggedOff');
  assert.deepEqual(await heard(sub, 1), ['AgentLoggedOffEvent']);
  await shown('terminated');
  assert.deepEqual(await audit(agent), [], 'what the PBX does with an agent is in no audit');
});

test('who is no agent presses in vain: 200, the full picture, no agent in it, one row in the audit', async () => {
  const user = stage.ext();
  const { sub } = await desk(user, 4);
  await press(sub, setAgent('ready'));
  assert.deepEqual(await heard(sub, 4), features);
  assert.equal(await agentOf(user), null);
  const rows = await audit(user);
  assert.deepEqual(
    rows.map(({ feature, decision, reason }) => [feature, decision, String(reason).split(':')[0]]),
    [['agent', 'refused', 'no-agent']],
  );
});

test('a state nobody knows, hoteling and what else the package may hold are answered 200 with the full picture', async () => {
  const { sub } = await desk(agent);
  const bodies = [
    setAgent('busy'),
    setAgent(''),
    '<SetHoteling xmlns="http://schema.broadsoft.com/hoteling"><guestAddress>x@y</guestAddress></SetHoteling>',
    `<SetCallRecordingMode xmlns="${csta}"><mode>always</mode></SetCallRecordingMode>`,
  ];
  for (const body of bodies) {
    await press(sub, body);
    assert.deepEqual(await heard(sub, 5), [...features, 'AgentLoggedOffEvent'], body);
  }
  assert.deepEqual(await agentOf(agent), { state: 'loggedOff', reason: null });
});

test('a hostile reason is cut, cleaned, escaped and never markup', async () => {
  const { sub } = await desk(agent);
  await press(sub, setAgent('notReady', `&lt;/pri:x&gt;&#10;Action: Originate;|"\${${'x'.repeat(300)}`));
  const [, notReady] = await heard(sub, 2);
  assert.equal(notReady, `AgentNotReadyEvent ${'/pri:x Action: Originate '.padEnd(64, 'x')}`);
  assert.equal(JSON.stringify(await agentOf(agent)), JSON.stringify({ state: 'notReady', reason: notReady.slice(19) }));
});

test('the agent state of another is refused 403 and changes nothing', async () => {
  const mallory = await stage.phone(stage.ext());
  const sub = await mallory.subscribe({ event, resource: agent, body: setAgent('ready'), contentType: featureType });
  assert.equal(sub.response.status, 403);
  assert.deepEqual(await agentOf(agent), { state: 'loggedOff', reason: null });
});

test('the API sends an agent on a break and home, and says why it does not', async () => {
  const { sub } = await desk(agent);
  const onBreak = await put(agent, { state: 'notReady', reason: 'training' });
  assert.deepEqual([onBreak.status, onBreak.body], [200, { state: 'notReady', reason: 'training' }]);
  assert.deepEqual(await heard(sub, 2), ['AgentLoggedOnEvent', 'AgentNotReadyEvent training']);
  assert.equal((await put(agent, { state: 'loggedOff' })).status, 200);
  assert.deepEqual(await heard(sub, 1), ['AgentLoggedOffEvent']);

  const user = stage.ext();
  const answers = [
    await put(user, { state: 'ready' }),
    await put('4711', { state: 'ready' }),
    await put(agent, { state: 'busy' }),
    await put(agent, { state: 'ready', password: 'x' }),
  ];
  assert.deepEqual(
    answers.map(({ status, body }) => [status, (body['error'] as { code: string }).code]),
    [
      [409, 'no-agent'],
      [404, 'unknown-extension'],
      [400, 'invalid-body'],
      [400, 'invalid-body'],
    ],
  );
});

test('after a crash a phone is told in its old dialog what the PBX makes of the agent now', async () => {
  const phone = await stage.phone(agent);
  const sub = await phone.subscribe({ event });
  await heard(sub, 5);
  await press(sub, setAgent('ready'));
  assert.deepEqual(await heard(sub, 2), ['AgentLoggedOnEvent', 'AgentReadyEvent']);
  await stage.killAndStart(); // the simulated PBX with it: all its agents are logged off
  // the change first, or with the full picture that every phone is told after a restart
  const told = new Set<string>();
  while (!told.has('AgentLoggedOffEvent') || !told.has('DoNotDisturbEvent')) {
    for (const document of documents(await sub.next())) told.add(document);
  }
  await press(sub, setAgent('ready'));
  await sub.next((notify) => documents(notify).includes('AgentReadyEvent'));
  assert.deepEqual(await agentOf(agent), { state: 'ready', reason: null });
  assert.deepEqual(phone.violations, []);
});
