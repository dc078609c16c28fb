import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import test from 'node:test';
import { FakeHub, json, type Running, running, until } from './fake-deps.ts';

const aMinute = { timeout: 60_000 };
const ask = (path: string) => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`;

/** Notes in which turn of the event loop the extensions were listed; each list takes longer than one turn is for. */
class SlowHub extends FakeHub {
  readonly turns: number[] = [];
  #turn = 0;
  #counting = true;

  constructor() {
    super();
    const count = (): void => {
      this.#turn++;
      if (this.#counting) setImmediate(count);
    };
    count();
  }

  override list(): ReturnType<FakeHub['list']> {
    this.turns.push(this.#turn);
    const end = performance.now() + 6;
    while (performance.now() < end);
    return [];
  }

  stop(): void {
    this.#counting = false;
  }
}

async function opened({ port }: Running): Promise<{ socket: Socket; said: () => string }> {
  const socket = connect(port, '127.0.0.1');
  let said = '';
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    said += text;
  });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return { socket, said: () => said };
}

const answers = (said: string) => said.match(/HTTP\/1\.1 \d{3} /g) ?? [];

test('requests behind one another on a connection are answered, in their order', aMinute, async () => {
  await running(async (at) => {
    const { socket, said } = await opened(at);
    const paths = Array.from({ length: 30 }, (_one, index) => `/nothing/${index}`);
    socket.write(paths.map(ask).join(''));
    await until('all are answered', () => answers(said()).length === paths.length);
    assert.deepEqual(said().match(/\/nothing\/\d+/g), paths);
    socket.destroy();
  });
});

test('a connection that asks a thousand times at once is closed before it is served', aMinute, async () => {
  await running(async (at) => {
    const { socket, said } = await opened(at);
    socket.write(ask('/api').repeat(1000));
    await once(socket, 'close');
    assert.ok(answers(said()).length < 40, `${answers(said()).length} answers`);
    assert.equal((await fetch(`${at.url}/healthz`)).status, 200);
  });
});

test('what many ask at once is not served in one turn of the event loop', aMinute, async () => {
  const hub = new SlowHub();
  await running(
    async (at) => {
      const all = await Promise.all(Array.from({ length: 20 }, () => opened(at)));
      for (const { socket } of all) socket.write(ask('/api/v1/extensions').repeat(2));
      await until('all are answered', () => all.every(({ said }) => answers(said()).length === 2));
      for (const { socket } of all) socket.destroy();
      assert.equal(hub.turns.length, 40);
      assert.equal(new Set(hub.turns).size, 40, hub.turns.join(' '));
    },
    { hub },
  ).finally(() => hub.stop());
});

test('nor is what many ask at once by JSON-RPC', aMinute, async () => {
  const hub = new SlowHub();
  const batch = JSON.stringify([1, 2, 3, 4].map((id) => ({ jsonrpc: '2.0', id, method: 'extensions.list' })));
  await running(
    async (at) => {
      const call = () =>
        fetch(`${at.url}/rpc`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: batch });
      const answered = await Promise.all(Array.from({ length: 10 }, call));
      for (const one of answered) assert.equal((await json(one)).length, 4);
      assert.equal(hub.turns.length, 40);
      assert.equal(new Set(hub.turns).size, 40, hub.turns.join(' '));
    },
    { hub },
  ).finally(() => hub.stop());
});
