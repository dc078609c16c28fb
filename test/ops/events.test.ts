import assert from 'node:assert/strict';
import test from 'node:test';
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
      assert.deepEqual(client.text().match(/^id: \d+$/gm), ['id: 1', 'id: 2']);
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

test('a client that does not read is closed at its limit, the others lose nothing', async () => {
  const stream = new EventStream(new FakeClock());
  const slow = stream.open();
  const reading = stream.open();
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
  const reader = stream.open()?.getReader();
  await reader?.read();
  assert.equal(clock.pending, 1);
  clock.advance(31_000);
  const decoder = new TextDecoder();
  assert.equal(decoder.decode((await reader?.read())?.value), ': keep-alive\n\n');
  assert.equal(decoder.decode((await reader?.read())?.value), ': keep-alive\n\n');
  stream.send(null, () => ({ ext: '1001' }));
  assert.equal(decoder.decode((await reader?.read())?.value), 'id: 2\ndata: {"ext":"1001"}\n\n');
  await reader?.cancel();
  assert.equal(clock.pending, 0);
});
