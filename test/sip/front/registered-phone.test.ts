import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Aor } from '../../../src/model/aor.ts';
import type { Flow } from '../../../src/sip/engine.ts';
import { tcpFlow, udpFlow } from './fake-engine.ts';
import { startFront, subscribe } from './front-fixture.ts';

test('a phone that does not say what it is in its SUBSCRIBE is what it said when it registered', async () => {
  const asked: (readonly [Aor, Flow])[] = [];
  const agentOf = (user: Aor, flow: Flow) => {
    asked.push([user, flow]);
    return flow === udpFlow ? 'Yealink SIP-T46U' : null;
  };
  const { engine, seen } = await startFront({ agentOf });
  await engine.receive(subscribe());
  await engine.receive(subscribe({ lines: ['User-Agent: Snom'], from: '<sip:1001@lamplighter.test>;tag=b' }));
  await engine.receive(subscribe({ flow: tcpFlow, from: '<sip:1001@lamplighter.test>;tag=c' }));
  assert.deepEqual(
    seen.map(({ userAgent }) => userAgent),
    ['Yealink SIP-T46U', 'Snom', null],
  );
  assert.deepEqual(asked, [
    ['1001@lamplighter.test', udpFlow],
    ['1001@lamplighter.test', tcpFlow],
  ]);
});

test('an order to a phone that only registered goes by its path, to its own Contact, in the name of its user', async () => {
  const { engine, front } = await startFront();
  const path = {
    remoteParty: '<sip:a%20b@lamplighter.test>',
    remoteTarget: 'sip:1001@10.0.0.5:5062;line=1',
    routeSet: [],
    flow: tcpFlow,
  };
  const sent = await front.notifyApart(path, { event: 'check-sync;reboot=false', contentType: null, body: '' });
  assert.equal(sent.status, 200);
  const [request] = engine.sent;
  assert.equal(request?.uri, 'sip:1001@10.0.0.5:5062;line=1');
  assert.equal(request?.flow, tcpFlow);
  assert.equal(request?.to, '<sip:a%20b@lamplighter.test>');
  assert.deepEqual(
    request?.headers.filter(([name]) => name !== 'Contact'),
    [
      ['Event', 'check-sync;reboot=false'],
      ['Subscription-State', 'terminated'],
    ],
  );
});
