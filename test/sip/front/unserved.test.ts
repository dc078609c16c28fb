import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestOf, udpFlow } from './fake-engine.ts';
import { login, startFront } from './front-fixture.ts';

const elsewhere = 'sip:1002@192.0.2.10';

function listening() {
  const heard: (readonly [host: string, by: string | null])[] = [];
  return { heard, unserved: { note: (host: string, by: string | null) => heard.push([host, by]) } };
}

test('a domain that is not served is told of when its phone has shown its password, and never of a stranger', async () => {
  const { heard, unserved } = listening();
  const { send } = await startFront({ mode: 'pbx', unserved });
  const text = { uri: elsewhere, from: '<sip:1006@192.0.2.10>;tag=a', to: '<sip:1002@192.0.2.10>' };
  assert.equal((await send(text)).status, 401);
  assert.deepEqual(heard, [], 'anybody could write it');
  assert.equal((await login(send, '1006', { ...text, cseq: 5 })).status, 404);
  assert.deepEqual(heard, [['192.0.2.10', '1006@lamplighter.test']]);
});

test('from a trusted network nothing has to be shown; from elsewhere nothing is told', async () => {
  const { heard, unserved } = listening();
  const { send } = await startFront({ unserved });
  const far = { ...udpFlow, remote: { address: '203.0.113.9', port: 5060 } };
  assert.equal((await send({ uri: elsewhere, flow: far })).status, 403);
  assert.deepEqual(heard, []);
  assert.equal((await send({ uri: elsewhere })).status, 404);
  assert.equal((await send({ uri: elsewhere, from: '<sip:192.0.2.77>;tag=a' })).status, 404);
  assert.deepEqual(heard, [
    ['192.0.2.10', '1001@lamplighter.test'],
    ['192.0.2.10', null],
  ]);
});

test('a domain of ours without a user is 404 and no news; a PUBLISH elsewhere is both', async () => {
  const { heard, unserved } = listening();
  const { send, engine, front } = await startFront({ unserved });
  assert.equal((await send({ uri: 'sip:lamplighter.test' })).status, 404);
  assert.deepEqual(heard, []);
  await front.stop();
  await front.start(() => ({ status: 200, expires: 60 }), { onPublish: () => assert.fail('nothing to publish') });
  const lines = [
    `PUBLISH ${elsewhere} SIP/2.0`,
    'Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKp',
    'From: <sip:1006@lamplighter.test>;tag=a',
    `To: <${elsewhere}>`,
    'Call-ID: p@phone',
    'CSeq: 1 PUBLISH',
    'Event: dialog',
    'Expires: 60',
    'Content-Length: 0',
  ];
  const answer = await engine.receive(requestOf(`${lines.join('\n')}\n\n`, udpFlow));
  assert.equal(answer.status, 404);
  assert.deepEqual(heard, [['192.0.2.10', '1006@lamplighter.test']]);
});
