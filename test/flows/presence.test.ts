import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { validPidf, validXpidf } from '../event-packages/presence/schema.ts';
import { childOf, textOf } from '../event-packages/read-xml.ts';
import type { Notify, Subscription } from '../support/phone.ts';
import { domain } from './hand.ts';
import { Stage } from './stage.ts';

const quick = `phones:
  profiles:
    - { name: Paced, match: paced, notifyMinIntervalMs: 60000 }
    - { name: Quiet, match: quiet, notifyMinIntervalMs: 0, dndOnBlf: 'off' }
    - { name: Quick, match: ., notifyMinIntervalMs: 0 }
groups:
  - { name: all, extensions: '2\\d{3}' }
`;
const event = 'presence';
const pidfType = 'application/pidf+xml';
const xpidfType = 'application/xpidf+xml';

let stage: Stage;
before(async () => {
  stage = await Stage.open(quick);
});
afterEach(() => stage.tidy());
after(() => stage.close());

async function act<T>(what: string, body: object): Promise<T> {
  const answer = await stage.daemon.api<T>(`/api/v1/simulator/${what}`, { method: 'POST', body });
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body;
}

/** `open on-the-phone "On the phone"`, from a document that must be valid. */
function said(notify: Notify): string {
  assert.equal(notify.contentType, pidfType);
  const root = validPidf(notify.body);
  const tuple = childOf(root, 'tuple');
  const activities = childOf(root, 'person').children.find(({ name }) => name === 'activities')?.children ?? [];
  const words = activities.length === 0 ? '-' : activities.map(({ name }) => name).join();
  return `${textOf(childOf(tuple, 'status'), 'basic')} ${words} "${textOf(tuple, 'note')}"`;
}

const tells = async (sub: Subscription, wanted: string) => {
  await sub.next((notify) => said(notify) === wanted);
};

test('P38-03: presence follows a call, do not disturb and the registration of a phone', async () => {
  const [watched, other] = [stage.ext(), stage.ext()];
  const desk = await stage.phone(stage.ext());
  const sub = await desk.subscribe({ event, resource: watched });
  assert.equal(sub.response.status, 200);
  await tells(sub, 'open - "Available"');
  const { id } = await act<{ id: string }>('call', { from: other, to: watched, fromName: 'Secret <&"> Zoë' });
  await tells(sub, 'open busy "Ringing"');
  await act('answer', { id });
  await tells(sub, 'open on-the-phone "On the phone"');
  await act('hold', { id, by: watched });
  await tells(sub, 'open on-the-phone "On hold"');
  await stage.setDnd(watched, true);
  await act('resume', { id, by: watched });
  await tells(sub, 'open on-the-phone "On the phone"');
  await act('hangup', { id });
  await tells(sub, 'open busy "DND"');
  await stage.setDnd(watched, false);
  await tells(sub, 'open - "Available"');
  await act('register', { ext: watched, registered: false });
  await tells(sub, 'closed away "Unavailable"');
  await act('register', { ext: watched, registered: true });
  await tells(sub, 'open - "Available"');
  for (const { body } of sub.notifies)
    assert.doesNotMatch(body, new RegExp(`Secret|${other}`), 'nobody learns who called');
  assert.deepEqual(desk.violations, []);
});

test('X-01: an old Polycom is answered in xpidf, whichever of the two it names first; without Accept it is pidf', async () => {
  const watched = stage.ext();
  const desk = await stage.phone(stage.ext());
  const asked = async (accept: string | null) => {
    const sub = await desk.subscribe({ event, resource: watched, accept });
    assert.equal(sub.response.status, 200);
    return sub.next();
  };
  const without = `${pidfType};q=0, */*;q=0.5`; // RFC 3261 20.1: the narrowest range decides
  for (const accept of [xpidfType, `${xpidfType}, ${pidfType}`, `text/plain, ${xpidfType}`, without]) {
    const old = await asked(accept);
    assert.equal(old.contentType, xpidfType, accept);
    const root = validXpidf(old.body);
    assert.equal(childOf(root, 'presentity').attributes.get('uri'), `sip:${watched}@${domain};method=SUBSCRIBE`);
  }
  for (const accept of [null, pidfType, `${pidfType}, ${xpidfType}`, '*/*']) {
    assert.equal(said(await asked(accept)), 'open - "Available"', String(accept));
  }
  const wrong = await desk.subscribe({ event, resource: watched, accept: 'application/cpim-pidf+xml' });
  assert.equal(wrong.response.status, 406);
});

test('X-01: xpidf says open, inuse and closed with the words that Polycoms use themselves', async () => {
  const [watched, other] = [stage.ext(), stage.ext()];
  const desk = await stage.phone(stage.ext());
  const sub = await desk.subscribe({ event, resource: watched, accept: xpidfType });
  const words = ({ body }: Notify) => {
    const address = childOf(childOf(validXpidf(body), 'atom'), 'address');
    return address.children.map(({ attributes }) => [...attributes.values()].join()).join(' ');
  };
  const shows = (wanted: string) => sub.next((notify) => words(notify) === wanted);
  await shows('open online');
  const { id } = await act<{ id: string }>('call', { from: other, to: watched });
  await shows('inuse onthephone');
  await act('hangup', { id });
  await shows('open online');
  await stage.setDnd(watched, true);
  await shows('inuse busy');
  await act('register', { ext: watched, registered: false });
  await shows('closed offline');
});

test('P38-01: who watches must log in, and is told no faster than his profile says', async () => {
  const [watched, other] = [stage.ext(), stage.ext()];
  const hand = await stage.hand();
  const { status } = await hand.ask({ user: watched, event, answerChallenge: false });
  assert.equal(status, 401);
  const desk = await stage.phone(stage.ext(), { userAgent: 'paced' });
  const sub = await desk.subscribe({ event, resource: watched });
  await tells(sub, 'open - "Available"');
  const { id } = await act<{ id: string }>('call', { from: other, to: watched });
  await tells(sub, 'open busy "Ringing"'); // the first change at once
  await act('answer', { id });
  await sub.refresh();
  await tells(sub, 'open on-the-phone "On the phone"'); // asked for, and so at once
  await act('hangup', { id });
  await sub.refresh();
  await tells(sub, 'open - "Available"');
  assert.equal(sub.notifies.length, 4, 'the changes between were not told one by one');
});

test('a profile that hides do not disturb hides it here too', async () => {
  const watched = stage.ext();
  await stage.setDnd(watched, true);
  const [quiet, usual] = [await stage.phone(stage.ext(), { userAgent: 'quiet' }), await stage.phone(stage.ext())];
  assert.equal(said(await (await quiet.subscribe({ event, resource: watched })).next()), 'open - "Available"');
  assert.equal(said(await (await usual.subscribe({ event, resource: watched })).next()), 'open busy "DND"');
});

test('a forward is told to nobody: a change of one sends no NOTIFY', async () => {
  const watched = stage.ext();
  const desk = await stage.phone(stage.ext());
  const sub = await desk.subscribe({ event, resource: watched });
  await sub.next();
  const path = `/api/v1/extensions/${watched}/features/cfa`;
  const body = { enabled: true, target: stage.ext() };
  assert.equal((await stage.daemon.api(path, { method: 'PUT', body })).status, 200);
  await stage.setDnd(watched, true); // comes later, and is told
  await tells(sub, 'open busy "DND"');
  assert.equal(sub.notifies.length, 2);
});

test('presence goes on after kill -9, in the format of before', async () => {
  const watched = stage.ext();
  const desk = await stage.phone(stage.ext());
  const sub = await desk.subscribe({ event, resource: watched, accept: xpidfType });
  await sub.next();
  await stage.killAndStart();
  validXpidf((await sub.next()).body);
  assert.deepEqual(desk.violations, []);
});

test('how many phones can take a call now is told for each user and for a group', async () => {
  const [one, other] = [stage.ext(), stage.ext()];
  const group = async () => {
    const { body } = await stage.daemon.api<{ extensions: number; reachable: number }>('/api/v1/groups/all');
    return body;
  };
  const usual = await group();
  assert.equal(usual.extensions, 300);
  const is = async (phones: number, inAll: number) => {
    await stage.daemon.until<{ reachable: number }>(
      `/api/v1/extensions/${one}`,
      ({ reachable }) => reachable === phones,
    );
    assert.equal((await group()).reachable, usual.reachable + inAll);
  };
  await is(1, 0);
  const { id } = await act<{ id: string }>('call', { from: other, to: one });
  await is(0, -2); // neither the caller
  await act('hangup', { id });
  await is(1, 0);
  await stage.setDnd(one, true);
  await is(0, -1);
  await stage.setDnd(one, false);
  await act('register', { ext: one, registered: false });
  await is(0, -1);
  await act('register', { ext: one, registered: true });
  await is(1, 0);
});

test('lamps of feature keys: dnd+ and forward+ of a user shine on any PBX, and tell no number', async () => {
  const watched = stage.ext();
  const desk = await stage.phone(stage.ext());
  const lampOf = async (resource: string) => {
    const sub = await desk.subscribe({ event: 'dialog', resource });
    assert.equal(sub.response.status, 200, resource);
    assert.match((await sub.next()).body, /<state>terminated<\/state>/);
    return sub;
  };
  const [dnd, forward] = [await lampOf(`dnd+${watched}`), await lampOf(`forward+${watched}`)];
  const free = await desk.subscribe({ event, resource: `dnd+${watched}` });
  await tells(free, 'open - "Available"'); // a lamp is no phone that could be away
  await stage.setDnd(watched, true);
  assert.match((await dnd.next()).body, /<state>confirmed<\/state>/);
  await tells(free, 'open on-the-phone "On the phone"');
  const path = `/api/v1/extensions/${watched}/features/cfa`;
  const target = stage.ext();
  await stage.daemon.api(path, { method: 'PUT', body: { enabled: true, target } });
  const lit = await forward.next();
  assert.match(lit.body, /<state>confirmed<\/state>/);
  assert.ok(!lit.body.includes(target), 'where somebody is is his own');
  await stage.setDnd(watched, false);
  assert.match((await dnd.next()).body, /<state>terminated<\/state>/);
  assert.equal(dnd.notifies.length, 3, 'a forward is not told to the other lamp');
  const nobody = await desk.subscribe({ event: 'dialog', resource: 'dnd+9999' });
  assert.equal(nobody.response.status, 404);
});
