import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type Aor, aorOf } from '../../src/model/aor.ts';
import type { TraceDesk, TracedSubscription } from '../../src/model/trace.ts';
import { Trace } from '../../src/trace/trace.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { answer, notify, subscribe, udp, wire } from '../trace/messages.ts';
import { readPcap } from '../trace/packets.ts';
import { domain, json, type Running, running, until } from './fake-deps.ts';

const aor = (user: string): Aor => aorOf(user, domain);
const said = (text: string) => text.replaceAll('pbx.test', domain);

interface TracedServer extends Running {
  readonly trace: Trace;
  pass(direction: 'in' | 'out', text: string): void;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
}

async function traced(
  use: (at: TracedServer) => Promise<void>,
  more: Parameters<typeof running>[1] = {},
): Promise<void> {
  const clock = new FakeClock();
  const subscriptions: TracedSubscription[] = [
    { id: 17, callId: 'c1', aor: aor('1002'), watcher: aor('1001'), event: 'dialog', eventId: null },
  ];
  const trace = new Trace({
    clock,
    keep: 1_000,
    subscriptions: () => subscriptions,
    aorFor: (uri) => {
      const [, user, host] = /^sip:([^@]+)@([^;:]+)/.exec(uri) ?? [];
      return user === undefined || host !== domain ? null : aor(user);
    },
    facing: () => '192.0.2.10',
  });
  const pass = (direction: 'in' | 'out', text: string): void => {
    clock.advance(1);
    trace.recorder.passed(direction, udp, said(text));
  };
  await running(
    (at) =>
      use(
        Object.assign(at, { trace, pass, get: (path: string, headers = {}) => fetch(`${at.url}${path}`, { headers }) }),
      ),
    {
      trace,
      ...more,
    },
  );
  trace.stop();
}

test('the messages of an extension are told oldest first, without secrets, and hostile text cannot break out', async () => {
  await traced(async ({ pass, get }) => {
    pass('in', subscribe('1001', '1002', { more: ['Authorization: Digest username="1001", response="c0ffee"'] }));
    pass('out', answer('200 OK', '1001', '1002', 'SUBSCRIBE'));
    pass('in', '\x1b[31m garbage');
    const messages = await json(await get('/api/v1/trace?ext=1001'));
    assert.deepEqual(
      messages.map(({ direction, summary, subscription, at }: Record<string, unknown>) => [
        direction,
        summary,
        subscription,
        at,
      ]),
      [
        ['in', 'SUBSCRIBE to 1002, dialog, expires 600', 17, '2023-11-14T22:13:20.001Z'],
        ['out', '200 OK', 17, '2023-11-14T22:13:20.002Z'],
      ],
    );
    assert.match(messages[0].text, /response="\*{6}"/);
    const all = await json(await get('/api/v1/trace'));
    assert.equal(all[2].summary, 'no SIP: \\x1b[31m garbage');
    assert.deepEqual([all[2].method, all[2].callId, all[2].ext], [null, null, null]);
    const few = await json(await get('/api/v1/trace?limit=1&subscription=17'));
    assert.deepEqual(
      few.map(({ status }: { status: number }) => status),
      [200],
    );
    assert.equal((await json(await get('/api/v1/trace?callId=c1'))).length, 2);
  });
});

test('what there cannot be is refused, and a phone that the PBX does not know can be looked at all the same', async () => {
  await traced(async ({ pass, get, subscriptions }) => {
    for (const path of ['trace', 'trace/stream', 'trace.pcap']) {
      const unknown = await get(`/api/v1/${path}?ext=4711`);
      assert.equal(unknown.status, 404);
      assert.equal((await json(unknown)).error.code, 'unknown-extension');
      const none = await get(`/api/v1/${path}?subscription=99`);
      assert.equal(none.status, 404);
      assert.equal((await json(none)).error.code, 'unknown-subscription');
      for (const query of ['subscription=x', 'callId=', 'nonsense=1']) {
        const bad = await get(`/api/v1/${path}?${query}`);
        assert.equal(bad.status, 400, query);
        assert.equal((await json(bad)).error.code, 'invalid-query');
      }
    }
    for (const limit of ['0', '2001', '-1', 'x']) assert.equal((await get(`/api/v1/trace?limit=${limit}`)).status, 400);
    assert.deepEqual(await json(await get('/api/v1/trace?ext=1002')), [], 'an extension that has said nothing');
    pass('in', subscribe('4711', '1002', { callId: 'x' }));
    assert.equal((await json(await get('/api/v1/trace?ext=4711'))).length, 1);
    pass('out', notify('1002', '1001'));
    assert.deepEqual(subscriptions, []);
    assert.equal((await json(await get('/api/v1/trace?subscription=17'))).length, 1, 'it has ended, and is remembered');
  });
});

test('where no messages are kept, that is said', async () => {
  await running(async ({ url }) => {
    for (const path of ['trace', 'trace/stream', 'trace.pcap']) {
      const answered = await fetch(`${url}/api/v1/${path}`);
      assert.equal(answered.status, 404);
      assert.match((await json(answered)).error.message, /trace\.keep is 0/);
    }
  });
});

async function follow(url: string, query = '', headers: Record<string, string> = {}) {
  const stop = new AbortController();
  const answered = await fetch(`${url}/api/v1/trace/stream${query}`, { signal: stop.signal, headers });
  let text = '';
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of answered.body as unknown as AsyncIterable<Uint8Array>)
      text += decoder.decode(chunk, { stream: true });
  };
  const over = read().catch(() => undefined);
  const messages = () =>
    text
      .split('\n\n')
      .filter((event) => event.includes('event: message'))
      .map((event) => JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? ''));
  return { answered, over, messages, text: () => text, leave: () => stop.abort() };
}

test('a stream brings each message as it passes, and what was missed to who comes back', async () => {
  await traced(async ({ url, pass }) => {
    const client = await follow(url, '?ext=1001');
    assert.match(client.answered.headers.get('content-type') ?? '', /^text\/event-stream/);
    await until('connected', () => client.text().includes(': connected'));
    pass('in', subscribe('1001', '1002'));
    pass('in', subscribe('1003', '1005', { callId: 'other' }));
    pass('out', notify('1002', '1001'));
    await until('two messages', () => client.messages().length === 2);
    const [first, second] = client.messages();
    assert.equal(second.summary, 'NOTIFY dialog, active');
    client.leave();
    const again = await follow(url, '?ext=1001', { 'last-event-id': first.id });
    await until('the second once more', () => again.messages().length === 1);
    assert.equal(again.messages()[0].id, second.id);
    again.leave();
  });
});

test('there is an end to the number of streams, and one that is left makes room', async () => {
  await traced(async ({ url }) => {
    const clients = await Promise.all(Array.from({ length: 16 }, () => follow(url)));
    const refused = await fetch(`${url}/api/v1/trace/stream`);
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get('retry-after'), '10');
    assert.equal((await json(refused)).error.code, 'too-many-clients');
    assert.equal((await fetch(`${url}/api/v1/trace/stream`, { method: 'HEAD' })).status, 200, 'a HEAD follows nothing');
    clients[0]?.leave();
    let next = await follow(url);
    const end = Date.now() + 10_000;
    while (next.answered.status === 503 && Date.now() < end) next = await follow(url);
    assert.equal(next.answered.status, 200);
    for (const client of [...clients, next]) client.leave();
  });
});

test('there is an end to the number of lists under way, and one whose client has gone makes room', async () => {
  const trace: TraceDesk = {
    list: () => new Promise(() => undefined),
    follow: () => null,
    pcap: () => assert.fail('no file was asked for'),
  };
  await traced(
    async ({ url }) => {
      const stop = new AbortController();
      const first = new AbortController();
      const asked = Array.from({ length: 16 }, (_one, index) =>
        fetch(`${url}/api/v1/trace`, { signal: index === 0 ? first.signal : stop.signal }).catch(() => null),
      );
      const status = () =>
        Promise.race([
          fetch(`${url}/api/v1/trace`, { signal: stop.signal }).then(
            ({ status }) => status,
            () => 0,
          ),
          pause(200, 0),
        ]);
      const end = Date.now() + 10_000;
      // where it was before the others, it is one of the sixteen
      while ((await status()) !== 503 && Date.now() < end);
      const refused = await fetch(`${url}/api/v1/trace`);
      assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '10']);
      assert.equal((await json(refused)).error.code, 'too-many-clients');
      first.abort();
      while ((await status()) === 503 && Date.now() < end);
      assert.notEqual(await status(), 0);
      stop.abort();
      await Promise.all(asked);
    },
    { trace },
  );
});

test('a client that does not read is closed at its limit; the others lose nothing', async () => {
  await traced(async ({ url, pass }) => {
    const stop = new AbortController();
    const idle = await fetch(`${url}/api/v1/trace/stream`, { signal: stop.signal });
    const reading = await follow(url, '?callId=last');
    const large = wire(['OPTIONS sip:x SIP/2.0', 'Call-ID: fill'], 'x'.repeat(60_000));
    // 60 MB in all, and never more at once than the ring holds: who follows is given each of them
    for (let round = 1; round <= 100; round++) {
      for (let i = 0; i < 10; i++) pass('in', large);
      pass('in', subscribe('1001', '1002', { callId: 'last' }));
      await until('the other is told', () => reading.messages().length === round);
    }
    let size = 0;
    for await (const chunk of idle.body as unknown as AsyncIterable<Uint8Array>) size += chunk.byteLength;
    assert.ok(size < 40 * 1024 * 1024, `it was closed, after ${size} bytes`);
    stop.abort();
    reading.leave();
  });
});

test('streams end with the server', async () => {
  let over: Promise<unknown> = Promise.resolve();
  await traced(async ({ url }) => {
    const client = await follow(url);
    await until('connected', () => client.text().includes(': connected'));
    over = client.over;
  });
  await over;
});

test('a capture file holds the messages that were asked for, masked; everything is for admins', async () => {
  const tokens = [
    { name: 'reader', role: 'read', token: 'reader-reader-reader' },
    { name: 'boss', role: 'admin', token: 'admin-admin-admin-admin' },
  ] as const;
  const { tokenOf } = await import('../../src/ops/access/tokens.ts');
  await traced(
    async ({ pass, get }) => {
      pass('in', subscribe('1001', '1002', { more: ['Authorization: Digest username="1001", response="c0ffee"'] }));
      pass('in', subscribe('1003', '1003', { callId: 'c3' }));
      const as = (token: string) => ({ authorization: `Bearer ${token}` });
      const refused = await get('/api/v1/trace.pcap', as(tokens[0].token));
      assert.equal(refused.status, 403);
      assert.equal((await json(refused)).error.code, 'role-too-small');
      assert.equal((await get('/api/v1/trace.pcap?ext=1001')).status, 401);
      const one = await get('/api/v1/trace.pcap?ext=1001', as(tokens[0].token));
      assert.equal(one.headers.get('content-type'), 'application/vnd.tcpdump.pcap');
      assert.match(one.headers.get('content-disposition') ?? '', /filename="lamplighter\.pcap"/);
      const packets = readPcap(Buffer.from(await one.arrayBuffer()));
      assert.equal(packets.length, 1);
      assert.match(packets[0]?.payload.toString() ?? '', /^SUBSCRIBE sip:1002[\s\S]*response="\*{6}"/);
      const all = readPcap(Buffer.from(await (await get('/api/v1/trace.pcap', as(tokens[1].token))).arrayBuffer()));
      assert.equal(all.length, 2);
    },
    { token: null, tokens: tokens.map(({ name, role, token }) => tokenOf(name, role, token)) },
  );
});
