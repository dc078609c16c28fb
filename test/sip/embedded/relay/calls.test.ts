import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { settle } from '../../../support/fake-clock.ts';
import { answerTo, headerOf, headersOf, statusOf, TcpPeer, until } from '../raw-peer.ts';
import { branchOf, RelayRig, requestOf, tagged } from './rig.ts';

const offer = 'v=0\r\no=- 1 1 IN IP4 192.168.1.9\r\ns=-\r\n\xff\xfe raw bytes \xe9\r\n';

describe('a call that is sent on (RFC 3261 16, 17; RFC 6026)', () => {
  let rig: RelayRig;
  beforeEach(async () => {
    rig = await new RelayRig().start();
  });
  afterEach(() => rig.stop());

  test('INVITE, ringing, answer, ACK: each arrives, with our Via on the way there and without it on the way back', async () => {
    const invite = await rig.through(requestOf('INVITE', 'one', {}, offer));
    const [ours, theirs, ...more] = headersOf(invite, 'Via');
    assert.deepEqual(more, []);
    assert.match(ours ?? '', new RegExp(`^SIP/2\\.0/UDP 127\\.0\\.0\\.1:${rig.at.port};rport;branch=z9hG4bK`));
    assert.match(
      theirs ?? '',
      /^SIP\/2\.0\/UDP 192\.168\.1\.9:5062;branch=z9hG4bKone;received=127\.0\.0\.1;rport=\d+$/,
    );
    assert.equal(headerOf(invite, 'Max-Forwards'), '69');
    assert.equal(invite.split('\r\n\r\n')[1], offer, 'the body is not touched');
    assert.equal(statusOf(await rig.phone.inbox.nth(1)), 100, 'before anybody has answered (17.2.1)');

    const ringing = await rig.back(invite, 180);
    assert.equal(statusOf(ringing), 180);
    assert.equal(headersOf(ringing, 'Via').length, 1);
    assert.match(headerOf(ringing, 'Via') ?? '', /^SIP\/2\.0\/UDP 192\.168\.1\.9:5062;branch=z9hG4bKone;/);
    const answered = await rig.back(invite, 200, 'Contact: <sip:1002@127.0.0.1:5060>\r\n');
    assert.equal(statusOf(answered), 200);
    assert.equal(headerOf(answered, 'Contact'), '<sip:1002@127.0.0.1:5060>');
    const ack = await rig.through(requestOf('ACK', 'ack', { To: '<sip:1002@pbx.test>;tag=far', CSeq: '1 ACK' }));
    assert.match(ack, /^ACK /);
    assert.notEqual(branchOf(ack), branchOf(invite));
    assert.deepEqual(rig.statuses(), [100, 180, 200]);
  });

  test('a repeated INVITE is absorbed and gets the last answer again; it reaches the PBX once', async () => {
    const message = requestOf('INVITE', 'again');
    const invite = await rig.through(message);
    await rig.back(invite, 180);
    rig.phone.send(message, rig.at);
    assert.equal(statusOf(await rig.phone.inbox.nth(3)), 180);
    await rig.back(invite, 200);
    rig.phone.send(message, rig.at); // RFC 6026 7.1: who answered repeats the 2xx, not we
    rig.phone.send(requestOf('OPTIONS', 'after'), rig.at);
    await rig.got(rig.pbx, 'OPTIONS');
    assert.deepEqual(rig.methods(), ['INVITE', 'OPTIONS']);
    assert.deepEqual(rig.statuses(), [100, 180, 180, 200]);
  });

  test('our INVITE is repeated with Timer A until somebody answers, and ends as 408 with Timer B', async () => {
    await rig.through(requestOf('INVITE', 'silent'));
    await rig.pass(3600);
    await rig.got(rig.pbx, 'INVITE', 4); // 0, 0.5, 1.5, 3.5 s
    await rig.pass(30_000);
    await until(() => rig.statuses().includes(408), '408');
    assert.equal(rig.methods().filter((method) => method === 'INVITE').length, 7);
  });

  test('a refusal is acknowledged to the PBX at once, repeated to the phone until its ACK, and that ACK ends here', async () => {
    const message = requestOf('INVITE', 'busy');
    const invite = await rig.through(message);
    const busy = await rig.back(invite, 486);
    assert.equal(statusOf(busy), 486);
    await rig.got(rig.pbx, 'ACK');
    const ack = rig.pbx.inbox.messages.at(-1)!;
    assert.equal(branchOf(ack), branchOf(invite), '17.1.1.3');
    assert.equal(headersOf(ack, 'Via').length, 1);
    assert.equal(headerOf(ack, 'To'), headerOf(busy, 'To'));
    assert.equal(headerOf(ack, 'CSeq'), '1 ACK');
    assert.match(ack, /^ACK sip:1002@pbx\.test SIP\/2\.0\r\n/);
    rig.pbx.send(tagged(answerTo(invite, 486), 486), rig.at); // our ACK was lost
    await rig.got(rig.pbx, 'ACK', 2);
    await rig.pass(1600); // Timer G: 0.5, 1.5 s
    await until(() => rig.statuses().filter((status) => status === 486).length === 3, 'the refusal twice more');
    rig.phone.send(requestOf('ACK', 'busy', { To: '<sip:1002@pbx.test>;tag=far', CSeq: '1 ACK' }), rig.at);
    rig.phone.send(requestOf('OPTIONS', 'after'), rig.at);
    await rig.got(rig.pbx, 'OPTIONS');
    await rig.pass(10_000);
    assert.equal(rig.statuses().filter((status) => status === 486).length, 3, 'Timer G has ended');
    assert.deepEqual([...new Set(rig.methods())], ['INVITE', 'ACK', 'OPTIONS']);
    assert.equal(rig.methods().filter((method) => method === 'ACK').length, 2, 'its own ACK ended here');
  });

  test('without the phone’s ACK a refusal is repeated for 32 s and no longer (Timer H)', async () => {
    await rig.back(await rig.through(requestOf('INVITE', 'deaf')), 404);
    await rig.pass(70_000);
    assert.equal(rig.statuses().filter((status) => status === 404).length, 11);
  });

  test('CANCEL is answered, goes on once the PBX has said something, and its 487 comes back', async () => {
    const invite = await rig.through(requestOf('INVITE', 'cancelled'));
    rig.phone.send(requestOf('CANCEL', 'cancelled', { CSeq: '1 CANCEL' }), rig.at);
    await until(() => rig.statuses().includes(200), '200 to the CANCEL');
    assert.deepEqual(rig.methods(), ['INVITE'], '9.1: not before a provisional answer');
    await rig.back(invite, 180);
    await rig.got(rig.pbx, 'CANCEL');
    const cancel = rig.pbx.inbox.messages.at(-1)!;
    assert.equal(branchOf(cancel), branchOf(invite));
    assert.equal(headerOf(cancel, 'CSeq'), '1 CANCEL');
    assert.equal(headersOf(cancel, 'Via').length, 1);
    rig.pbx.send(answerTo(cancel, 200), rig.at);
    assert.equal(statusOf(await rig.back(invite, 487)), 487);
    await rig.got(rig.pbx, 'ACK');
    assert.deepEqual(rig.statuses(), [100, 200, 180, 487]);
  });

  test('a CANCEL that crosses the answer changes nothing: the 200 comes through', async () => {
    const invite = await rig.through(requestOf('INVITE', 'crossed'));
    await rig.back(invite, 180);
    rig.phone.send(requestOf('CANCEL', 'crossed', { CSeq: '1 CANCEL' }), rig.at);
    await rig.got(rig.pbx, 'CANCEL');
    assert.equal(statusOf(await rig.back(invite, 200)), 200);
    await rig.pass(40_000);
    assert.deepEqual(rig.statuses(), [100, 180, 200, 200]);
  });

  test('a PBX that takes the CANCEL and never ends the call leaves the phone with 487 after 32 s', async () => {
    const invite = await rig.through(requestOf('INVITE', 'hung'));
    await rig.back(invite, 180);
    rig.phone.send(requestOf('CANCEL', 'hung', { CSeq: '1 CANCEL' }), rig.at);
    await rig.got(rig.pbx, 'CANCEL');
    rig.pbx.send(answerTo(rig.pbx.inbox.messages.at(-1)!, 200), rig.at);
    await rig.pass(33_000);
    await until(() => rig.statuses().includes(487), 'the end');
  });

  test('a CANCEL that overtakes its INVITE in our own queue leaves it unsent', async () => {
    let hold: (() => void) | null = null;
    rig.handle = (transaction) => {
      hold = () => transaction.forward?.(rig.plan(transaction, [rig.pbx]));
    };
    rig.phone.send(requestOf('INVITE', 'early'), rig.at);
    await until(() => hold !== null, 'the INVITE');
    rig.phone.send(requestOf('CANCEL', 'early', { CSeq: '1 CANCEL' }), rig.at);
    await until(() => rig.statuses().includes(200), '200 to the CANCEL');
    hold!();
    await until(() => rig.statuses().includes(487), '487');
    await settle();
    assert.deepEqual(rig.methods(), []);
  });

  test('a CANCEL of nothing is 481', async () => {
    rig.phone.send(requestOf('CANCEL', 'none', { CSeq: '1 CANCEL' }), rig.at);
    assert.equal(statusOf(await rig.phone.inbox.nth(1)), 481);
  });

  test('forked: every provisional answer and every 2xx goes back, repeated ones too, until Timer L', async () => {
    const invite = await rig.through(requestOf('INVITE', 'forked'));
    const say = (status: number, tag: string) => rig.pbx.send(tagged(answerTo(invite, status), status, tag), rig.at);
    say(180, 'a');
    say(183, 'b');
    say(200, 'a');
    say(200, 'b');
    say(200, 'a');
    await until(() => rig.statuses().length === 6, 'all of them');
    assert.deepEqual(rig.statuses(), [100, 180, 183, 200, 200, 200]);
    const tags = rig.phone.inbox.messages
      .slice(1)
      .map((message) => /tag=(\w)$/.exec(headerOf(message, 'To') ?? '')?.[1]);
    assert.deepEqual(tags, ['a', 'b', 'a', 'b', 'a']);
    await rig.pass(33_000);
    say(200, 'a');
    rig.phone.send(requestOf('OPTIONS', 'after'), rig.at);
    await rig.got(rig.pbx, 'OPTIONS');
    assert.equal(rig.statuses().length, 6, 'RFC 6026 8.9: a stray response is dropped');
  });

  test('Timer C: a call that rings for more than three minutes without a word is cancelled; each word gives it three more', async () => {
    const invite = await rig.through(requestOf('INVITE', 'long'));
    await rig.back(invite, 180);
    await rig.pass(170_000);
    await rig.back(invite, 180);
    await rig.pass(170_000);
    assert.ok(!rig.methods().includes('CANCEL'));
    await rig.pass(16_000);
    await rig.got(rig.pbx, 'CANCEL');
  });

  test('a phone on TCP calls a PBX on UDP: nothing is repeated to it, all is repeated to the PBX', async () => {
    const phone = await TcpPeer.open(rig.tcp);
    const via = { Via: 'SIP/2.0/TCP 192.168.1.9:5062;branch=z9hG4bKtcp;rport' };
    const large = 'x'.repeat(9000);
    phone.send(requestOf('INVITE', 'tcp', via, large));
    const invite = await rig.pbx.inbox.nth(1);
    assert.equal(invite.split('\r\n\r\n')[1], large);
    assert.match(headersOf(invite, 'Via')[0] ?? '', /^SIP\/2\.0\/UDP /);
    await rig.pass(600);
    await rig.got(rig.pbx, 'INVITE', 2);
    rig.pbx.send(tagged(answerTo(invite, 486), 486), rig.at);
    await until(() => phone.text.includes('SIP/2.0 486'), 'the refusal');
    await rig.pass(5000);
    assert.equal(phone.text.split('SIP/2.0 486').length, 2, 'once (17.2.1)');
    phone.close();
  });

  test('a PBX on TCP gets the call over one connection; where that breaks, the phone hears 503', async () => {
    const pbx = await rig.tcpPbx();
    rig.handle = (transaction) =>
      transaction.forward?.({
        ways: [
          {
            path: () => rig.engine.connect({ transport: 'tcp', address: '127.0.0.1', port: pbx.port }),
            edit: () => ({ uri: transaction.request.uri, headers: new Map() }),
          },
        ],
      });
    rig.phone.send(requestOf('INVITE', 'a'), rig.at);
    rig.phone.send(requestOf('INVITE', 'b'), rig.at);
    await until(() => (pbx.peers[0]?.text.match(/^INVITE /gm) ?? []).length === 2, 'both calls');
    assert.equal(pbx.peers.length, 1);
    pbx.peers[0]?.close();
    await until(() => rig.statuses().filter((status) => status === 503).length === 2, '503 for both');
  });
});
