import assert from 'node:assert/strict';
import { test } from 'node:test';
import { granted, type Outcome, refused } from '../../../src/model/outcome.ts';
import type { Flow, Transport } from '../../../src/sip/engine.ts';
import { nextHop, Relocation } from '../../../src/sip/locate/relocation.ts';
import type { Target } from '../../../src/sip/locate/target.ts';

function flow(address: string, transport: Transport = 'tcp'): Flow {
  return { transport, local: { address: '0.0.0.0', port: 5070 }, remote: { address, port: 41000 }, connection: 'x-1' };
}

function tcp(address: string, port = 5060): Target {
  return { transport: 'tcp', address, port, serverName: null };
}

/** 10.0.0.0/8 is trusted, 10.9.9.9:5070 is ourselves, and every host is where `found` says. */
function rig(found: Outcome<readonly Target[]>) {
  const asked: string[] = [];
  const relocation = new Relocation({
    locator: {
      locate: async (uri, allowed, limits) => {
        asked.push(`${uri.host} ${allowed} own=${limits?.own}`);
        return found;
      },
    },
    isTrusted: (address) => address.startsWith('10.'),
    isSelf: ({ address, port }) => address === '10.9.9.9' && port === 5070,
  });
  return { relocation, asked };
}

test('RFC 3261 8.1.2: the next hop is the first route, strict or not, else the remote target', () => {
  const host = (routeSet: readonly string[]) => nextHop({ uri: 'sip:1001@phone.test', routeSet })?.host;
  assert.equal(host([]), 'phone.test');
  assert.equal(host(['<sip:p1.test;lr>', '<sip:p2.test;lr>']), 'p1.test');
  assert.equal(host(['<sip:p1.test;transport=tcp;r2=on;lr>, <sip:p2.test;lr>']), 'p1.test');
  assert.equal(host(['<sip:strict.test>']), 'strict.test');
  assert.equal(host(['garbage <']), undefined);
  assert.equal(host(['<tel:+49>']), '');
});

test('only TCP flows of trusted peers are covered: no TLS, no WebSocket, no stranger', () => {
  const { relocation } = rig(granted([]));
  assert.equal(relocation.covers(flow('10.0.0.1')), true);
  assert.equal(relocation.covers(flow('192.0.2.1')), false);
  for (const transport of ['udp', 'tls', 'ws', 'wss'] as const) {
    assert.equal(relocation.covers(flow('10.0.0.1', transport)), false, transport);
  }
});

test('a stranger makes us ask nothing of DNS', async () => {
  const { relocation, asked } = rig(granted([tcp('10.0.0.1')]));
  const hop = { uri: 'sip:a@phone.test', routeSet: ['<sip:p1.test;lr>'], flow: flow('192.0.2.1') };
  assert.deepEqual(await relocation.targets(hop), []);
  assert.deepEqual(asked, []);
});

test('of a trusted proxy, every trusted address of its route is a way; others, and our own listener, are none', async () => {
  const { relocation, asked } = rig(
    granted([tcp('192.0.2.66'), tcp('10.0.0.2'), tcp('10.9.9.9', 5070), tcp('10.0.0.1'), tcp('10.9.9.9', 5060)]),
  );
  const hop = { uri: 'sip:a@192.0.2.7', routeSet: ['<sip:proxy.test;lr>'], flow: flow('10.0.0.1') };
  assert.deepEqual(await relocation.targets(hop), [tcp('10.0.0.2'), tcp('10.0.0.1'), tcp('10.9.9.9', 5060)]);
  assert.deepEqual(asked, ['proxy.test tcp own=true']);
});

test('without a route the phone names the port, but never another host than the one it came from', async () => {
  const { relocation } = rig(granted([tcp('10.0.0.2', 22), tcp('10.0.0.1', 5062)]));
  const hop = { uri: 'sip:a@anything.test', routeSet: [], flow: flow('10.0.0.1') };
  assert.deepEqual(await relocation.targets(hop), [tcp('10.0.0.1', 5062)]);
});

test('a next hop that cannot be read or found is nowhere', async () => {
  const { relocation } = rig(refused('no-address', 'x has no address', 503));
  assert.deepEqual(await relocation.targets({ uri: 'sip:a@x', routeSet: [], flow: flow('10.0.0.1') }), []);
  assert.deepEqual(await relocation.targets({ uri: 'sip:a@x', routeSet: ['<'], flow: flow('10.0.0.1') }), []);
});
