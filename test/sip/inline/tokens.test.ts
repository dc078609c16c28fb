import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Flow, Transport } from '../../../src/sip/engine.ts';
import { DialogTokens } from '../../../src/sip/inline/tokens.ts';
import { parseUri } from '../../../src/sip/message/uri.ts';

const tokens = new DialogTokens(Buffer.alloc(32, 1));

function flow(transport: Transport, address: string, connection = ''): Flow {
  const local = { address: address.includes(':') ? '::' : '0.0.0.0', port: 5070 };
  return { transport, local, remote: { address, port: 65_535 }, connection };
}

const flows = [
  flow('udp', '192.0.2.77'),
  flow('tcp', '198.51.100.1', 'a1b2c3d4-17'),
  flow('wss', '2001:db8::77', 'ffffffff-4000000'),
  flow('udp', 'fe80::1%eth0'),
];

test('a token brings back what it was made of, and is fit for the user part of a URI', () => {
  for (const one of flows) {
    for (const phone of [null, 'k2ORPDwqm_A5sn8q']) {
      for (const upstream of [0, 1]) {
        const sealed = tokens.seal({ flow: one, phone, upstream }, 'call');
        assert.deepEqual(tokens.open(sealed, 'call'), { flow: one, phone, upstream });
        assert.equal(parseUri(`sip:${sealed}@192.0.2.1;lr`)?.user, sealed);
        assert.ok(sealed.length < 120);
      }
    }
  }
});

test('it is good for its own dialog, with our own secret, as it is, and for nothing else', () => {
  const way = { flow: flows[1]!, phone: 'k2ORPDwqm_A5sn8q', upstream: 0 };
  const sealed = tokens.seal(way, 'call');
  assert.equal(tokens.open(sealed, 'another'), null);
  assert.equal(new DialogTokens(Buffer.alloc(32, 2)).open(sealed, 'call'), null);
  for (let at = 0; at < sealed.length - 1; at++) {
    const other = sealed[at] === 'A' ? 'B' : 'A';
    assert.equal(tokens.open(sealed.slice(0, at) + other + sealed.slice(at + 1), 'call'), null, `at ${at}`);
  }
  for (const text of ['', 'lamplighter', sealed.slice(4), `${sealed}AAAA`, 'A'.repeat(255), '='.repeat(40), '1001'])
    assert.equal(tokens.open(text, 'call'), null, text);
});

test('the same after a restart', () => {
  const way = { flow: flows[0]!, phone: null, upstream: 1 };
  assert.deepEqual(new DialogTokens(Buffer.alloc(32, 1)).open(tokens.seal(way, 'x'), 'x'), way);
});
