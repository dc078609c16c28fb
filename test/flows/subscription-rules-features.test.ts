import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { type FeatureEvent, featureEvents, featureType, setDnd, setForward } from '../support/phone.ts';
import type { Hand, Talk } from './hand.ts';
import { Stage } from './stage.ts';

const event = 'as-feature-event';
const type = { 'Content-Type': featureType };

let stage: Stage;
before(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.tidy());
after(() => stage.close());

/** Takes NOTIFYs of a dialog until `count` features were told. */
async function told(hand: Hand, talk: Talk, count: number): Promise<FeatureEvent[]> {
  const all: FeatureEvent[] = [];
  while (all.length < count) all.push(...featureEvents(await hand.next(talk)));
  assert.equal(all.length, count);
  return all;
}

/** A phone of a new user that was told all four features. */
async function desk(transport: 'udp' | 'tcp' = 'udp') {
  const user = stage.ext();
  const hand = await stage.hand(transport);
  const { talk, status } = await hand.ask({ user, event });
  assert.equal(status, 200);
  await told(hand, talk, 4);
  return { user, hand, talk };
}

const features = async (user: string) =>
  (await stage.daemon.api<{ features: Record<string, unknown> }>(`/api/v1/extensions/${user}`)).body.features;

test('A-01 2.4: a refresh without a body heals a phone that missed a change', async () => {
  const { user, hand, talk } = await desk();
  await stage.setDnd(user, true);
  const missed = await hand.next(talk); // taken off the wire, and forgotten by the phone
  assert.equal((await hand.ask({ user, event, talk })).status, 200);
  const all = await told(hand, talk, 4);
  assert.equal(all.find(({ feature }) => feature === 'dnd')?.enabled, true);
  assert.ok((hand.heard(talk).at(-1)?.cseq ?? 0) > missed.cseq);
});

test('A-01 2.5: a fetch over UDP is one NOTIFY with all four features although it must be large', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const { talk } = await hand.ask({ user, event, expires: 0 });
  const only = await hand.next(talk);
  assert.equal(only.subscriptionState.state, 'terminated');
  assert.equal(featureEvents(only).length, 4);
});

test('A-01 2.6: a phone that restarts with a Set in mind acts on its new dialog only', async () => {
  const { user, hand, talk } = await desk();
  const young = await hand.ask({ user, event });
  await told(hand, young.talk, 4);
  const before = hand.heard(talk).length;
  const old = await hand.ask({ user, event, talk: { ...talk }, body: setDnd(true), lines: type });
  assert.equal(old.status, 481, 'the old dialog is dead');
  assert.deepEqual((await features(user))['dnd'], { enabled: false });
  await hand.ask({ user, event, talk: young.talk, body: setDnd(true), lines: type });
  assert.equal((await told(hand, young.talk, 1))[0]?.enabled, true);
  assert.equal(hand.heard(talk).length, before);
});

test('A-01 2.7, 2.8: a Set is answered 200, never 202, without a body', async () => {
  const { user, hand, talk } = await desk();
  const { message } = await hand.ask({ user, event, talk, body: setDnd(true), lines: type });
  assert.deepEqual([message.status, message.text, message.header('Content-Type')], [200, '', undefined]);
  assert.deepEqual(await told(hand, talk, 1), [{ feature: 'dnd', enabled: true }]);
});

test('A-01 2.9: a Set in the first SUBSCRIBE is applied, then everything is told with the new state', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const { talk, status } = await hand.ask({ user, event, body: setDnd(true), lines: type });
  assert.equal(status, 200);
  const all = await told(hand, talk, 4);
  assert.equal(all.find(({ feature }) => feature === 'dnd')?.enabled, true, 'no early NOTIFY with the old state');
  assert.deepEqual((await features(user))['dnd'], { enabled: true });
});

/** Two documents in multipart/mixed. */
const multipart = (...bodies: readonly string[]) => ({
  body: `${bodies.map((body) => `--b\r\nContent-Type: ${featureType}\r\n\r\n${body}\r\n`).join('')}--b--\r\n`,
  lines: { 'Content-Type': 'multipart/mixed;boundary=b' },
});

test('A-01 2.10: two Sets in one multipart are applied in order, each changed feature told once', async () => {
  const { user, hand, talk } = await desk();
  const target = stage.ext();
  const both = multipart(setDnd(true), setForward('cfb', true, target));
  assert.equal((await hand.ask({ user, event, talk, ...both })).status, 200);
  const all = await told(hand, talk, 2);
  assert.deepEqual(
    all.map(({ feature, enabled }) => [feature, enabled]),
    [
      ['dnd', true],
      ['cfb', true],
    ],
  );
  const back = multipart(setDnd(false), setDnd(true), setDnd(false));
  assert.equal((await hand.ask({ user, event, talk, ...back })).status, 200);
  assert.deepEqual(await told(hand, talk, 1), [{ feature: 'dnd', enabled: false }], 'the last one holds');
});

test('A-01 2.11: after kill -9 the dialog goes on: one full NOTIFY with a higher CSeq, and a refresh is answered 200', async () => {
  const own = await Stage.open();
  try {
    const user = own.ext();
    const hand = await own.hand();
    const { talk } = await hand.ask({ user, event });
    await told(hand, talk, 4);
    const before = hand.heard(talk).at(-1)?.cseq ?? 0;
    await own.killAndStart();
    const all = await told(hand, talk, 4);
    assert.equal(new Set(all.map(({ feature }) => feature)).size, 4);
    assert.ok((hand.heard(talk)[4]?.cseq ?? 0) > before);
    const refresh = await hand.ask({ user, event, talk, body: setDnd(true), lines: type });
    assert.equal(refresh.status, 200, refresh.text);
    assert.deepEqual(await told(hand, talk, 1), [{ feature: 'dnd', enabled: true }]);
    const numbers = hand.heard(talk).map(({ cseq }) => cseq);
    assert.deepEqual(
      numbers,
      [...numbers].sort((a, b) => a - b),
    );
  } finally {
    await own.close();
  }
});

test('A-01 5: a Content-Type with an empty body, or NULs only, is no body: the full picture', async () => {
  const { user, hand, talk } = await desk();
  for (const body of ['', '\0\0\0', '\r\n']) {
    assert.equal((await hand.ask({ user, event, talk, body, lines: type })).status, 200);
    await told(hand, talk, 4);
  }
});

test('A-01 5: what is too deep, an array of __proto__ or <> is answered 400 and changes nothing', async () => {
  const { user, hand, talk } = await desk('tcp');
  const deep = `${'<a>'.repeat(40)}${'</a>'.repeat(40)}`;
  const bodies = ['<>', deep, '<!DOCTYPE a><a/>', '<a>1</a><b/>', setDnd(true).replace('true', '&true;')];
  for (const body of bodies) {
    assert.equal((await hand.ask({ user, event, talk, body, lines: type })).status, 400, body.slice(0, 40));
  }
  const odd = '<__proto__ xmlns="x"><constructor/></__proto__>';
  assert.ok([200, 400].includes((await hand.ask({ user, event, talk, body: odd, lines: type })).status));
  assert.deepEqual((await features(user))['dnd'], { enabled: false });
  assert.equal((await stage.subscriptions(user)).length, 1, 'a refused Set ends nothing');
});

test('A-01 5: a Set of another user is answered 403 in a new dialog', async () => {
  const [user, other] = [stage.ext(), stage.ext()];
  const hand = await stage.hand();
  const uri = `sip:${other}@lamplighter.test`;
  const lines = { ...type, From: `<sip:${other}@lamplighter.test>;tag=a`, To: `<${uri}>` };
  assert.equal((await hand.ask({ user, uri, event, body: setDnd(true), lines })).status, 403);
  assert.deepEqual((await features(other))['dnd'], { enabled: false });
});

test('A-01 3: prefixed names, no declaration, another CSTA edition, a BOM, LF line ends and odd booleans are understood', async () => {
  const { user, hand, talk } = await desk();
  const csta = 'http://www.ecma-international.org/standards/ecma-323/csta';
  const dnd = (on: string, ns = `xmlns="${csta}/ed3"`) =>
    `<SetDoNotDisturb ${ns}><doNotDisturbOn>${on}</doNotDisturbOn><device><notKnown/></device></SetDoNotDisturb>`;
  const forms = [
    dnd('1'),
    dnd(' FALSE '),
    dnd('true', `xmlns="${csta}/ed4"`),
    dnd('0', ''),
    `\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>\n${dnd('True')}\0\0`,
    `<x:SetDoNotDisturb xmlns:x="${csta}/ed3"><x:doNotDisturbOn>false</x:doNotDisturbOn></x:SetDoNotDisturb>`,
  ];
  for (const [index, body] of forms.entries()) {
    const lines = { 'Content-Type': `${featureType};charset=utf-8` };
    assert.equal((await hand.ask({ user, event, talk, body, lines })).status, 200);
    const [only] = await told(hand, talk, 1);
    assert.deepEqual(only?.feature, 'dnd', body);
    // the fifth change within ten seconds starts the hold that breaks loops between two systems
    if (index < 5) assert.equal(only?.enabled, index % 2 === 0, body);
  }
});

test('A-01 8.6: the eleventh Set within a minute is answered 200 and told the unchanged truth', async () => {
  const { user, hand, talk } = await desk();
  const targets = [stage.ext(), stage.ext()];
  for (let set = 0; set < 10; set += 1) {
    const key = (['cfa', 'cfb', 'cfna'] as const)[set % 3] ?? 'cfa';
    const body = setForward(key, true, targets[Math.floor(set / 3) % 2] ?? '');
    assert.equal((await hand.ask({ user, event, talk, body, lines: type })).status, 200);
    await told(hand, talk, 1);
  }
  assert.equal((await hand.ask({ user, event, talk, body: setDnd(true), lines: type })).status, 200);
  assert.deepEqual(await told(hand, talk, 1), [{ feature: 'dnd', enabled: false }]);
  const audit = await stage.daemon.api<{ decision: string }[]>(`/api/v1/audit?ext=${user}`);
  assert.deepEqual(
    audit.body.map(({ decision }) => decision).filter((one) => one !== 'granted'),
    ['refused'],
  );
});
