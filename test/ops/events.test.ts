import assert from 'node:assert/strict';
import test from 'node:test';
import { tokenOf } from '../../src/ops/access/tokens.ts';
import { EventStream } from '../../src/ops/sse.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { running, until } from './fake-deps.ts';

interface Follower {
  readonly text: () => string;
  readonly leave: () => void;
}

/** Reads an event stream into a string. */
async function follow(url: string): Promise<Follower> {
  const stop = new AbortController();
  const answer = await fetch(`${url}/api/v1/events`, { signal: stop.signal });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type') ?? '', /^text\/event-stream/);
  let text = '';
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>)
      text += decoder.decode(chunk, { stream: true });
  };
  read().catch(() => undefined);
  return { text: () => text, leave: () => stop.abort() };
}

function dataOf(
  text: string,
): { ext: string; topic: string; extension: { dialogs: { remote: { name: string } }[] } }[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => JSON.parse(line.slice(6)));
}

test('every change is one data line that names the extension and holds it, in order, to every client', async () => {
  await running(async (at) => {
    const [one, two] = [await follow(at.url), await follow(at.url)];
    await until('both connected', () => at.server.eventClients === 2);
    at.hub.put('1001', { contacts: 0 }, 'registration');
    const remote = { number: '1', name: 'a\nb\r\ndata: {"ext":"evil"}\u2028', presentable: true };
    at.hub.put('1002', {
      dialogs: [{ id: 'x', phase: 'early', direction: 'recipient', holding: false, remote, since: 0 }],
    });
    for (const client of [one, two]) {
      await until('two events', () => client.text().split('\n\n').length >= 4);
      assert.match(client.text(), /^retry: \d+\n/);
      const told = dataOf(client.text());
      assert.deepEqual(
        told.map(({ ext, topic }) => `${ext} ${topic}`),
        ['1001 registration', '1002 dialogs'],
      );
      assert.equal(told[1]?.extension.dialogs[0]?.remote.name, remote.name, 'a hostile name stays inside its line');
      assert.deepEqual(client.text().match(/(?<=^id: \d+-)\d+$/gm), ['0', '1', '2']);
    }
    one.leave();
    two.leave();
  });
});

test('a change of the PBX link has its own event name', async () => {
  await running(async (at) => {
    const client = await follow(at.url);
    await until('connected', () => at.server.eventClients === 1);
    at.hub.linkIs('down', 'connection refused');
    await until('the event', () => client.text().includes('event: link\ndata: {"source":"demo","state":"down"'));
    client.leave();
  });
});

test('a client that goes away is forgotten, and a stopped server listens to nothing', async () => {
  let listeners: ReadonlySet<unknown> = new Set();
  await running(async (at) => {
    listeners = at.hub.listeners;
    const client = await follow(at.url);
    await until('connected', () => at.server.eventClients === 1);
    client.leave();
    await until('forgotten', () => at.server.eventClients === 0);
    const head = await fetch(`${at.url}/api/v1/events`, { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(at.server.eventClients, 0, 'a HEAD reads no events');
    assert.equal(listeners.size, 1);
  });
  assert.equal(listeners.size, 0);
});

test('there is an end to the number of clients', async () => {
  await running(async (at) => {
    const clients = await Promise.all(Array.from({ length: 64 }, () => follow(at.url)));
    const refused = await fetch(`${at.url}/api/v1/events`);
    assert.equal(refused.status, 503);
    assert.match(await refused.text(), /too-many-clients/);
    for (const client of clients) client.leave();
    await until('all gone', () => at.server.eventClients === 0);
    (await follow(at.url)).leave();
  });
});

test('one token cannot have all streams: the others keep room', async () => {
  const [board, anna] = ['token-of-the-wallboard', 'the-token-of-anna'];
  await running(
    async (at) => {
      const stop = new AbortController();
      const open = (token: string) =>
        fetch(`${at.url}/api/v1/events`, { headers: { authorization: `Bearer ${token}` }, signal: stop.signal });
      const answers = await Promise.all(Array.from({ length: 60 }, () => open(board)));
      assert.equal(answers.filter(({ status }) => status === 200).length, 48);
      assert.equal(answers.filter(({ status }) => status === 503).length, 12);
      assert.equal((await open(anna)).status, 200);
      stop.abort();
      await until('all gone', () => at.server.eventClients === 0);
    },
    { tokens: [tokenOf('wallboard', 'read', board), tokenOf('anna', 'operate', anna)] },
  );
});

test('a client that does not read is closed at its limit, the others lose nothing', async () => {
  const stream = new EventStream(new FakeClock());
  const slow = stream.open(null);
  const reading = stream.open(null);
  assert.ok(slow !== null && reading !== null);
  const reader = reading.getReader();
  const decoder = new TextDecoder();
  let text = decoder.decode((await reader.read()).value);
  for (let i = 0; i < 700; i++) {
    stream.send(null, () => ({ ext: '1001', fill: 'x'.repeat(1000) }));
    text += decoder.decode((await reader.read()).value);
  }
  assert.equal(stream.clients, 1);
  assert.equal(dataOf(text).length, 700);
  let size = 0;
  for await (const chunk of slow as unknown as AsyncIterable<Uint8Array>) size += chunk.byteLength;
  assert.ok(size < 600 * 1024, `${size} bytes kept for a client that does not read`);
  await reader.cancel();
  assert.equal(stream.clients, 0);
});

test('silence is broken by comments, and without clients no timer runs and nothing is rendered', async () => {
  const clock = new FakeClock();
  const stream = new EventStream(clock);
  stream.send(null, () => assert.fail('nobody listens'));
  assert.equal(clock.pending, 0);
  const reader = stream.open(null)?.getReader();
  await reader?.read();
  assert.equal(clock.pending, 1);
  clock.advance(31_000);
  const decoder = new TextDecoder();
  assert.equal(decoder.decode((await reader?.read())?.value), ': keep-alive\n\n');
  assert.equal(decoder.decode((await reader?.read())?.value), ': keep-alive\n\n');
  stream.send(null, () => ({ ext: '1001' }));
  assert.equal(
    decoder.decode((await reader?.read())?.value),
    `id: ${clock.now() - 31_000}-2\ndata: {"ext":"1001"}\n\n`,
  );
  await reader?.cancel();
  assert.equal(clock.pending, 0);
});

/** A reader of a stream that need not come over HTTP. */
function reading(
  stream: EventStream,
  lastId: string | null,
): { text: () => Promise<string>; leave: () => Promise<void> } {
  const reader = stream.open(lastId)?.getReader();
  assert.ok(reader !== undefined);
  const decoder = new TextDecoder();
  return {
    text: async () => decoder.decode((await reader.read()).value),
    leave: async () => reader.cancel(),
  };
}

const idsIn = (text: string) => [...text.matchAll(/^id: \d+-(\d+)$/gm)].map(([, id]) => Number(id));

test('a client that was away is told what it missed, each event once, by the id of its last one', async () => {
  const clock = new FakeClock();
  const stream = new EventStream(clock);
  const first = reading(stream, null);
  const id = /^id: (.+)$/m.exec(await first.text())?.[1] ?? '';
  assert.equal(id, `${clock.now()}-0`, 'it can resume before the first event came');
  stream.send(null, () => ({ n: 1 }));
  const one = await first.text();
  await first.leave();
  stream.send(null, () => ({ n: 2 }));
  stream.send('link', () => ({ n: 3 }));
  const again = reading(stream, /^id: (.+)$/m.exec(one)?.[1] ?? '');
  const missed = await again.text();
  assert.deepEqual(idsIn(missed), [2, 3], 'both, and no id before them: it might be cut off again');
  assert.match(missed, /data: \{"n":2\}\n\nid: \d+-3\nevent: link\ndata: \{"n":3\}\n\n$/);
  const whole = reading(stream, id);
  assert.deepEqual(idsIn(await whole.text()), [1, 2, 3]);
  const upToDate = reading(stream, `${clock.now()}-3`);
  assert.deepEqual(idsIn(await upToDate.text()), []);
  for (const one of [again, whole, upToDate]) await one.leave();
});

test('where too much was missed, or the process is another, there is a reset with its reason', async () => {
  const clock = new FakeClock();
  const stream = new EventStream(clock);
  const reader = reading(stream, null);
  await reader.text();
  const id = (n: number) => `${clock.now()}-${n}`;
  const resetOf = async (lastId: string) => {
    const one = reading(stream, lastId);
    const text = await one.text();
    await one.leave();
    return /event: reset\ndata: (.*)\n/.exec(text)?.[1] ?? null;
  };
  for (let n = 0; n < 6_000; n++) {
    stream.send(null, () => ({ n }));
    await reader.text();
  }
  assert.equal(await resetOf(id(999)), '{"reason":"too-much-missed"}', 'not kept any more');
  assert.equal(await resetOf(id(5_500)), null, 'the last ones are here');
  stream.send(null, () => ({ fill: 'x'.repeat(300_000) }));
  assert.equal(await resetOf(id(6_000)), '{"reason":"too-much-missed"}', 'more than a client can be given at once');
  for (const other of ['1600000000000-3', id(7_000), '5', 'x', '1-2-3', `${id(1)} `]) {
    assert.equal(await resetOf(other), '{"reason":"restarted"}', other);
  }
  assert.equal(await resetOf(''), null, 'a browser that has none yet sends an empty one');
  await reader.leave();
});

test('what is kept for clients is bounded by its size too', async () => {
  const clock = new FakeClock();
  const stream = new EventStream(clock);
  const reader = reading(stream, null);
  await reader.text();
  // 45 times 100 kB: the first ones have gone.
  for (let n = 0; n < 45; n++) {
    stream.send(null, () => ({ n, fill: 'x'.repeat(100_000) }));
    await reader.text();
  }
  const old = reading(stream, `${clock.now()}-1`);
  assert.match(await old.text(), /too-much-missed/);
  const recent = reading(stream, `${clock.now()}-44`);
  assert.deepEqual(idsIn(await recent.text()), [45]);
  for (const one of [reader, old, recent]) await one.leave();
});

test('for two minutes after the last client has gone events are kept, then nothing is rendered any more', async () => {
  const clock = new FakeClock();
  const start = clock.now();
  const stream = new EventStream(clock);
  const reader = reading(stream, null);
  await reader.text();
  await reader.leave();
  clock.advance(119_000);
  stream.send(null, () => ({ kept: true }));
  const soon = reading(stream, `${start}-0`);
  assert.match(await soon.text(), /"kept":true/);
  await soon.leave();
  clock.advance(121_000);
  stream.send(null, () => assert.fail('nobody is awaited'));
  const late = reading(stream, `${start}-1`);
  assert.match(await late.text(), /too-much-missed/);
  await late.leave();
  assert.equal(clock.pending, 0);
});

test('the stream resumes by header or query, over HTTP', async () => {
  await running(async (at) => {
    const first = await follow(at.url);
    await until('connected', () => first.text().includes('connected'));
    const id = /^id: (.+)$/m.exec(first.text())?.[1] ?? '';
    first.leave();
    await until('gone', () => at.server.eventClients === 0);
    at.hub.put('1001', { contacts: 0 }, 'registration');
    for (const [query, headers] of [
      [`?lastEventId=${id}`, {}],
      ['', { 'last-event-id': id }],
    ] as const) {
      const stop = new AbortController();
      const answer = await fetch(`${at.url}/api/v1/events${query}`, { headers, signal: stop.signal });
      const text = new TextDecoder().decode((await answer.body?.getReader().read())?.value);
      assert.deepEqual([dataOf(text)[0]?.ext, dataOf(text)[0]?.topic], ['1001', 'registration']);
      stop.abort();
    }
  });
});
