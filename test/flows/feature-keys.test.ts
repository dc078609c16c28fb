import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { type FeatureEvent, featureEvents, featureType, type Phone, setDnd, setForward } from '../support/phone.ts';
import { Stage } from './stage.ts';

let stage: Stage;
/** Extensions that no other test has touched. */
let user: string;
let other: string;
before(async () => {
  stage = await Stage.open();
});
beforeEach(() => {
  [user, other] = [stage.ext(), stage.ext()];
});
afterEach(() => stage.tidy());
after(() => stage.close());

const event = 'as-feature-event';
/** An extension that may be forwarded to; no test presses its keys. */
const target = '2299';
/** Stands for the extension of the phone that asks. */
const self = '{self}';
const featureOf = (events: readonly FeatureEvent[], name: string) => events.find(({ feature }) => feature === name);

/** Collects NOTIFYs until all four features have been told. */
async function full(subscription: Awaited<ReturnType<Phone['subscribe']>>): Promise<Map<string, FeatureEvent>> {
  const told = new Map<string, FeatureEvent>();
  while (told.size < 4) {
    for (const one of featureEvents(await subscription.next())) told.set(one.feature, one);
  }
  return told;
}

async function features(ext: string) {
  const { body } = await stage.daemon.api<{ features: Record<string, object> }>(`/api/v1/extensions/${ext}`);
  return body.features;
}

test('a phone that subscribes is answered 200 and told all four features, over UDP in datagrams that fit', async () => {
  const desk = await stage.phone(user);
  const subscription = await desk.subscribe({ event, resource: user });
  assert.equal(subscription.response.status, 200);
  const told = await full(subscription);
  assert.deepEqual([...told.keys()].sort(), ['cfa', 'cfb', 'cfna', 'dnd']);
  assert.equal(told.get('dnd')?.enabled, false);
  for (const notify of subscription.notifies) assert.ok(notify.message.toString().length <= 1300);
  assert.deepEqual(desk.violations, []);
});

test('over TCP the four features come in one multipart NOTIFY', async () => {
  const desk = await stage.phone(user, {}, 'tcp');
  const subscription = await desk.subscribe({ event });
  const notify = await subscription.next();
  assert.match(notify.contentType, /^multipart\/mixed; ?boundary="/);
  assert.equal(featureEvents(notify).length, 4);
  assert.deepEqual(desk.violations, []);
});

test('a DND key on one phone changes the PBX and lights every phone of the user, and nobody else', async () => {
  const [one, two, strange] = [await stage.phone(user), await stage.phone(user), await stage.phone(other)];
  const [first, second, third] = await Promise.all([one, two, strange].map((desk) => desk.subscribe({ event })));
  for (const subscription of [first!, second!, third!]) await full(subscription);
  const before = third!.notifies.length;
  const answer = await first!.refresh({ body: setDnd(true), contentType: featureType });
  assert.equal(answer.status, 200);
  for (const subscription of [first!, second!]) {
    const events = featureEvents(await subscription.next());
    assert.equal(events.length, 1, 'only what changed is told');
    assert.deepEqual({ feature: events[0]?.feature, enabled: events[0]?.enabled }, { feature: 'dnd', enabled: true });
  }
  assert.deepEqual((await features(user))['dnd'], { enabled: true });
  assert.equal(third!.notifies.length, before);
  assert.deepEqual([...one.violations, ...two.violations], []);
});

for (const [key, rings] of [
  ['cfa', undefined],
  ['cfb', undefined],
  ['cfna', 3],
] as const) {
  test(`a ${key} key sets target and state; off keeps the target in mind for the phone`, async () => {
    const desk = await stage.phone(user);
    const subscription = await desk.subscribe({ event });
    await full(subscription);
    await subscription.refresh({ body: setForward(key, true, target, rings), contentType: featureType });
    const on = featureOf(featureEvents(await subscription.next()), key);
    assert.equal(on?.enabled, true);
    assert.equal(on?.target, target);
    if (rings !== undefined) assert.equal(on?.ringCount, rings);
    await subscription.refresh({ body: setForward(key, false), contentType: featureType });
    const off = featureOf(featureEvents(await subscription.next()), key);
    assert.equal(off?.enabled, false);
    assert.equal(off?.target, target);
    await subscription.refresh({ body: setForward(key, true), contentType: featureType });
    const again = featureOf(featureEvents(await subscription.next()), key);
    assert.deepEqual([again?.enabled, again?.target], [true, target], 'on without a number means the remembered one');
  });
}

test('a change by the API is told to the phone; an equal one is told to nobody', async () => {
  const desk = await stage.phone(user);
  const subscription = await desk.subscribe({ event });
  await full(subscription);
  const put = await stage.daemon.api(`/api/v1/extensions/${user}/features/cfna`, {
    method: 'PUT',
    body: { enabled: true, target, ringCount: 4 },
  });
  assert.deepEqual(put, { status: 200, body: { enabled: true, target, ringCount: 4 } });
  const told = featureOf(featureEvents(await subscription.next()), 'cfna');
  assert.deepEqual([told?.enabled, told?.target, told?.ringCount], [true, target, 4]);
  const count = subscription.notifies.length;
  await stage.daemon.api(`/api/v1/extensions/${user}/features/cfna`, {
    method: 'PUT',
    body: { enabled: true, target, ringCount: 4 },
  });
  // a refresh is answered after whatever the equal PUT would have caused
  await subscription.refresh();
  await full(subscription);
  const between = subscription.notifies.slice(count);
  assert.ok(between.flatMap((notify) => featureEvents(notify)).length <= 4, 'nothing but the refresh was told');
});

test('a key press for what already is tells the asking phone only and writes nothing', async () => {
  const [one, two] = [await stage.phone(user), await stage.phone(user)];
  const first = await one.subscribe({ event });
  const second = await two.subscribe({ event });
  await full(first);
  await full(second);
  const quiet = second.notifies.length;
  await first.refresh({ body: setDnd(false), contentType: featureType });
  assert.equal(featureOf(featureEvents(await first.next()), 'dnd')?.enabled, false);
  assert.equal(second.notifies.length, quiet);
  const audit = await stage.daemon.api<{ decision: string }[]>(`/api/v1/audit?ext=${user}`);
  assert.deepEqual(
    audit.body.map(({ decision }) => decision),
    ['equal'],
  );
});

/** Every refused or malformed Set: its SIP answer, and the true state where the answer is 200. */
const refusals: readonly (readonly [what: string, body: string, status: number, told: string | null])[] = [
  ['self', setForward('cfa', true, self), 200, 'cfa'],
  ['self by URI', setForward('cfa', true, `sip:${self}@lamplighter.test`), 200, 'cfa'],
  ['an outside number', setForward('cfa', true, '0301234567'), 200, 'cfa'],
  ['a premium number', setForward('cfb', true, '0900123456'), 200, 'cfb'],
  ['an international number', setForward('cfna', true, '+49301234567', 3), 200, 'cfna'],
  ['a feature code', setForward('cfa', true, '*72'), 200, 'cfa'],
  ['a dial string', setForward('cfa', true, `${target}@ctx&amp;SIP/trunk/0900`), 200, 'cfa'],
  ['a dialplan expression', setForward('cfa', true, `$${'{'}SHELL(id)}`), 200, 'cfa'],
  ['an encoded line break', setForward('cfa', true, `${target}&#13;&#10;Action: Originate`), 200, 'cfa'],
  ['escaped markup', setForward('cfa', true, `${target}&lt;/forwardTo&gt;`), 200, 'cfa'],
  ['a foreign host', setForward('cfa', true, `sip:${target}@evil.example`), 200, 'cfa'],
  ['activation without any target', setForward('cfa', true), 200, 'cfa'],
  ['a boolean that is none', setDnd(true).replace('true', 'perhaps'), 200, 'dnd'],
  ['truncated XML', setDnd(true).slice(0, -10), 400, null],
  ['a DOCTYPE', `<!DOCTYPE x [<!ENTITY e "y">]>${setDnd(true)}`, 400, null],
  ['two roots', `${setDnd(true)}${setDnd(true)}`, 400, null],
  ['no XML at all', 'hello', 400, null],
  ['too much', setDnd(true).replace('<device', `<!--${'x'.repeat(9000)}--><device`), 413, null],
];

for (const [what, body, status, told] of refusals) {
  test(`a Set with ${what} is answered ${status}, the true state is told, and nothing changes`, async () => {
    const desk = await stage.phone(user, {}, 'tcp');
    const subscription = await desk.subscribe({ event });
    await full(subscription);
    const before = await features(user);
    const answer = await subscription.refresh({ body, contentType: featureType });
    assert.equal(answer.status, status);
    if (told !== null) {
      const events = featureEvents(await subscription.next());
      assert.deepEqual(
        events.map(({ feature, enabled }) => [feature, enabled]),
        [[told, false]],
      );
    }
    assert.deepEqual(await features(user), before);
  });
}

test('an unknown root, a forward type nobody has and an agent state change nothing and earn the full picture', async () => {
  const desk = await stage.phone(user, {}, 'tcp');
  const subscription = await desk.subscribe({ event });
  await full(subscription);
  const bodies = [
    '<SetAgentState xmlns="http://www.ecma-international.org/standards/ecma-323/csta/ed3"><device/><requestedAgentState>ready</requestedAgentState></SetAgentState>',
    setForward('cfa', true, target).replace('forwardImmediate', 'forwardWhenRaining'),
    '<Whatever/>',
  ];
  for (const body of bodies) {
    assert.equal((await subscription.refresh({ body, contentType: featureType })).status, 200);
    assert.equal(featureEvents(await subscription.next()).length, 4);
  }
});

test('a body of another type is answered 415 with what is accepted', async () => {
  const desk = await stage.phone(user);
  const subscription = await desk.subscribe({ event });
  const answer = await subscription.refresh({ body: 'v=0', contentType: 'application/sdp' });
  assert.equal(answer.status, 415);
  assert.match(answer.header('Accept') ?? '', /application\/x-as-feature-event\+xml/);
});

test('a user who asks for the features of another is refused 403 and learns nothing', async () => {
  const desk = await stage.phone(other);
  const subscription = await desk.subscribe({
    event,
    resource: user,
    body: setDnd(true),
    contentType: featureType,
  });
  assert.equal(subscription.response.status, 403);
  assert.equal(subscription.notifies.length, 0);
  assert.deepEqual((await features(user))['dnd'], { enabled: false });
});

test('a wrong password and an unknown user get the same challenge again, one log line, and no NOTIFY', async () => {
  const wrong = await stage.phone(user, { password: 'guess' });
  const nobody = await stage.phone('4711', { password: 'guess' });
  const answers = [await wrong.subscribe({ event }), await nobody.subscribe({ event })];
  assert.deepEqual(
    answers.map(({ response }) => response.status),
    [401, 401],
  );
  assert.deepEqual(
    answers.map(({ notifies }) => notifies.length),
    [0, 0],
  );
  const shape = (text: string) => text.replace(/nonce="[^"]*"/g, 'nonce=""');
  const [a, b] = answers.map(({ response }) => shape(response.header('WWW-Authenticate') ?? ''));
  assert.equal(a, b);
  // the log comes by a pipe of its own, perhaps after the answers
  const logged = (name: string) => stage.daemon.log.some((line) => line['event'] === name);
  await stage.daemon.until('/healthz', () => logged('auth-failed') && logged('unknown-user'));
  assert.doesNotMatch(stage.daemon.output.join('\n'), new RegExp(`guess|secret${user}`));
});
