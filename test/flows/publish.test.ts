import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { dialogInfo, featureEvents, lamp, type Notify, setDnd } from '../support/phone.ts';
import { domain, type Hand } from './hand.ts';
import { dialogBody, dialogType, pidfBody, publish, tagOf } from './publisher.ts';
import { Stage } from './stage.ts';

/* PUBLISH (RFC 3903) at the wire: digest, the rules of P39, and what those who watch are told. */

const rights = `publish:
  minExpires: 2
  rights: [{ publishers: alice, extensions: '7\\d{3}|2199' }]
phones: { profiles: [{ name: quick, match: '.', notifyMinIntervalMs: 0 }] }
`;

let stage: Stage;
let nextElsewhere = 7001;
before(async () => {
  stage = await Stage.open(rights);
});
afterEach(() => stage.tidy());
after(() => stage.close());

interface Listed {
  readonly id: number;
  readonly ext: string;
  readonly event: string;
  readonly publisher: string;
  readonly says: Record<string, unknown> | null;
  readonly expiresAt: string | null;
}

const listed = async (ext?: string) =>
  (await stage.daemon.api<Listed[]>(`/api/v1/publications${ext === undefined ? '' : `?ext=${ext}`}`)).body;

/** An extension that only alice publishes. */
const elsewhere = () => String(nextElsewhere++);

/** A phone that watches a lamp, from its first NOTIFY on. */
async function watch(resource: string, event = 'dialog') {
  const phone = await stage.phone('2298');
  const subscription = await phone.subscribe({ event, resource });
  assert.equal(subscription.response.status, 200);
  await subscription.next();
  return { phone, subscription };
}

const shows = (wanted: string) => (notify: Notify) => lamp(dialogInfo(notify)) === wanted;

test('P39-01, P39-07: initial, refresh, modify and remove, each with a tag of its own; the lamp rings, is busy, goes out', async () => {
  const user = stage.ext();
  const { phone, subscription } = await watch(user);
  const hand = await stage.hand();
  const first = await publish(hand, { user, body: dialogBody({ id: 'a', state: 'early' }), expires: 600 });
  const tags = [await tagOf(first)];
  assert.equal(first.header('Expires'), '600');
  await subscription.next(shows('ringing'));

  const refreshed = await publish(hand, { user, tag: tags[0]!, expires: 300 });
  tags.push(await tagOf(refreshed));
  assert.equal(refreshed.header('Expires'), '300');
  assert.equal((await listed(user)).length, 1);

  tags.push(await tagOf(publish(hand, { user, tag: tags[1]!, body: dialogBody({ id: 'a' }) })));
  const busy = await subscription.next(shows('busy'));
  const [shown] = dialogInfo(busy).dialogs;
  assert.equal(shown?.remote.display, 'Carol & <Co>');
  assert.notEqual(shown?.id, 'a');
  assert.match(busy.body, new RegExp(`entity="sip:${user}@`));

  const removed = await publish(hand, { user, tag: tags[2]!, expires: 0 });
  tags.push(await tagOf(removed));
  assert.equal(removed.header('Expires'), '0');
  await subscription.next(shows('off'));
  assert.equal(new Set(tags).size, 4);
  assert.deepEqual(await listed(user), []);
  assert.deepEqual(phone.violations, []);
});

test('P39-02: a foreign host and an extension that nobody has are 404, no Event, a foreign and a deaf package 489', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const ask = { user, method: 'PUBLISH', body: dialogBody({ id: 'a' }) };
  const lines = { Event: 'dialog', 'Content-Type': dialogType };
  assert.equal((await hand.ask({ ...ask, uri: 'sip:2000@elsewhere.example', lines })).status, 404);
  assert.equal((await hand.ask({ ...ask, uri: `sip:${domain}`, lines })).status, 404);
  assert.equal((await publish(hand, { user, resource: '9999', body: ask.body })).status, 403, 'a stranger');
  // whom the PBX has as an account and not as an extension
  for (const event of [null, 'nonsense', 'reg', 'dialog.winfo']) {
    const answer = await hand.ask({ ...ask, uri: `sip:${user}@${domain}`, lines: { ...lines, Event: event } });
    assert.equal(answer.status, 489, String(event));
    const allowed = answer.header('Allow-Events')?.split(', ') ?? [];
    assert.ok(allowed.includes('dialog') && allowed.includes('presence') && !allowed.includes('reg'), answer.text);
  }
  const twice = { ...lines, Event: ['dialog', 'presence'] };
  assert.equal((await hand.ask({ ...ask, uri: `sip:${user}@${domain}`, lines: twice })).status, 400);
});

test('P39-03: two tags are 400, in two lines or in one, a malformed one too; an unknown one is 412', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const tag = await tagOf(publish(hand, { user, body: dialogBody({ id: 'a' }) }));
  for (const given of [[tag, tag], `${tag}, ${tag}`, '', 'a b', `"${tag}"`]) {
    const answer = await publish(hand, { user, lines: { 'SIP-If-Match': given } });
    assert.equal(answer.status, 400, String(given));
  }
  for (const given of ['x', `${tag}0`, tag.toUpperCase().replace(/\d/g, '0'), '*']) {
    assert.equal((await publish(hand, { user, tag: given })).status, 412, given);
  }
  const other = stage.ext();
  assert.equal((await publish(hand, { user: other, tag })).status, 412, 'the tag of another');
  assert.equal((await publish(hand, { user, tag, event: 'presence' })).status, 412);
  await tagOf(publish(hand, { user, tag }));
  assert.equal((await publish(hand, { user, tag })).status, 412, 'a tag that was used');
});

test('P39-04: too brief is 423 with Min-Expires, as long as can be written is cut; nonsense is 400', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const ask = { user, body: dialogBody({ id: 'a' }) };
  const brief = await publish(hand, { ...ask, expires: 1 });
  assert.deepEqual([brief.status, brief.header('Min-Expires')], [423, '2']);
  for (const expires of [3601, 2 ** 31 - 1, 2 ** 32, '99999999999999999999']) {
    assert.equal((await publish(hand, { ...ask, expires })).header('Expires'), '3600', String(expires));
  }
  assert.equal((await publish(hand, ask)).header('Expires'), '3600');
  for (const expires of ['-1', '1.5', 'soon', '60;x', '']) {
    assert.equal((await publish(hand, { ...ask, expires })).status, 400, expires);
  }
});

test('P39-05: neither body nor tag is 400, a foreign type or coding 415, too much 413, what is no document 400', async () => {
  const user = stage.ext();
  const hand = await stage.hand('tcp');
  assert.equal((await publish(hand, { user })).status, 400);
  const foreign = await publish(hand, { user, body: '{}', type: 'application/json' });
  assert.deepEqual([foreign.status, foreign.header('Accept')], [415, dialogType]);
  assert.equal((await publish(hand, { user, body: '<x/>', lines: { 'Content-Type': null } })).status, 400);
  const packed = await publish(hand, { user, body: '<x/>', lines: { 'Content-Encoding': 'gzip' } });
  assert.deepEqual([packed.status, packed.header('Accept-Encoding')], [415, 'identity']);
  const optional = { 'Content-Encoding': 'gzip', 'Content-Disposition': 'render;handling=optional' };
  assert.equal(
    (await publish(hand, { user, body: '<x/>', lines: optional })).status,
    415,
    'nothing would be published',
  );
  assert.equal(
    (await publish(hand, { user, lines: { 'Content-Encoding': 'gzip' } })).status,
    400,
    'no body is no coding',
  );
  const padded = dialogBody({ id: 'a' }) + ' '.repeat(33_000);
  assert.equal((await publish(hand, { user, body: padded })).status, 413);
  const bomb = '<!DOCTYPE a [<!ENTITY b "bbbb">]>';
  for (const body of ['no XML', '<dialog-info', `${bomb}<dialog-info/>`, '<a>'.repeat(500), dialogBody({ id: '' })]) {
    assert.equal((await publish(hand, { user, body })).status, 400, body.slice(0, 40));
  }
  assert.deepEqual(await listed(user), []);
  assert.equal((await publish(hand, { user, body: dialogBody({ id: 'a' }) })).status, 200);
});

test('P39-08: Contact and Record-Route mean nothing, no dialog comes of it, and one that is none of ours is 481', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const body = dialogBody({ id: 'a' });
  for (const Contact of [null, '*', ['<sip:a@b>', '<sip:c@d>'], 'tel:1']) {
    const lines = { Contact, 'Record-Route': '<sip:203.0.113.9;lr>' };
    const answer = await publish(hand, { user, body, expires: 10, lines });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual([answer.header('Contact'), answer.header('Record-Route')], [undefined, undefined]);
  }
  const lines = { To: `<sip:${user}@${domain}>;tag=nobodys` };
  assert.equal((await publish(hand, { user, body, lines })).status, 481);
  const { talk } = await hand.ask({ user });
  const within = { To: `<sip:${user}@${domain}>;tag=${talk.toTag}`, 'Call-ID': talk.callId };
  const from = { From: `<sip:${user}@${domain}>;tag=${talk.fromTag}`, CSeq: '900 PUBLISH' };
  const bytes = hand.write({
    user,
    method: 'PUBLISH',
    body,
    lines: { ...within, ...from, Event: 'dialog', 'Content-Type': dialogType },
  });
  const [challenge = ''] = await hand.provoke(bytes);
  assert.match(challenge, /^SIP\/2\.0 401 /, 'a dialog of ours is looked at no further');
});

test('P39-09: who publishes too fast is told 503 with Retry-After, and others go on', async () => {
  const [user, other] = [stage.ext(), stage.ext()];
  const hand = await stage.hand();
  const ask = { user, body: dialogBody({ id: 'a' }), expires: 0 };
  let answer = await publish(hand, ask);
  for (let count = 0; count < 200 && answer.status === 200; count += 1) answer = await publish(hand, ask);
  assert.equal(answer.status, 503);
  assert.match(answer.header('Retry-After') ?? '', /^[1-9]\d*$/);
  assert.equal((await publish(hand, { ...ask, user: other })).status, 200);
});

test('P39-10: OPTIONS tells that PUBLISH is served, of which packages and of which types', async () => {
  const hand = await stage.hand('tcp');
  const answer = await hand.ask({ user: stage.ext(), method: 'OPTIONS' });
  assert.match(answer.header('Allow') ?? '', /\bPUBLISH\b/);
  const accepted = answer.header('Accept')?.split(', ') ?? [];
  for (const type of [dialogType, 'application/pidf+xml', 'application/simple-message-summary']) {
    assert.ok(accepted.includes(type), answer.text);
  }
  assert.equal(new Set(accepted).size, accepted.length);
});

test('P39-11: two publishers and the PBX stand in one document; who is equal again is silent, who leaves takes only his own', async () => {
  const user = stage.ext();
  const { subscription } = await watch(user);
  const hand = await stage.hand();
  const first = await tagOf(publish(hand, { user, body: dialogBody({ id: 'a' }) }));
  const second = await tagOf(publish(hand, { user, body: dialogBody({ id: 'a' }) }));
  const both = await subscription.next((notify) => dialogInfo(notify).dialogs.length === 2);
  const ids = dialogInfo(both).dialogs.map(({ id }) => id);
  assert.equal(new Set(ids).size, 2);
  await stage.daemon.api('/api/v1/simulator/call', { method: 'POST', body: { from: '2297', to: user } });
  const all = await subscription.next((notify) => dialogInfo(notify).dialogs.length === 3);
  assert.deepEqual(
    dialogInfo(all)
      .dialogs.map(({ id }) => id)
      .filter((id) => ids.includes(id)),
    ids,
  );
  const told = subscription.notifies.length;
  const third = await tagOf(publish(hand, { user, tag: first, body: dialogBody({ id: 'a' }) }));
  await tagOf(publish(hand, { user, tag: third, expires: 0 }));
  const left = await subscription.next((notify) => dialogInfo(notify).dialogs.some(({ id }) => id === ids[1]));
  assert.equal(subscription.notifies.length, told + 1, 'equal was silent');
  assert.ok(dialogInfo(left).dialogs.every(({ id, state }) => id !== ids[0] || state === 'terminated'));
  await tagOf(publish(hand, { user, tag: second, expires: 0 }));
});

test('P39-12: without a password nothing is looked at; a stranger is 403 and the security log hears of it', async () => {
  const [user, other] = [stage.ext(), stage.ext()];
  const { subscription } = await watch(user);
  const hand = await stage.hand();
  const body = dialogBody({ id: 'a' });
  const lines = { Event: 'dialog', 'Content-Type': dialogType };
  const ask = { user, method: 'PUBLISH', body, lines, answerChallenge: false };
  assert.equal((await hand.ask(ask)).status, 401);
  const foreign = await publish(hand, { user: other, resource: user, body });
  assert.equal(foreign.status, 403);
  assert.equal((await publish(hand, { user: other, resource: '7001', body })).status, 403, 'not his to publish');
  assert.equal((await publish(hand, { user: 'alice', resource: user, body })).status, 403, 'not among his');
  assert.deepEqual(await listed(user), []);
  assert.equal(subscription.notifies.length, 1);
  const detail = `PUBLISH dialog of sip:${user}@${domain}`;
  await stage.daemon.logged((line) => line['event'] === 'not-allowed' && line['detail'] === detail);
});

test('P39-12: a digest of a PUBLISH that was heard serves nobody a second time', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  const { sent } = await publish(hand, { user, body: dialogBody({ id: 'a' }) });
  const replayed = sent.replace(/branch=\S+?;/, 'branch=z9hG4bKanother;').replace(/CSeq: \d+/, 'CSeq: 77');
  const [answer = ''] = await hand.provoke(replayed);
  assert.match(answer, /^SIP\/2\.0 401 [\s\S]*stale=true/);
  const [again = ''] = await hand.provoke(sent);
  assert.match(again, /^SIP\/2\.0 200 /, 'a retransmission gets the same answer');
  assert.equal((await listed(user)).length, 1);
});

test('an extension that only another PBX has is watched before anything is published, lights, and goes out when its PBX falls silent', async () => {
  const ext = elsewhere();
  const { phone, subscription } = await watch(ext);
  const hand = await stage.hand();
  await tagOf(
    publish(hand, { user: 'alice', resource: ext, body: dialogBody({ id: ext, state: 'early' }), expires: 2 }),
  );
  await subscription.next(shows('ringing'));
  await subscription.next(shows('off')); // nobody refreshed it
  assert.deepEqual(await listed(ext), []);
  assert.deepEqual(phone.violations, []);
  const forward = { method: 'PUT', body: { enabled: true, target: ext } };
  const { status } = await stage.daemon.api(`/api/v1/extensions/${stage.ext()}/features/cfa`, forward);
  assert.equal(status, 403, 'it is no internal target');
  assert.equal(
    (await stage.daemon.api<unknown[]>('/api/v1/extensions')).body.some((one) => JSON.stringify(one).includes(ext)),
    false,
  );
});

test('a publisher who names every call by the extension, as Asterisk does, lights a lamp that strict phones follow', async () => {
  const ext = elsewhere();
  const { phone, subscription } = await watch(ext);
  const hand = await stage.hand();
  const say = async (state: string, tag?: string) =>
    tagOf(
      publish(hand, {
        user: 'alice',
        resource: ext,
        body: dialogBody({ id: ext, state }),
        ...(tag === undefined ? {} : { tag }),
      }),
    );
  let tag = await say('early');
  await subscription.next(shows('ringing'));
  tag = await say('confirmed', tag);
  await subscription.next(shows('busy'));
  tag = await say('early', tag);
  await subscription.next(shows('ringing'));
  tag = await say('terminated', tag);
  await subscription.next(shows('off'));
  tag = await say('early', tag);
  await subscription.next(shows('ringing'));
  assert.deepEqual(phone.violations, [], 'no dialog went back, none came to life again');
  await tagOf(publish(hand, { user: 'alice', resource: ext, tag, expires: 0 }));
});

test('a DND key pressed by PUBLISH passes the gate in his own name; only for himself', async () => {
  const user = stage.ext();
  const phone = await stage.phone(user);
  const keys = await phone.subscribe({ event: 'as-feature-event' });
  await keys.next();
  const hand = await stage.hand();
  await tagOf(publish(hand, { user, event: 'as-feature-event', body: setDnd(true) }));
  await keys.next((notify) => featureEvents(notify).some(({ feature, enabled }) => feature === 'dnd' && enabled));
  const [row] = (await stage.daemon.api<{ who: string; via: string }[]>(`/api/v1/audit?ext=${user}`)).body;
  assert.deepEqual([row?.who, row?.via], [user, 'phone']);
  const foreign = await publish(hand, {
    user: 'alice',
    resource: '2199',
    event: 'as-feature-event',
    body: setDnd(true),
  });
  assert.equal(foreign.status, 403, 'he may publish its calls, not set its features');
  const heard = await stage.daemon.logged(({ event }) => event === 'foreign-set');
  assert.deepEqual(
    heard.map((line) => line['detail']),
    [`PUBLISH as-feature-event of sip:2199@${domain}`],
  );
});

test('presence with do not disturb sets the feature, its note is shown to others, and goes with it', async () => {
  const user = stage.ext();
  const { subscription } = await watch(user, 'presence');
  const hand = await stage.hand();
  const tag = await tagOf(publish(hand, { user, event: 'presence', body: pidfBody('open', 'Lunch') }));
  await subscription.next(({ body }) => body.includes('Lunch'));
  const next = await tagOf(publish(hand, { user, event: 'presence', tag, body: pidfBody('open', 'DND') }));
  await stage.daemon.until<{ features: { dnd: { enabled: boolean } } }>(
    `/api/v1/extensions/${user}`,
    ({ features }) => features.dnd.enabled,
  );
  await tagOf(publish(hand, { user, event: 'presence', tag: next, expires: 0 }));
  await subscription.next(({ body }) => !body.includes('Lunch'));
});

test('the admin cannot set the counts of a mailbox that the PBX has, and none can be taken away', async () => {
  const user = stage.ext();
  await stage.daemon.api('/api/v1/simulator/mailbox', { method: 'POST', body: { ext: user, new: 1, old: 1 } });
  const path = `/api/v1/extensions/${user}/mailbox`;
  for (const [method, body] of [
    ['PUT', { new: 9 }],
    ['DELETE', undefined],
  ] as const) {
    const refused = await stage.daemon.api<{ error: { code: string } }>(path, { method, ...(body && { body }) });
    assert.deepEqual([refused.status, refused.body.error.code], [409, 'mailbox-of-pbx'], method);
  }
  const unknown = await stage.daemon.api('/api/v1/extensions/9999/mailbox', { method: 'PUT', body: { new: 1 } });
  assert.equal(unknown.status, 404);
});

test('the admin sees who publishes what, and ends it', async () => {
  const user = stage.ext();
  const { subscription } = await watch(user);
  const hand = await stage.hand();
  const tag = await tagOf(publish(hand, { user, body: dialogBody({ id: 'a' }) }));
  await subscription.next(shows('busy'));
  const [one] = await listed(user);
  assert.deepEqual([one?.ext, one?.event, one?.publisher], [user, 'dialog', `${user}@${domain}`]);
  assert.equal(JSON.stringify(await listed()).includes(tag), false, 'a tag is a key: nobody else gets it');
  const path = `/api/v1/publications/${one?.id}`;
  assert.equal((await stage.daemon.api(path, { method: 'DELETE' })).status, 204);
  await subscription.next(shows('off'));
  assert.equal((await stage.daemon.api(path, { method: 'DELETE' })).status, 404);
  assert.equal((await publish(hand, { user, tag })).status, 412);
});

/** Publishes as much as is taken, of one kind of nonsense each. */
async function flood(hand: Hand, user: string, body: string): Promise<number> {
  const answer = await publish(hand, { user, body, expires: 30 });
  return answer.status;
}

test('what is hostile in a document hurts nobody: markup, control characters, too many calls, ids of any kind', async () => {
  const user = stage.ext();
  const { phone, subscription } = await watch(user);
  const hand = await stage.hand('tcp');
  const nasty = '&lt;/dialog-info&gt;&lt;script&gt;&#10;Via: x';
  assert.equal(await flood(hand, user, dialogBody({ id: nasty, callId: nasty })), 200);
  const { body } = await subscription.next(shows('busy'));
  assert.doesNotMatch(body, /<script>|\nVia: x/);
  const many = Array.from({ length: 120 }, (_, at) => ({ id: `${at}` }));
  assert.equal(await flood(hand, user, dialogBody(...many)), 413);
  for (const id of ['__proto__', 'constructor', '🎉'.repeat(20), ' ', "'; DROP TABLE publications; --"]) {
    const status = await flood(hand, user, dialogBody({ id: Buffer.from(id).toString('latin1') }));
    assert.ok([200, 400].includes(status), id);
  }
  assert.deepEqual(phone.violations, []);
  assert.equal((await publish(hand, { user, body: dialogBody({ id: 'z' }) })).status, 200);
});
