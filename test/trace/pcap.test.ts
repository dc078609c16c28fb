import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { TracedPath } from '../../src/model/trace.ts';
import { hepPacket } from '../../src/trace/hep.ts';
import { addressBytes } from '../../src/trace/packets.ts';
import { Capture } from '../../src/trace/pcap.ts';
import { readHep } from './hep-packets.ts';
import { udp } from './messages.ts';
import { readPcap } from './packets.ts';

const v6: TracedPath = {
  transport: 'udp',
  local: { address: '2001:db8::10', port: 5070 },
  remote: { address: 'fe80::21%eth0', port: 5060 },
  connection: '',
};
const tcp: TracedPath = { ...udp, transport: 'tcp', connection: 'x-1' };

function capture(...messages: readonly [number, 'in' | 'out', TracedPath, Buffer][]): Buffer {
  const file = new Capture();
  const written = messages.map(([at, direction, path, payload]) => file.write({ at, direction, path, payload }));
  return Buffer.concat([file.begin(), ...written]);
}

test('datagrams are as they were on the wire: addresses, ports, time, lengths and checksums', () => {
  const [one, two] = readPcap(
    capture([1_700_000_000_123, 'in', udp, Buffer.from('abc')], [1_700_000_000_999, 'out', udp, Buffer.from('abcd')]),
  );
  assert.deepEqual(one, {
    at: 1_700_000_000_123,
    from: '192.0.2.21:5060',
    to: '192.0.2.10:5070',
    protocol: 'udp',
    sequence: 0,
    acknowledged: 0,
    payload: Buffer.from('abc'),
  });
  assert.deepEqual([two?.from, two?.to, two?.payload.toString()], ['192.0.2.10:5070', '192.0.2.21:5060', 'abcd']);
});

test('IPv6 has headers of its own', () => {
  const [packet] = readPcap(capture([1, 'in', v6, Buffer.from('x')]));
  assert.equal(packet?.from, 'fe800000000000000000000000000021:5060');
  assert.equal(packet?.to, '20010db8000000000000000000000010:5070');
});

test('a stream is numbered in both directions, each connection by itself, whatever carried it', () => {
  const other: TracedPath = { ...tcp, transport: 'wss', connection: 'x-2' };
  const packets = readPcap(
    capture(
      [1, 'in', tcp, Buffer.from('12345')],
      [2, 'out', tcp, Buffer.from('123')],
      [3, 'in', other, Buffer.from('1')],
      [4, 'in', tcp, Buffer.from('1')],
    ),
  );
  assert.deepEqual(
    packets.map(({ protocol, sequence, acknowledged }) => [protocol, sequence, acknowledged]),
    [
      ['tcp', 1, 1],
      ['tcp', 1, 6],
      ['tcp', 1, 1],
      ['tcp', 6, 4],
    ],
  );
});

test('what is too large for one packet is in several, and nothing of it is lost', () => {
  const large = Buffer.alloc(131_072, 'abcdefg');
  const packets = readPcap(
    capture([1, 'in', tcp, large], [2, 'in', { ...v6, transport: 'tls', connection: 'y' }, large]),
  );
  assert.equal(packets.length, 6);
  assert.deepEqual(Buffer.concat(packets.slice(0, 3).map(({ payload }) => payload)), large);
  assert.deepEqual(
    packets.slice(3).map(({ sequence }) => sequence),
    [1, 65_001, 130_001],
  );
  const [datagram] = readPcap(capture([1, 'in', udp, Buffer.alloc(65_536)]));
  assert.equal(datagram?.payload.length, 65_507, 'a datagram cannot be larger');
});

test('any payload, odd or even, at any address, has its checksums right', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  const end = (address: string, port: number) => ({ address, port });
  const property = fc.property(
    address,
    address,
    fc.nat(65_535),
    fc.uint8Array({ maxLength: 60 }),
    fc.boolean(),
    (a, b, port, bytes, isUdp) => {
      const path: TracedPath = {
        transport: isUdp ? 'udp' : 'tcp',
        local: end(a, port),
        remote: end(b, 65_535 - port),
        connection: '',
      };
      const packets = readPcap(capture([1, 'in', path, Buffer.from(bytes)]));
      assert.deepEqual(Buffer.concat(packets.map(({ payload }) => payload)), Buffer.from(bytes));
    },
  );
  fc.assert(property, { numRuns: 300 });
});

test('a path with ends that cannot be is written all the same', () => {
  const nowhere = { address: 'nowhere', port: Number.NaN };
  for (const transport of ['udp', 'tcp'] as const) {
    const path: TracedPath = { transport, local: { address: '::1', port: 70_000 }, remote: nowhere, connection: '' };
    assert.equal(readPcap(capture([1, 'in', path, Buffer.from('x')]))[0]?.from, '0.0.0.0:0');
    const packet = hepPacket(
      { at: 1, direction: 'in', path, callId: null, payload: Buffer.from('x') },
      { captureId: 1, password: null },
    );
    assert.equal(readHep(packet).from, '0.0.0.0 0');
  }
});

test('addresses are read in every form they are written in', () => {
  const hex = (address: string) => addressBytes(address).toString('hex');
  assert.equal(hex('192.0.2.1'), 'c0000201');
  assert.equal(hex('::'), '0'.repeat(32));
  assert.equal(hex('::1'), `${'0'.repeat(31)}1`);
  assert.equal(hex('2001:db8::8:800:200c:417a'), '20010db80000000000080800200c417a');
  assert.equal(hex('2001:DB8:0:0:8:800:200C:417A'), '20010db80000000000080800200c417a');
  assert.equal(hex('::ffff:192.0.2.1'), '00000000000000000000ffffc0000201');
  assert.equal(hex('64:ff9b::192.0.2.33'), '0064ff9b0000000000000000c0000221');
  assert.equal(hex('1::'), `0001${'0'.repeat(28)}`);
  assert.equal(hex('no address'), '00000000');
});
