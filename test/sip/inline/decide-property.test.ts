import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aorOf } from '../../../src/model/aor.ts';
import { ReceivedRequest } from '../../../src/sip/embedded/received-request.ts';
import type { Flow } from '../../../src/sip/engine.ts';
import { decide, type Facts } from '../../../src/sip/inline/decide.ts';
import { DialogTokens } from '../../../src/sip/inline/tokens.ts';
import { parseMessage } from '../../../src/sip/message/parse.ts';
import { tcpFlow, udpFlow } from '../front/fake-engine.ts';

/*
 * Whatever is asked, by whom, with tokens real, stolen, forged and of other dialogs: phones reach nobody but the PBX, the
 * PBX nobody but the phone whose token it shows, and no NOTIFY goes anywhere that belongs to no dialog.
 */

const tokens = new DialogTokens(Buffer.alloc(32, 9));
const id = 'k2ORPDwqm_A5sn8q';
const phone = { id, aor: aorOf('1001', 'pbx.test'), contact: 'sip:1001@10.0.0.7', flow: tcpFlow };
const valid = tokens.seal({ flow: tcpFlow, phone: id, upstream: 0 }, 'c');
const others = tokens.seal({ flow: tcpFlow, phone: id, upstream: 0 }, 'other');
const forged = new DialogTokens(Buffer.alloc(32, 8)).seal({ flow: tcpFlow, phone: id, upstream: 0 }, 'c');
const here = '192.0.2.1:5070';
const pbx: Flow = { ...udpFlow, remote: { address: '192.0.2.5', port: 5060 } };
const besidePbx: Flow = { ...tcpFlow, remote: { address: '192.0.2.5', port: 40_000 }, connection: 'x' };

function facts(unsolicited: Facts['unsolicited']): Facts {
  return {
    own: { has: ({ host, port }) => host === '192.0.2.1' && port === 5070 },
    upstreams: {
      whose: (flow) => (flow === pbx || flow === besidePbx ? { index: 0, certain: flow === pbx } : null),
      isNamed: ({ host }) => host === '192.0.2.5',
    },
    places: {
      aorFor: ({ user }) => (user ? aorOf(user, 'pbx.test') : null),
      isThisMachine: (host) => host === '192.0.2.1',
    },
    registrations: { forToken: (text) => (text === id ? phone : null) },
    tokens,
    subscribes: new Set(['dialog']),
    publishes: new Set(['presence']),
    unsolicited,
    ownsDialog: ({ localTag }) => localTag === 'ours',
  };
}

const users = fc.constantFrom(id, 'AAAAAAAAAAAAAAAA', valid, others, forged, '1001', 'lamplighter', '');
const hosts = fc.constantFrom(here, '192.0.2.1', '192.0.2.5', '10.0.0.7', 'pbx.test', '203.0.113.66');
const params = fc.constantFrom(
  '',
  ';lr',
  `;lamp=${id}`,
  ';lamp=AAAAAAAAAAAAAAAA',
  ';maddr=192.0.2.1',
  ';maddr=10.0.0.7',
);
const uris = fc
  .tuple(users, hosts, params)
  .map(([user, host, more]) => `sip:${user === '' ? '' : `${user}@`}${host}${more}`);
const asked = fc.record({
  method: fc.constantFrom(
    'INVITE',
    'ACK',
    'BYE',
    'NOTIFY',
    'notify',
    'SUBSCRIBE',
    'PUBLISH',
    'MESSAGE',
    'REGISTER',
    'OPTIONS',
    'INFO',
  ),
  uri: uris,
  routes: fc.array(uris, { maxLength: 3 }),
  tag: fc.constantFrom('', ';tag=theirs', ';tag=ours'),
  event: fc.constantFrom('', 'dialog', 'presence', 'x'),
  flow: fc.constantFrom(udpFlow, tcpFlow, pbx, besidePbx),
  unsolicited: fc.constantFrom('pbx' as const, 'never' as const),
});

test('phones reach the PBX alone, the PBX the phone whose token it shows, a NOTIFY of no dialog nobody', () => {
  const seed = Date.now() % 2 ** 31;
  const went = { serve: 0, answer: 0, 'to-pbx': 0, 'to-phone': 0 };
  fc.assert(
    fc.property(asked, ({ method, uri, routes, tag, event, flow, unsolicited }) => {
      const lines = [
        `${method} ${uri} SIP/2.0`,
        'Via: SIP/2.0/UDP h;branch=z9hG4bK1',
        'From: <sip:a@pbx.test>;tag=f',
        `To: <sip:b@pbx.test>${tag}`,
        'Call-ID: c',
        `CSeq: 1 ${method}`,
        ...(event === '' ? [] : [`Event: ${event}`]),
        ...routes.map((route) => `Route: <${route}>`),
      ];
      const parsed = parseMessage(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), 'datagram');
      assert.ok(parsed.kind === 'request');
      const decision = decide(new ReceivedRequest(parsed, flow), facts(unsolicited));
      went[decision.kind] += 1;
      const places = [uri, ...routes];
      const inDialog = places.some((place) => place.includes(valid)) && tag !== '';
      const named = places.some((place) => place.includes(id)) || places.some((place) => place.includes(valid));
      if (decision.kind === 'to-phone') {
        assert.ok(flow === pbx || flow === besidePbx, 'only the PBX');
        assert.ok(named, 'only by a token');
        assert.deepEqual(decision.flows, [tcpFlow], 'only where that token leads');
      }
      if (decision.kind === 'to-pbx') assert.notEqual(flow, pbx, 'nothing goes back');
      if (method !== 'NOTIFY') return;
      if (decision.kind === 'to-pbx') assert.ok(inDialog);
      if (decision.kind === 'to-phone') assert.ok(inDialog || unsolicited === 'pbx');
    }),
    { seed, numRuns: 20_000 },
  );
  assert.ok(
    Object.values(went).every((count) => count > 100),
    JSON.stringify(went),
  );
});
