import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { settle } from '../../../support/fake-clock.ts';
import { answerTo, headerOf, headersOf, TcpPeer, UdpPeer, until } from '../raw-peer.ts';
import { branchOf, RelayRig, requestOf, tagged } from './rig.ts';

describe('the edges of a call that is sent on', () => {
  let rig: RelayRig;
  beforeEach(async () => {
    rig = await new RelayRig().start();
  });
  afterEach(() => rig.stop());

  const cancelled = async (branch: string, reasons: readonly string[]) => {
    const invite = await rig.through(requestOf('INVITE', branch));
    await rig.back(invite, 180);
    rig.phone.send(requestOf('CANCEL', branch, { CSeq: '1 CANCEL', Reason: reasons }), rig.at);
    await rig.got(rig.pbx, 'CANCEL');
    return rig.pbx.inbox.messages.at(-1)!;
  };

  test('RFC 3326: why a call is cancelled goes on: a phone counts no missed call that was answered elsewhere', async () => {
    const reasons = ['SIP;cause=200;text="Call completed elsewhere"', 'Q.850;cause=26'];
    assert.deepEqual(headersOf(await cancelled('elsewhere', reasons), 'Reason'), reasons);
  });

  test('a CANCEL that waits for the first answer keeps its Reason; one without has none', async () => {
    const invite = await rig.through(requestOf('INVITE', 'waits'));
    rig.phone.send(requestOf('CANCEL', 'waits', { CSeq: '1 CANCEL', Reason: 'SIP;cause=200' }), rig.at);
    await until(() => rig.statuses().includes(200), '200 to the CANCEL');
    await rig.back(invite, 180);
    await rig.got(rig.pbx, 'CANCEL');
    assert.deepEqual(headersOf(rig.pbx.inbox.messages.at(-1)!, 'Reason'), ['SIP;cause=200']);
    assert.deepEqual(headersOf(await cancelled('plain', []), 'Reason'), []);
  });

  test('RFC 3261 8.2.6.1: our 100 brings Timestamp back', async () => {
    rig.phone.send(requestOf('INVITE', 'timed', { Timestamp: '54' }), rig.at);
    assert.equal(headerOf(await rig.phone.inbox.nth(1), 'Timestamp'), '54');
  });

  test('the ACK of a refusal of ours ends here, by TCP too', async () => {
    rig.handle = (transaction) => {
      const { request } = transaction;
      if (request.header('To')?.includes('refused') === true && request.method === 'INVITE')
        transaction.respond({ status: 420 });
      else transaction.forward?.(rig.plan(transaction, [rig.pbx]));
    };
    const phone = await TcpPeer.open(rig.tcp);
    const to = { To: '<sip:refused@pbx.test>', Via: 'SIP/2.0/TCP 192.168.1.9:5062;branch=z9hG4bKrefused' };
    phone.send(requestOf('INVITE', 'refused', to));
    await until(() => phone.text.includes('SIP/2.0 420'), 'the refusal');
    phone.send(requestOf('ACK', 'refused', { ...to, CSeq: '1 ACK' }));
    phone.send(requestOf('OPTIONS', 'after', { Via: 'SIP/2.0/TCP 192.168.1.9:5062;branch=z9hG4bKafter' }));
    await rig.got(rig.pbx, 'OPTIONS');
    assert.deepEqual(rig.methods(), ['OPTIONS']);
    phone.close();
  });

  test('whoever cannot be reached, the refusal says so as the plan has it', async () => {
    const unreachable = { status: 480, reason: 'Phone Not Reachable' };
    rig.handle = (transaction) => transaction.forward?.({ ways: [rig.way(null, 'sip:x')], unreachable });
    rig.phone.send(requestOf('INVITE', 'gone'), rig.at);
    const [, refusal = ''] = [await rig.phone.inbox.nth(1), await rig.phone.inbox.nth(2)];
    assert.match(refusal, /^SIP\/2\.0 480 Phone Not Reachable\r\n/);
  });
});

describe('the end of the engine', () => {
  test('while it rings: the phone is told, and so is the far end, which would ring on', async () => {
    const rig = await new RelayRig().start();
    const other = await UdpPeer.open();
    try {
      const invite = await rig.through(requestOf('INVITE', 'ringing'));
      await rig.back(invite, 180);
      const unheard = await rig.through(requestOf('INVITE', 'unheard'), other);
      await rig.engine.stop();
      await rig.got(rig.pbx, 'CANCEL');
      await until(() => rig.statuses().length === 3, 'its end');
      assert.equal(rig.statuses()[2], 503);
      await settle();
      const [cancel = '', ...more] = rig.pbx.inbox.messages.filter((message) => message.startsWith('CANCEL'));
      assert.equal(branchOf(cancel), branchOf(invite));
      assert.deepEqual(more, [], '9.1: not before a provisional answer');
      assert.ok(branchOf(unheard) !== '');
    } finally {
      await other.close();
      await rig.stop();
    }
  });

  test('with a second way left: nothing new is begun', async () => {
    const rig = await new RelayRig().start();
    try {
      rig.handle = (transaction) => transaction.forward?.(rig.plan(transaction, [rig.pbx, rig.spare]));
      const invite = await rig.through(requestOf('INVITE', 'two'));
      rig.pbx.send(tagged(answerTo(invite, 180), 180), rig.at);
      await until(() => rig.statuses().includes(180), 'ringing');
      await rig.engine.stop();
      await until(() => rig.statuses().includes(503), 'its end');
      await settle();
      assert.deepEqual(rig.methods(rig.spare), []);
    } finally {
      await rig.stop();
    }
  });
});

test('a 2xx that is repeated gives nobody a larger share of what may be under way', async () => {
  const rig = await new RelayRig({ transactions: { pending: 24 } }).start();
  try {
    const invite = await rig.through(requestOf('INVITE', 'answered'));
    await rig.back(invite, 200);
    for (const n of [1, 2, 3]) await rig.through(requestOf('MESSAGE', `silent${n}`));
    for (let n = 0; n < 3; n += 1) await rig.back(invite, 200);
    rig.phone.send(requestOf('MESSAGE', 'silent4'), rig.at);
    await until(() => rig.statuses().includes(503), 'the refusal');
    assert.equal(rig.methods().filter((method) => method === 'MESSAGE').length, 3);
  } finally {
    await rig.stop();
  }
});
