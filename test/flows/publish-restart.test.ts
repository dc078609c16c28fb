import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { dialogInfo, lamp } from '../support/phone.ts';
import { domain } from './hand.ts';
import { dialogBody, publish, summaryBody, tagOf } from './publisher.ts';
import { Stage } from './stage.ts';

let stage: Stage | undefined;
after(() => stage?.close());

test('P39-06, P39-07: after kill -9 all that was answered 200 stands under its last tag, with the same ids; what ran out is gone', async () => {
  stage = await Stage.open(
    `publish: { minExpires: 1, rights: [{ publishers: branch, extensions: '7\\d{3}' }] }
phones: { profiles: [{ name: quick, match: '.', notifyMinIntervalMs: 0 }] }`,
    'auth: trusted, trusted: [127.0.0.0/8]',
  );
  const { daemon } = stage;
  const hand = await stage.hand();
  const ask = { user: 'branch', body: dialogBody({ id: 'a', state: 'early' }) };
  const kept = await tagOf(publish(hand, { ...ask, resource: '7001' }));
  await tagOf(publish(hand, { ...ask, resource: '7002', expires: 1 }));
  await daemon.api('/api/v1/extensions/7003/mailbox', { method: 'PUT', body: { new: 3 } });
  const phone = await stage.phone('2001');
  const lamps = await phone.subscribe({ event: 'dialog', resource: '7001' });
  const [before] = dialogInfo(await lamps.next()).dialogs;
  assert.equal(before?.state, 'early');

  // under load: tags that were given must all be known or replaced, whenever the process dies
  const given = new Set([kept]);
  let last = kept;
  const load = (async () => {
    for (;;) {
      const answer = await Promise.race([publish(hand, { user: 'branch', resource: '7001', tag: last }), died]);
      if (answer === 'dead') return;
      if (answer.status === 503) continue; // too fast
      last = await tagOf(answer);
      assert.ok(!given.has(last), 'no tag twice');
      given.add(last);
    }
  })();
  await daemon.until('/api/v1/publications?ext=7001', () => given.size > 10);
  await stage.killAndStart();
  dead('dead');
  await load;
  await stage.daemon.ready();

  const again = await stage.hand();
  const lost = [...given].slice(0, -1);
  for (const tag of [lost[0]!, lost.at(-1)!]) {
    assert.equal((await publish(again, { user: 'branch', resource: '7001', tag })).status, 412, 'an old one stays old');
  }
  const refreshed = await publish(again, { user: 'branch', resource: '7001', tag: last });
  // 412 only where the process died between the disk and the answer: then the next tag was never told
  assert.ok([200, 412].includes(refreshed.status), refreshed.text);
  const body = await stage.daemon.until<{ ext: string }[]>('/api/v1/publications', (list) =>
    list.every(({ ext }) => ext !== '7002'),
  );
  assert.deepEqual(
    body.map(({ ext }) => ext),
    ['7001', '7003'],
  );
  const told = await lamps.next((notify) => dialogInfo(notify).dialogs.some(({ id }) => id === before?.id));
  assert.equal(lamp(dialogInfo(told)), 'ringing', 'the same call, as it was');
  assert.deepEqual(phone.violations, []);
  const view = await stage.daemon.api<{ mailbox: { new: number } }>('/api/v1/extensions/7003');
  assert.equal(view.body.mailbox.new, 3);
});

test('P39-12: with auth: trusted, From is who publishes; whom it does not name, or names elsewhere, publishes for nobody', async () => {
  const here = stage ?? assert.fail('the first test opens the stage');
  const hand = await here.hand();
  const body = dialogBody({ id: 'a' });
  assert.equal((await publish(hand, { user: '2005', body })).status, 200);
  assert.equal((await publish(hand, { user: '2005', resource: '2006', body })).status, 403);
  for (const from of ['<tel:2005>', `<sip:2005@elsewhere.example>`, `<sip:${domain}>`]) {
    const lines = { From: `${from};tag=x` };
    assert.equal((await publish(hand, { user: '2005', body, lines })).status, 403, from);
  }
});

test('counts are published by a voicemail elsewhere and by the admin: the youngest are told, and each goes by itself', async () => {
  const here = stage ?? assert.fail('the first test opens the stage');
  const user = '7004';
  const phone = await here.phone(user);
  const subscription = await phone.subscribe({ event: 'message-summary' });
  await subscription.next();
  const says = (wanted: string) => subscription.next(({ body }) => body.includes(`Voice-Message: ${wanted} `));
  const hand = await here.hand();
  const tag = await tagOf(publish(hand, { user, event: 'message-summary', body: summaryBody(3, 4) }));
  await says('3/4');
  const path = `/api/v1/extensions/${user}/mailbox`;
  const put = (body: object) => here.daemon.api<Record<string, unknown>>(path, { method: 'PUT', body });
  const set = await put({ new: 5, old: 6 });
  assert.deepEqual([set.status, set.body], [200, { new: 5, old: 6, newUrgent: 0, oldUrgent: 0 }]);
  await says('5/6');
  const { body } = await here.daemon.api<Record<string, unknown>[]>(`/api/v1/publications?ext=${user}`);
  const ours = body[1] ?? {};
  assert.deepEqual(
    [body.length, ours['publisher'], ours['event'], ours['expiresAt'], ours['says']],
    [2, 'api', 'message-summary', null, { mailbox: set.body }],
  );
  for (const wrong of [{}, { new: -1 }, { new: 1.5 }, { new: 1, foo: 2 }, { new: '1' }, { new: 1, expires: 0 }]) {
    assert.equal((await put(wrong)).status, 400, JSON.stringify(wrong));
  }
  assert.equal((await put({ new: 8, expires: 3600 })).status, 200);
  await says('8/0');
  assert.equal((await here.daemon.api(path, { method: 'DELETE' })).status, 204);
  await says('3/4');
  assert.equal((await here.daemon.api(path, { method: 'DELETE' })).status, 404);
  await tagOf(publish(hand, { user, event: 'message-summary', tag, expires: 0 }));
  await subscription.next(({ body: last }) => last.startsWith('Messages-Waiting: no'));
  assert.deepEqual(phone.violations, []);
});

let dead: (value: 'dead') => void = () => undefined;
const died = new Promise<'dead'>((resolve) => {
  dead = resolve;
});
