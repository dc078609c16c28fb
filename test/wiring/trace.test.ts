import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import test from 'node:test';
import { configSchema } from '../../src/config/schema.ts';
import { aorOf } from '../../src/model/aor.ts';
import type { Difference } from '../../src/wiring/stages.ts';
import { TraceSide } from '../../src/wiring/trace.ts';
import { until } from '../ops/fake-deps.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { silentLogger } from '../support/silent-logger.ts';
import { readHep } from '../trace/hep-packets.ts';
import { subscribe, udp } from '../trace/messages.ts';

const config = (trace: unknown) => configSchema.parse({ trace });

function changed(trace: unknown): Difference {
  return { after: { config: config(trace) }, touches: (path: string) => path === 'trace.hep' } as unknown as Difference;
}

test('a reload sends the messages to another collector, and to none', async () => {
  const collectors = [createSocket('udp4'), createSocket('udp4')];
  const packets: Buffer[][] = [[], []];
  for (const [index, socket] of collectors.entries()) {
    socket.on('message', (packet) => packets[index]?.push(packet));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
  }
  const to = (index: number) => ({ hep: { to: `127.0.0.1:${collectors[index]?.address().port}`, captureId: index } });
  const side = new TraceSide(config(to(0)), new FakeClock(), silentLogger);
  try {
    const pass = async () => {
      await settle();
      side.tap?.passed('in', udp, subscribe('1', '2'));
      await settle();
    };
    await pass();
    await until('the first', () => packets[0]?.length === 1);
    await side.prepare(changed(to(1)))?.commit();
    await pass();
    await until('the second', () => packets[1]?.length === 1);
    assert.equal(readHep(packets[1]?.[0] ?? Buffer.alloc(0)).captureId, 1);
    await side.prepare(changed({}))?.commit();
    await pass();
    await side.prepare(changed(to(1)))?.commit();
    await pass();
    await until('the last', () => packets[1]?.length === 2);
    assert.deepEqual(
      packets.map(({ length }) => length),
      [1, 2],
    );
    assert.equal(side.prepare({ ...changed(to(0)), touches: () => false } as Difference), null);
  } finally {
    side.stop();
    for (const socket of collectors) socket.close();
  }
});

test('where nothing is kept there is no tap, and no desk', () => {
  const side = new TraceSide(config({ keep: 0 }), new FakeClock(), silentLogger);
  assert.equal(side.tap, null);
  assert.equal(side.desk, undefined);
  side.ended({ id: 1, callId: 'c', aor: aorOf('1', 'x'), watcher: null, event: 'dialog', eventId: null });
  side.stop();
});
