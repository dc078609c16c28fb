import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SipAnswer, SipRequest } from '../../../src/sip/engine.ts';
import { requestOf, valuesOf } from './fake-engine.ts';
import { startFront, toWithTag } from './front-fixture.ts';

function request(method: string, to = '<sip:1001@lamplighter.test>', line = 'X-A: b'): SipRequest {
  return requestOf(
    `${method} sip:1001@lamplighter.test SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bK2\nMax-Forwards: 0\n` +
      `From: "Desk" <sip:1001@lamplighter.test>;tag=phone\nTo: ${to}\nCall-ID: call@phone\nCSeq: 7 ${method}\n${line}\n` +
      'Content-Length: 0\n\n',
  );
}

const allowed = 'SUBSCRIBE, NOTIFY, PUBLISH, OPTIONS';

test('RFC 3261 11.2: OPTIONS is 200 with what is served, also with Max-Forwards 0 and for anybody', async () => {
  const { engine } = await startFront({ mode: 'pbx', accepts: ['application/x-as-feature-event+xml'] });
  const answer = await engine.receive(request('OPTIONS'));
  const packages = [
    ['Allow', allowed],
    ['Allow-Events', 'as-feature-event, dialog'],
  ];
  const accept = ['Accept', 'application/x-as-feature-event+xml'];
  assert.deepEqual(answer, {
    status: 200,
    headers: [
      ...packages,
      accept,
      ['Accept-Encoding', 'identity'],
      ['Accept-Language', 'en'],
      ['Supported', 'eventlist, recipient-list-subscribe'],
    ],
    // to a short datagram, as far as it is in proportion
    smaller: {
      status: 200,
      headers: [...packages, accept],
      smaller: { status: 200, headers: packages, smaller: { status: 200 } },
    },
  });
  const strict = await engine.receive(request('OPTIONS', undefined, 'Require: foo'));
  assert.deepEqual([strict.status, valuesOf(strict, 'Unsupported')], [420, ['foo']]);
});

test('RFC 3261 12.2.2: OPTIONS in a dialog that is none of ours is 481, so that nobody takes a dead dialog for alive', async () => {
  const { engine, send } = await startFront();
  const ours = toWithTag(await send());
  assert.equal((await engine.receive(request('OPTIONS', ours))).status, 200);
  assert.equal((await engine.receive(request('OPTIONS', '<sip:x@y>;tag=z'))).status, 481);
});

test('security 3.11: a NOTIFY, in or out of a dialog, is 481 and never acted on', async () => {
  const { engine, send, seen } = await startFront();
  const to = toWithTag(await send());
  for (const party of [to, '<sip:1001@lamplighter.test>', '<sip:x@y>;tag=z']) {
    assert.equal((await engine.receive(request('NOTIFY', party))).status, 481);
  }
  assert.equal(seen.length, 1);
});

test('security 3.11: known methods in a dialog that is none of ours are 481, elsewhere 405 with Allow', async () => {
  const { engine, send, front } = await startFront();
  const ours = toWithTag(await send());
  for (const method of ['INVITE', 'REGISTER', 'BYE', 'INFO', 'UPDATE', 'MESSAGE', 'REFER', 'PRACK']) {
    assert.equal((await engine.receive(request(method, '<sip:x@y>;tag=z'))).status, 481, method);
    for (const party of [ours, '<sip:1001@lamplighter.test>']) {
      const answer = await engine.receive(request(method, party));
      assert.deepEqual([answer.status, valuesOf(answer, 'Allow')], [405, [allowed]], method);
    }
  }
  assert.equal(front.dialogCount, 1, 'a BYE ends nothing');
});

test('unknown methods, also known ones in lower case, are 501 with Allow', async () => {
  const { engine } = await startFront();
  for (const method of ['subscribe', 'FOO', 'constructor', "!interesting-Method0123456789_*+`.%indeed'~"]) {
    const answer = await engine.receive(request(method));
    assert.deepEqual([answer.status, valuesOf(answer, 'Allow')], [501, [allowed]], method);
  }
});

test('P39-02: where nobody takes publications, a PUBLISH is 489 with Allow-Events', async () => {
  const { engine } = await startFront();
  const answer = await engine.receive(request('PUBLISH'));
  assert.deepEqual([answer.status, valuesOf(answer, 'Allow-Events')], [489, ['as-feature-event, dialog']]);
});

test('E65-22: a CANCEL without a transaction is 481, an ACK is never answered', async () => {
  const { engine } = await startFront();
  const answers: SipAnswer[] = [];
  engine.deliver(request('ACK'), (answer) => answers.push(answer));
  assert.equal((await engine.receive(request('CANCEL'))).status, 481);
  assert.deepEqual(answers, []);
});

test('start gives the listen points and stop ends the engine', async () => {
  const { front, engine } = await startFront();
  await front.stop();
  assert.ok(engine.stopped);
});
