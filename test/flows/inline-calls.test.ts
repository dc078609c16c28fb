import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { PhoneTransport } from '../support/phone/wire.ts';
import { InlineStage } from './inline-stage.ts';

/** Every phone's way to every other's: what comes by one transport leaves by another. */
const pairs: readonly (readonly [PhoneTransport, PhoneTransport])[] = [
  ['udp', 'udp'],
  ['udp', 'tcp'],
  ['tcp', 'udp'],
  ['tcp', 'ws'],
  ['ws', 'udp'],
];

for (const upstreamTransport of ['udp', 'tcp'] as const) {
  describe(`calls through Lamplighter to a PBX by ${upstreamTransport}`, () => {
    let stage: InlineStage;
    before(async () => {
      stage = await InlineStage.open({ upstreamTransport });
    });
    afterEach(() => stage.tidy());
    after(() => stage.close());

    for (const [one, other] of pairs) {
      test(`a phone by ${one} calls one by ${other}: held, resumed and hung up by either side`, async () => {
        const [a, b] = [stage.ext(), stage.ext()];
        const caller = await stage.registered(a, one);
        const callee = await stage.registered(b, other);
        for (const hangsUp of ['caller', 'callee'] as const) {
          const call = await caller.invite(b);
          const rings = await callee.nextCall();
          rings.ringing();
          await call.ringing;
          await rings.answer();
          await call.answered;
          assert.equal(rings.invite.uri, addressOf(callee.contact), 'its own Contact is what it is asked by');
          assert.equal((await call.hold()).status, 200);
          assert.equal((await rings.resume()).status, 200);
          await (hangsUp === 'caller' ? call : rings).hangup();
          await (hangsUp === 'caller' ? rings : call).ended;
        }
        const routed = stage.pbx.of('BYE').at(-1);
        assert.ok(routed !== undefined && routed.all('Route').length === 0, 'our Routes end here');
      });
    }
  });
}

describe('what else belongs to a call', () => {
  let stage: InlineStage;
  before(async () => {
    stage = await InlineStage.open();
  });
  afterEach(() => stage.tidy());
  after(() => stage.close());

  const two = async (one: PhoneTransport = 'udp', other: PhoneTransport = 'udp', sdpLines: readonly string[] = []) => {
    const [a, b] = [stage.ext(), stage.ext()];
    return { b, caller: await stage.registered(a, one, { sdpLines }), callee: await stage.registered(b, other) };
  };

  test('a caller that gives up while it rings: CANCEL goes to the phone, 487 comes back', async () => {
    const { b, caller, callee } = await two('udp', 'tcp');
    const call = await caller.invite(b);
    const rings = await callee.nextCall();
    rings.ringing();
    await call.ringing;
    await call.hangup();
    assert.deepEqual(await call.ended, { by: 'them', status: 487 });
    assert.deepEqual(await rings.ended, { by: 'them', status: 487 });
  });

  test('a busy phone: its 486 reaches the caller, and the ACK of it stays on each hop', async () => {
    const { b, caller, callee } = await two();
    callee.onCall((call) => call.reject(486));
    const call = await caller.invite(b);
    assert.deepEqual(await call.ended, { by: 'them', status: 486 });
    const { callId } = call.dialog;
    const acks = () => stage.pbx.of('ACK').filter((ack) => ack.header('Call-ID') === callId);
    await stage.pbx.until(() => acks()[0], 'the ACK of the caller’s side');
    assert.equal(callee.trace.filter((line) => line.startsWith('< ACK')).length, 1);
    assert.equal(acks().length, 1);
  });

  test('a transfer: REFER goes to the PBX, its NOTIFYs come back in the dialog', async () => {
    const { b, caller, callee } = await two('tcp', 'udp');
    callee.onCall((call) => void call.answer());
    const call = await caller.invite(b);
    await call.answered;
    assert.equal((await call.transfer('2299')).status, 202);
    assert.deepEqual(await call.ended, { by: 'us', status: 200 });
    assert.deepEqual(call.transferProgress, ['SIP/2.0 200 OK']);
    const [kept] = stage.pbx.calls.slice(-1).map(({ referred }) => referred);
    assert.match(kept?.[0] ?? '', /2299/);
  });

  test('a MESSAGE reaches the other phone, letter by letter', async () => {
    const { b, caller, callee } = await two('ws', 'udp');
    const text = 'Grüße, “line”\r\nfor line ☎';
    const sent = caller.request('MESSAGE', b, [['Content-Type', 'text/plain;charset=utf-8']], text);
    assert.equal((await callee.nextRequest()).text, text);
    assert.equal((await sent).status, 200);
  });

  test('an INVITE larger than a datagram may be by its rules comes whole, by TCP and by UDP', async () => {
    const sdpLines = Array.from(
      { length: 120 },
      (_, line) => `a=candidate:${line} 1 UDP 2130706431 192.0.2.7 ${line} typ host`,
    );
    for (const [one, other] of [
      ['tcp', 'udp'],
      ['udp', 'tcp'],
    ] as const) {
      const { b, caller, callee } = await two(one, other, sdpLines);
      const call = await caller.invite(b);
      const rings = await callee.nextCall();
      for (const line of sdpLines) assert.ok(rings.invite.text.includes(`${line}\r\n`));
      await rings.answer();
      await call.answered;
      await call.hangup();
      await rings.ended;
    }
  });

  test('a phone that drops Record-Route from its answer stays on the path: the PBX gets it all the same', async () => {
    const { b, caller } = await two();
    const hand = await stage.hand();
    const contact = `<sip:${b}@127.0.0.1:${hand.port}>`;
    assert.equal((await hand.ask({ user: b, method: 'REGISTER', lines: { Contact: contact } })).status, 200);
    const call = await caller.invite(b);
    const invite = await hand.requests.next(({ method }) => method === 'INVITE');
    hand.answer(invite, 200, [`Contact: <sip:${b}@203.0.113.66:5060>`, 'Record-Route: <sip:203.0.113.66;lr>']);
    await call.answered;
    const leaving = call.hangup();
    // not to the address in that Contact: along our Route, by the phone's own flow
    const bye = await hand.requests.next(({ method }) => method === 'BYE');
    assert.equal(bye.uri, `sip:${b}@203.0.113.66:5060`);
    hand.answer(bye, 200);
    await leaving;
  });
});

function addressOf(contact: string): string {
  return /<([^>]*)>/.exec(contact)?.[1] ?? contact;
}
