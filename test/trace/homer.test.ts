import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import test from 'node:test';
import type { Logger } from '../../src/model/logger.ts';
import type { TracedPath } from '../../src/model/trace.ts';
import { hepPacket } from '../../src/trace/hep.ts';
import { Homer } from '../../src/trace/homer.ts';
import { Trace } from '../../src/trace/trace.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { silentLogger } from '../support/silent-logger.ts';
import { readHep } from './hep-packets.ts';
import { subscribe, udp, wire } from './messages.ts';

const message = {
  at: 1_700_000_000_123,
  direction: 'in',
  path: udp,
  callId: 'c1@h',
  payload: Buffer.from('SIP'),
} as const;

test('a packet says where a message came from and went, when, and whose it is', () => {
  assert.deepEqual(readHep(hepPacket(message, { captureId: 2001, password: 'secret' })), {
    family: 2,
    protocol: 17,
    from: '192.0.2.21 5060',
    to: '192.0.2.10 5070',
    seconds: 1_700_000_000,
    micros: 123_000,
    type: 1,
    captureId: 2001,
    authKey: 'secret',
    correlationId: 'c1@h',
    payload: Buffer.from('SIP'),
  });
  const path: TracedPath = {
    transport: 'wss',
    local: { address: '2001:db8::1', port: 443 },
    remote: { address: '2001:db8::2', port: 1 },
    connection: 'x',
  };
  const six = readHep(
    hepPacket({ ...message, direction: 'out', path, callId: null }, { captureId: 0, password: null }),
  );
  assert.deepEqual([six.family, six.protocol, six.authKey, six.correlationId], [10, 6, null, null]);
  assert.equal(six.from, '2001:0db8:0000:0000:0000:0000:0000:0001 443');
  assert.equal(six.to, '2001:0db8:0000:0000:0000:0000:0000:0002 1');
});

test('a packet always fits into a datagram: a message that does not is cut', () => {
  const payload = Buffer.alloc(131_072, 'x');
  const packet = hepPacket({ ...message, payload, callId: 'i'.repeat(70_000) }, { captureId: 1, password: 'p' });
  assert.equal(packet.length, 65_507);
  const read = readHep(packet);
  assert.ok(read.payload.length > 60_000);
  assert.equal(read.correlationId?.length, 1_024);
});

interface Collector {
  readonly socket: Socket;
  readonly port: number;
  readonly packets: Buffer[];
}

async function collector(): Promise<Collector> {
  const socket = createSocket('udp4');
  const packets: Buffer[] = [];
  socket.on('message', (packet) => packets.push(packet));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { socket, port: socket.address().port, packets };
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function traceOf(clock: FakeClock): Trace {
  return new Trace({ clock, keep: 10_000, subscriptions: () => [], aorFor: () => null, facing: () => '192.0.2.10' });
}

function keepingLogger() {
  const lines: { readonly fields: Record<string, unknown>; readonly message: string }[] = [];
  const keep = (fields: object, message: string) => lines.push({ fields: { ...fields }, message });
  const logger: Logger = { ...silentLogger, warn: keep, info: keep, child: () => logger };
  return { lines, logger };
}

test('every message that passes reaches the collector by its name, without its secrets', async () => {
  const clock = new FakeClock();
  const trace = traceOf(clock);
  const { socket, port, packets } = await collector();
  const resolve = async (host: string) => (host === 'homer.test' ? '127.0.0.1' : assert.fail(host));
  const homer = new Homer({
    host: 'homer.test',
    port,
    captureId: 7,
    password: null,
    clock,
    logger: silentLogger,
    resolve,
  });
  const unfollow = trace.forward(homer);
  try {
    homer.start();
    await settle();
    const login = wire(['REGISTER sip:pbx SIP/2.0', 'Call-ID: r1', 'Authorization: Digest response="0123456789"']);
    trace.recorder.passed('in', udp, login);
    trace.recorder.passed(
      'out',
      { ...udp, local: { address: '0.0.0.0', port: 5070 } },
      'SIP/2.0 200 OK\r\nCall-ID: r1\r\n\r\n',
    );
    await until('two packets', () => packets.length === 2);
    const [first, second] = packets.map(readHep);
    assert.equal(first?.payload.toString(), login.replace('0123456789', '**********'));
    assert.equal(first?.correlationId, 'r1');
    assert.equal(second?.from, '192.0.2.10 5070', 'no wildcard');
  } finally {
    unfollow();
    homer.stop();
    trace.stop();
    socket.close();
  }
});

test('a collector without an address costs messages and a line a minute, and is found when it is there', async () => {
  const clock = new FakeClock();
  const trace = traceOf(clock);
  const { socket, port, packets } = await collector();
  const { lines, logger } = keepingLogger();
  let known = false;
  const resolve = async () => {
    if (!known) throw new Error('ENOTFOUND');
    return '127.0.0.1';
  };
  const homer = new Homer({ host: 'homer.test', port, captureId: 7, password: null, clock, logger, resolve });
  const unfollow = trace.forward(homer);
  try {
    homer.start();
    await settle();
    for (let i = 0; i < 50; i++) trace.recorder.passed('in', udp, subscribe('1', '2'));
    await settle();
    clock.advance(30_000);
    await settle();
    assert.deepEqual(
      lines.map(({ message: said }) => said),
      ['the HEP collector has no address', 'messages did not go to the HEP collector'],
    );
    known = true;
    clock.advance(10_000);
    await settle();
    trace.recorder.passed('in', udp, subscribe('1', '2'));
    await until('a packet', () => packets.length === 1);
    assert.match(lines.at(-1)?.message ?? '', /are sent to a HEP collector/);
    clock.advance(60_000);
    known = false;
    clock.advance(60_000);
    await settle();
    trace.recorder.passed('in', udp, subscribe('1', '2'));
    await until('another: the last address stands', () => packets.length === 2);
  } finally {
    unfollow();
    homer.stop();
    trace.stop();
    socket.close();
  }
  assert.equal(clock.pending, 0, 'nothing is left behind');
});

test('nothing waits for a network that takes nothing: what is too much is counted', async () => {
  const clock = new FakeClock();
  const trace = traceOf(clock);
  const { lines, logger } = keepingLogger();
  // no route: each send fails, or waits
  const homer = new Homer({ host: '255.255.255.255', port: 9, captureId: 7, password: null, clock, logger });
  const unfollow = trace.forward(homer);
  try {
    homer.start();
    await settle();
    for (let i = 0; i < 2_000; i++) trace.recorder.passed('in', udp, subscribe('1', '2'));
    await until('the loss is told', () => lines.some(({ message: said }) => said.startsWith('messages did not go')));
    const lost = () => lines.reduce((sum, { fields }) => sum + Number(fields['lost'] ?? 0), 0);
    await until('all of it', () => {
      clock.advance(60_000);
      trace.recorder.passed('in', udp, subscribe('1', '2'));
      return lost() >= 2_000;
    });
  } finally {
    unfollow();
    homer.stop();
    trace.stop();
  }
});
