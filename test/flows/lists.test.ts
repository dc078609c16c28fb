import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { type ListDocument, ListTable, lampOf, listIn } from '../support/list-view.ts';
import type { Notify, Phone, SubscribeOptions, Subscription } from '../support/phone.ts';
import { domain } from './hand.ts';
import { Stage } from './stage.ts';

/*
 * Lists at the wire (RFC 4662, RFC 5367): one daemon with a simulated PBX, phones over TCP and UDP.
 */

const configuration = `
domains: [{ name: south.test }]
groups: [{ name: sales, extensions: '215\\d' }]
lists:
  - { name: office, displayNames: { en: Office, de: Büro }, members: ['2100', '2101', 'dnd+2100', '2999'] }
  - { name: many, extensions: '21[0-4]\\d' }
  - { name: all, members: ['office', 'sales', 'nested'] }
  - { name: nested, members: ['2100', '2110'] }
phones: { profiles: [{ name: quick, match: ^quick, notifyMinIntervalMs: 0 }] }
`;

const accept = 'application/dialog-info+xml, application/rlmi+xml, multipart/related';
const supported = [['Supported', 'eventlist']] as const;

let stage!: Stage;
before(async () => {
  stage = await Stage.open(configuration);
});
afterEach(() => stage.tidy());
after(() => stage.close());

function asking(resource: string, more: Partial<SubscribeOptions> = {}): SubscribeOptions {
  return { event: 'dialog', resource, accept, headers: supported, ...more };
}

function read(notify: Notify): ListDocument {
  assert.equal(notify.message.header('Require'), 'eventlist');
  return listIn({ contentType: notify.contentType, body: notify.body });
}

/** Takes NOTIFYs until the lamps are right. */
async function until(sub: Subscription, table: ListTable, right: (lamps: Readonly<Record<string, string>>) => boolean) {
  while (!table.begun || !right(table.lamps())) table.take(read(await sub.next()));
  return table.lamps();
}

async function watch(phone: Phone, resource: string, more: Partial<SubscribeOptions> = {}) {
  const sub = await phone.subscribe(asking(resource, more));
  assert.equal(sub.response.status, 200);
  assert.equal(sub.response.header('Require'), 'eventlist');
  return sub;
}

async function call(from: string, to: string): Promise<() => Promise<unknown>> {
  const act = (action: string, body: object) =>
    stage.daemon.api<{ id: string }>(`/api/v1/simulator/${action}`, { method: 'POST', body });
  const made = await act('call', { from, to });
  assert.equal(made.status, 200);
  return () => act('hangup', { id: made.body.id });
}

test('a phone over TCP watches a list: all of it in one NOTIFY, then only what changes', async () => {
  const phone = await stage.phone('2001', { userAgent: 'quick' }, 'tcp');
  const sub = await watch(phone, 'office');
  const first = read(await sub.next());
  assert.deepEqual([first.uri, first.version, first.fullState], [`sip:office@${domain}`, 0, true]);
  assert.deepEqual(first.names, ['en: Office', 'de: Büro']);
  const table = new ListTable().take(first);
  const idle = { 2100: 'off', 2101: 'off', 'dnd+2100': 'off', 2999: 'terminated;noresource' };
  assert.deepEqual(table.lamps(), idle);
  const hangup = await call('2110', '2101');
  assert.deepEqual(await until(sub, table, (lamps) => lamps['2101'] === 'early'), { ...idle, 2101: 'early' });
  const partial = read(sub.notifies.at(-1)!);
  assert.deepEqual([partial.fullState, partial.rows.map(({ uri }) => uri)], [false, [`sip:2101@${domain}`]]);
  await stage.setDnd('2100', true);
  await until(sub, table, (lamps) => lamps['2100'] === 'confirmed' && lamps['dnd+2100'] === 'confirmed');
  await hangup();
  await stage.setDnd('2100', false);
  assert.deepEqual(
    await until(
      sub,
      table,
      (lamps) => lamps['2100'] === 'off' && lamps['2101'] === 'off' && lamps['dnd+2100'] === 'off',
    ),
    idle,
  );
  assert.equal((await sub.refresh({ headers: supported })).status, 200);
  const again = read(await sub.next());
  assert.deepEqual([again.fullState, again.rows.length], [true, 4], 'all of it after each SUBSCRIBE');
  assert.deepEqual(phone.violations, []);
  assert.deepEqual(
    (await stage.subscriptions()).map(({ event }) => event),
    ['dialog'],
    'one subscription',
  );
  await sub.unsubscribe();
  const last = await sub.next(({ subscriptionState }) => subscriptionState.state === 'terminated');
  assert.equal(read(last).fullState, true);
});

test('over UDP each NOTIFY fits a datagram, and together they make the list; a change is one more', async () => {
  const hand = await stage.hand('udp');
  const asked = await hand.ask({
    user: '2002',
    uri: `sip:all@${domain}`,
    lines: { Accept: accept, Supported: 'eventlist' },
  });
  assert.deepEqual([asked.status, asked.header('Require')], [200, 'eventlist']);
  const table = new ListTable();
  const members = ['2100', '2101', 'dnd+2100', '2999', ...Array.from({ length: 10 }, (_, n) => `215${n}`), '2110'];
  const told = () =>
    Object.keys(table.lamps()).length === members.length && !JSON.stringify(table.lamps()).includes('unknown');
  let notifies = 0;
  while (!table.begun || !told()) {
    const notify = await hand.next(asked.talk);
    notifies += 1;
    const list = read(notify);
    // one lamp with this much around it is a little more than RFC 3261 18.1.1 has room for, and still one datagram
    assert.ok(notify.text.length <= (list.rows.length > 1 ? 1300 : 1472), notify.text);
    table.take(list);
  }
  assert.ok(notifies > 3, `${notifies} NOTIFYs`);
  assert.deepEqual(Object.keys(table.lamps()).sort(), [...members].sort());
  const hangup = await call('2120', '2153');
  while (table.lamps()['2153'] !== 'early') table.take(read(await hand.next(asked.talk)));
  await hangup();
  const talk = asked.talk;
  await hand.ask({ user: '2002', talk, expires: 0, lines: { Accept: accept, Supported: 'eventlist' } });
});

test('presence and messages by list: each with the rights of its own', async () => {
  const phone = await stage.phone('2100', {}, 'tcp');
  const types = (type: string) => `${type}, application/rlmi+xml, multipart/related`;
  const presence = await watch(phone, 'office', { event: 'presence', accept: types('application/pidf+xml') });
  const seen = read(await presence.next());
  assert.deepEqual(
    seen.rows.map(({ state, part }) => [state, part?.contentType]),
    [
      ['active', 'application/pidf+xml'],
      ['active', 'application/pidf+xml'],
      ['active', 'application/pidf+xml'],
      ['terminated;noresource', undefined],
    ],
  );
  const summary = types('application/simple-message-summary');
  const messages = await watch(phone, 'office', { event: 'message-summary', accept: summary });
  assert.deepEqual(
    read(await messages.next()).rows.map(({ state }) => state),
    ['active', 'terminated;rejected', 'terminated;rejected', 'terminated;rejected'],
  );
  const features = await phone.subscribe(asking('office', { event: 'as-feature-event' }));
  assert.equal(features.response.status, 403, 'feature keys are no lamps');
});

test('L46-01, L46-02: 421 with Require, 406, and a list of another tenant is nobody’s business', async () => {
  const hand = await stage.hand();
  const ask = async (lines: Record<string, string | null>, uri = `sip:office@${domain}`) => {
    const answer = await hand.ask({ user: '2003', uri, lines });
    return [answer.status, answer.header('Require') ?? null];
  };
  assert.deepEqual(await ask({ Accept: accept }), [421, 'eventlist']);
  assert.deepEqual(await ask({ Accept: accept, Supported: 'path, gruu' }), [421, 'eventlist']);
  assert.deepEqual(await ask({ Accept: 'application/dialog-info+xml', Supported: 'eventlist' }), [406, null]);
  assert.deepEqual(await ask({ Accept: 'multipart/related', Supported: 'eventlist' }), [406, null]);
  assert.deepEqual(await ask({ Supported: 'eventlist' }), [406, null]);
  assert.deepEqual(await ask({ Accept: accept, Supported: 'eventlist' }, 'sip:office@south.test'), [403, null]);
  assert.deepEqual(await ask({ Accept: accept, k: 'eventlist' }), [200, 'eventlist']);
  assert.deepEqual(await ask({ Accept: accept, Require: 'eventlist' }), [200, 'eventlist']);
  const unknown = await hand.ask({ user: '2003', lines: { Require: 'eventlist, 100rel' } });
  assert.deepEqual([unknown.status, unknown.header('Unsupported')], [420, '100rel']);
  const single = await hand.ask({ user: '2003', uri: `sip:2100@${domain}`, lines: { Supported: 'eventlist' } });
  assert.deepEqual([single.status, single.header('Require')], [200, undefined]);
  const { contentType, message } = await hand.next(single.talk);
  assert.deepEqual([contentType, message.header('Require')], ['application/dialog-info+xml', undefined]);
});

async function nothingKept(resource: string): Promise<void> {
  for (const transport of ['udp', 'tcp'] as const) {
    const hand = await stage.hand(transport);
    assert.equal((await hand.ask({ user: 'probe', method: 'OPTIONS' })).status, 200);
  }
  assert.deepEqual(await stage.subscriptions(resource), []);
}

const listType = 'application/resource-lists+xml';

function listBody(...uris: readonly string[]): string {
  const entries = uris.map((uri) => `<entry uri="${uri}"/>`).join('');
  return `<?xml version="1.0"?><resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"><list>${entries}</list></resource-lists>`;
}

const recipients = [...supported, ['Require', 'recipient-list-subscribe']] as const;

test('L53-01: a phone brings its list along; who is of another tenant or of nowhere is refused in it', async () => {
  const phone = await stage.phone('2004', { userAgent: 'quick' }, 'tcp');
  const body = listBody(
    `sip:2140@${domain}`,
    `sip:2141@127.0.0.1;user=phone`,
    'sip:2140@south.test',
    'sip:x@example.org',
    `sip:nobody@${domain}`,
  );
  const sub = await watch(phone, 'mylist', { body, contentType: listType, headers: recipients });
  const first = read(await sub.next());
  assert.deepEqual(
    first.rows.map(({ uri, state }) => [uri, state]),
    [
      [`sip:2140@${domain}`, 'active'],
      ['sip:2141@127.0.0.1;user=phone', 'active'],
      ['sip:2140@south.test', 'terminated;rejected'],
      ['sip:x@example.org', 'terminated;rejected'],
      [`sip:nobody@${domain}`, 'terminated;noresource'],
    ],
  );
  const hangup = await call('2142', '2141');
  const next = read(await sub.next());
  assert.deepEqual([next.fullState, next.rows.map(lampOf)], [false, ['early']]);
  await hangup();
  const refresh = await sub.refresh({ body, contentType: listType, headers: supported });
  assert.equal(refresh.status, 415, 'RFC 5367 5.1');
});

test('a list that is broken, too long or empty is refused with the reason, and the daemon goes on', async () => {
  const hand = await stage.hand('tcp');
  const ask = async (body: string, type = listType) => {
    const lines = { Accept: accept, Supported: 'eventlist', 'Content-Type': type };
    const answer = await hand.ask({ user: '2005', uri: `sip:badlist@${domain}`, lines, body });
    return answer.text.split('\r\n', 1)[0]?.replace('SIP/2.0 ', '');
  };
  const printed =
    '<?xml version="1.0" <?xml version="1.0"?>\n<list xmlns="urn:ietf:params:xml:ns:rlmi" xmlns="urn:ietf:params:xml:ns:rlmi" version="0" fullState="true">\n<resource uri="sip:2100@x"/></list>';
  assert.equal(await ask(printed), '400 Malformed Resource List');
  assert.equal(await ask(listBody()), '400 The Resource List Is Empty');
  const long = Array.from({ length: 900 }, (_, index) => `sip:${index}@${domain}`);
  assert.equal(await ask(listBody(...long)), '413 More Than 300 Entries');
  const filler = (bytes: number) => listBody(`sip:2100@${domain}`).replace('<list>', `<list>${' '.repeat(bytes)}`);
  assert.equal(await ask(filler(60_000)), '413 Resource List Too Long');
  const deep = `<resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists">${'<list>'.repeat(20)}${'</list>'.repeat(20)}</resource-lists>`;
  assert.equal(await ask(deep), '400 Lists Within Lists Too Deep');
  assert.equal(
    await ask(`--b\r\n\r\nx\r\n--b--\r\n`, 'multipart/mixed'),
    '404 Not Found',
    'no list in it: nobody is called so',
  );
  await nothingKept('badlist');
});

test('what is longer than any message closes its connection, and nothing is kept', async () => {
  const hand = await stage.hand('tcp');
  const lines = { Accept: accept, Supported: 'eventlist', 'Content-Type': listType };
  hand.send(hand.write({ user: '2005', uri: `sip:badlist@${domain}`, lines, body: ' '.repeat(70_000) }));
  const { message } = await hand.responses.next();
  assert.equal(message.status, 513);
  await nothingKept('badlist');
});

test('kill -9: the list goes on in its old dialog, all of it first, no version back, and a body list is remembered', async () => {
  const phone = await stage.phone('2006', { userAgent: 'quick' });
  const office = await watch(phone, 'nested');
  const tables = [new ListTable(), new ListTable()] as const;
  await until(office, tables[0], (lamps) => lamps['2110'] === 'off');
  const body = listBody(`sip:2143@${domain}`, `sip:2144@${domain}`);
  const mine = await watch(phone, 'mine', { body, contentType: listType, headers: recipients });
  await until(mine, tables[1], (lamps) => lamps['2144'] === 'off');
  const before = [office, mine].map((sub) => read(sub.notifies.at(-1)!).version);
  await stage.killAndStart();
  await stage.daemon.ready();
  for (const [index, sub] of [office, mine].entries()) {
    const first = read(await sub.next());
    assert.equal(first.fullState, true);
    assert.ok(first.version > (before[index] ?? 0));
    const inner = [...first.rows, { part: null }].flatMap(
      ({ part }) => /version="(\d+)"/.exec(part?.content ?? '')?.[1] ?? [],
    );
    assert.ok(
      inner.every((version) => Number(version) > (before[index] ?? 0)),
      'inner versions too',
    );
    await until(
      sub,
      tables[index] === undefined ? tables[0] : tables[index].take(first),
      (lamps) => !Object.values(lamps).includes('unknown'),
    );
  }
  await stage.setDnd('2144', true);
  await until(mine, tables[1], (lamps) => lamps['2144'] === 'confirmed');
  await stage.setDnd('2144', false);
  assert.equal((await office.refresh({ headers: supported })).status, 200);
  assert.deepEqual(phone.violations, []);
});

test('OPTIONS tells of both extensions and the body', async () => {
  const hand = await stage.hand();
  const answer = await hand.ask({ user: '2007', method: 'OPTIONS', lines: { 'X-Long': 'x'.repeat(600) } });
  assert.equal(answer.header('Supported'), 'eventlist, recipient-list-subscribe');
  assert.match(answer.header('Accept') ?? '', /application\/resource-lists\+xml/);
});
