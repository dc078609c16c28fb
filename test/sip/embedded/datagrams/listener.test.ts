import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { afterEach, describe, test } from 'node:test';
import { type Kernel, openKernel } from '../../../../src/sip/embedded/datagrams/kernel.ts';
import { type OnDatagram, UdpListener } from '../../../../src/sip/embedded/udp.ts';
import type { Endpoint } from '../../../../src/sip/engine.ts';
import { silentLogger } from '../../../support/silent-logger.ts';
import { UdpPeer, until } from '../raw-peer.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const unwanted = (error: Error) => assert.fail(error);
const line = (word: string | number) => `a line of text, ${word}`;

async function listening(kernel: Kernel | null, onDatagram: OnDatagram = () => undefined, port = 0) {
  const listener = new UdpListener({ transport: 'udp', address: '127.0.0.1', port }, silentLogger, kernel, onDatagram);
  await listener.bind();
  cleanups.push(() => listener.close());
  return listener;
}

async function peer(): Promise<UdpPeer> {
  const opened = await UdpPeer.open();
  cleanups.push(() => opened.close());
  return opened;
}

const kernel = await openKernel();
const ways = [
  { name: 'many at a time', kernel, skip: kernel === null && 'this system has no calls for many datagrams' },
  { name: 'one by one', kernel: null, skip: false },
];

for (const way of ways) {
  describe(`a UDP listener, ${way.name}`, { skip: way.skip }, () => {
    test('hears each of 500 datagrams sent at once, whole, once, in order, and where it came from', async () => {
      const heard: { text: string; remote: Endpoint }[] = [];
      const listener = await listening(way.kernel, (bytes, remote) => {
        heard.push({ text: bytes.toString('latin1'), remote });
      });
      const [one, two] = [await peer(), await peer()];
      const sizes = Array.from({ length: 250 }, (_, index) => (index % 50 === 0 ? 9000 : 20 + 7 * index));
      for (const size of sizes) for (const from of [one, two]) from.send(line(size).padEnd(size, 'x'), listener.point);
      await until(() => heard.length === 500, 'all 500');
      for (const from of [one, two]) {
        const own = heard.filter(({ remote }) => remote.port === from.endpoint.port);
        assert.deepEqual(
          own.map(({ text }) => text),
          sizes.map((size) => line(size).padEnd(size, 'x')),
        );
        assert.ok(own.every(({ remote }) => remote.address === '127.0.0.1'));
      }
    });

    test('sends 160 messages of one turn to their places in order, one of 20 kB among them', async () => {
      const listener = await listening(way.kernel);
      const [one, two] = [await peer(), await peer()];
      const texts = Array.from({ length: 80 }, (_, index) => line(index).padEnd(index === 37 ? 20_000 : 400, 'é'));
      for (const text of texts) for (const to of [one, two]) listener.send(text, to.endpoint, unwanted);
      for (const to of [one, two]) {
        await to.inbox.nth(texts.length);
        assert.deepEqual(to.inbox.messages, texts);
      }
    });

    test('what the kernel refuses is told to its sender, and what was sent with it arrives', async () => {
      const listener = await listening(way.kernel);
      const to = await peer();
      const refused: string[] = [];
      const broadcast = { address: '255.255.255.255', port: 5060 }; // EACCES: nobody asked for SO_BROADCAST
      listener.send(line(1), to.endpoint, unwanted);
      listener.send(line(2), broadcast, (error) => refused.push((error as NodeJS.ErrnoException).code ?? ''));
      listener.send(line(3), to.endpoint, unwanted);
      await to.inbox.nth(2);
      assert.deepEqual(to.inbox.messages, [line(1), line(3)]);
      await until(() => refused.length > 0, 'the refusal');
      assert.equal(refused.length, 1);
      assert.match(refused[0] ?? '', /^E(ACCES|NETUNREACH)$/);
    });

    test('what was sent before it is closed leaves; what comes after is refused, and nothing is heard', async () => {
      let heard = 0;
      const listener = await listening(way.kernel, () => heard++);
      const to = await peer();
      listener.send(line('last'), to.endpoint, unwanted);
      const closed = listener.close();
      const errors: string[] = [];
      listener.send(line('late'), to.endpoint, (error) => errors.push(error.message));
      await closed;
      await to.inbox.nth(1);
      to.send(line('nobody there'), listener.point);
      assert.deepEqual([to.inbox.messages, errors, heard], [[line('last')], ['closed'], 0]);
    });

    test('no other program gets the port while it is bound, with SO_REUSEADDR neither', async () => {
      const { point } = await listening(way.kernel);
      await assert.rejects(listening(way.kernel, undefined, point.port), { code: 'port-in-use' });
      const thief = createSocket({ type: 'udp4', reuseAddr: true });
      const outcome = await new Promise<string>((resolve) => {
        thief.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
        thief.bind(point.port, '127.0.0.1', () => resolve('bound'));
      });
      thief.close();
      assert.equal(outcome, 'EADDRINUSE');
    });

    test('nobody is at port 0: what would go there is refused alone', async () => {
      const listener = await listening(way.kernel);
      const to = await peer();
      const errors: string[] = [];
      listener.send(line(1), to.endpoint, unwanted);
      listener.send(line(2), { address: '127.0.0.1', port: 0 }, (error) => errors.push(error.message));
      listener.send(line(3), to.endpoint, unwanted);
      await to.inbox.nth(2);
      assert.deepEqual([to.inbox.messages, errors], [[line(1), line(3)], ['nobody can be at port 0']]);
    });

    test('nobody is answered at port 0, and keep-alives and noise go no further', async () => {
      const heard: string[] = [];
      const listener = await listening(way.kernel, (bytes) => heard.push(bytes.toString('latin1')));
      const from = await peer();
      for (const noise of ['\r\n\r\n', 'jaK', '\0\0\0\0', line('real')]) {
        for (let copy = 0; copy < 40; copy++) from.send(noise, listener.point);
      }
      await until(() => heard.length === 40, 'the real ones');
      assert.deepEqual([...new Set(heard)], [line('real')]);
    });
  });
}

test('a listener on IPv6 hears and is heard', async (t) => {
  const heard: Endpoint[] = [];
  const six = new UdpListener({ transport: 'udp', address: '::1', port: 0 }, silentLogger, kernel, (_, remote) => {
    heard.push(remote);
  });
  try {
    await six.bind();
  } catch {
    t.skip('no IPv6 here');
    return;
  }
  cleanups.push(() => six.close());
  const from = await UdpPeer.open('::1');
  cleanups.push(() => from.close());
  from.send(line('hello'), six.point);
  await until(() => heard.length === 1, 'the datagram');
  six.send(line('back'), heard[0] ?? from.endpoint, unwanted);
  assert.equal(await from.inbox.nth(1), line('back'));
});
