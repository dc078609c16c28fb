import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { answerTo, headerOf, headersOf, statusOf, until } from '../raw-peer.ts';
import { branchOf, RelayRig, requestOf, tagged } from './rig.ts';

describe('a request that is sent on (RFC 3261 16)', () => {
  let rig: RelayRig;
  beforeEach(async () => {
    rig = await new RelayRig().start();
  });
  afterEach(() => rig.stop());

  test('is written anew: long names, one line for each header, its own length, nothing after it', async () => {
    const text =
      'MESSAGE sip:1002@pbx.test SIP/2.0\r\nv: SIP/2.0/UDP 192.168.1.9;branch=z9hG4bKcompact\r\nf: <sip:1001@pbx.test>;tag=a\r\n' +
      't : <sip:1002@pbx.test>\r\ni: compact\r\nCSEQ:   1    MESSAGE\r\nx-odd:  one\r\n two\r\nc: text/plain\r\nl: 2\r\n\r\nhitrailing';
    const sent = await rig.through(Buffer.from(text, 'latin1'));
    assert.deepEqual(sent.split('\r\n').slice(2), [
      `Via: ${headersOf(sent, 'Via')[1]}`,
      'Max-Forwards: 70',
      'From: <sip:1001@pbx.test>;tag=a',
      'To: <sip:1002@pbx.test>',
      'Call-ID: compact',
      'CSeq: 1    MESSAGE',
      'X-Odd: one two',
      'Content-Type: text/plain',
      'Content-Length: 2',
      '',
      'hi',
    ]);
  });

  test('headers are put in, replaced and taken out as the policy says', async () => {
    rig.edits = new Map([
      ['Record-Route', ['<sip:a@127.0.0.1;lr>', '<sip:b@127.0.0.1;lr>']],
      ['Route', []],
      ['Contact', ['<sip:1001@127.0.0.1;lamp=x>']],
    ]);
    const sent = await rig.through(requestOf('SUBSCRIBE', 'edits', { Route: ['<sip:us;lr>', '<sip:them;lr>'] }));
    assert.deepEqual(headersOf(sent, 'Record-Route'), ['<sip:a@127.0.0.1;lr>', '<sip:b@127.0.0.1;lr>']);
    assert.deepEqual(headersOf(sent, 'Route'), []);
    assert.deepEqual(headersOf(sent, 'Contact'), ['<sip:1001@127.0.0.1;lamp=x>']);
  });

  test('an edit that would open a line ends as 500, and nothing leaves', async () => {
    rig.edits = new Map([['X-Name', ['a\r\nRoute: <sip:evil>']]]);
    rig.phone.send(requestOf('MESSAGE', 'split'), rig.at);
    assert.equal(statusOf(await rig.phone.inbox.nth(1)), 500);
    assert.deepEqual(rig.methods(), []);
  });

  test('a response is heard and may be changed on its way back; 100 is not passed on', async () => {
    const heard: number[] = [];
    rig.handle = (transaction) =>
      transaction.forward?.(
        rig.plan(transaction, [rig.pbx], {
          onResponse: ({ status, headers, flow }) => {
            heard.push(status);
            assert.equal(flow.remote.port, rig.pbx.endpoint.port);
            return new Map([['Contact', headers('Contact').map((contact) => contact.replace('us', 'phone'))]]);
          },
        }),
      );
    const sent = await rig.through(requestOf('REGISTER', 'register'));
    rig.pbx.send(answerTo(sent, 100), rig.at);
    const answer = await rig.back(sent, 200, 'Contact: <sip:us>;expires=60\r\n');
    assert.equal(headerOf(answer, 'Contact'), '<sip:phone>;expires=60');
    assert.deepEqual(heard, [200]);
    assert.deepEqual(rig.statuses(), [200]);
  });

  test('the Via lines of the answer are those of the request, whatever the PBX made of them', async () => {
    const sent = await rig.through(requestOf('MESSAGE', 'vias'));
    const [ours] = headersOf(sent, 'Via');
    const lines = `Via: ${ours}\r\nVia: SIP/2.0/UDP evil.example;branch=z9hG4bKelse\r\n`;
    const answer = tagged(answerTo(sent, 200), 200).replace(/Via: .*\r\nVia: .*\r\n/, lines);
    rig.pbx.send(answer, rig.at);
    const back = await rig.phone.inbox.nth(1);
    assert.match(headerOf(back, 'Via') ?? '', /branch=z9hG4bKvias/);
    assert.ok(!back.includes('evil.example'));
  });

  test('Max-Forwards 0 is 483, and what has none gets 70', async () => {
    rig.phone.send(requestOf('MESSAGE', 'zero', { 'Max-Forwards': '0' }), rig.at);
    assert.equal(statusOf(await rig.phone.inbox.nth(1)), 483);
    const sent = await rig.through(requestOf('MESSAGE', 'one', { 'Max-Forwards': '1' }));
    assert.equal(headerOf(sent, 'Max-Forwards'), '0');
  });

  test('what comes back to us unchanged is a loop (482); with another Request-URI it is a spiral and goes on', async () => {
    const sent = await rig.through(requestOf('INVITE', 'loop'));
    rig.pbx.send(
      sent
        .replace(/^/, '')
        .replace('Via: ', 'Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKbetween\r\nVia: ')
        .replace('Max-Forwards: 69', 'Max-Forwards: 68'),
      rig.at,
    );
    await until(() => rig.pbx.inbox.messages.some((message) => statusOf(message) === 482), '482');
    const other = sent
      .replace('Via: ', 'Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKspiral\r\nVia: ')
      .replace('INVITE sip:1002@', 'INVITE sip:1003@');
    rig.pbx.send(other, rig.at);
    await until(() => rig.pbx.inbox.messages.some((message) => message.startsWith('INVITE sip:1003@')), 'the spiral');
  });

  test('a branch with somebody else’s mark is no loop', async () => {
    const forged = 'SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKaaaa.0123456789abcdef';
    const own = 'SIP/2.0/UDP 192.168.1.9:5062;rport;branch=z9hG4bKforged';
    assert.match(await rig.through(requestOf('MESSAGE', 'forged', { Via: [own, forged] })), /^MESSAGE /);
  });

  test('the next way is taken where one is silent, cannot be had or answers 503; the others are not asked', async () => {
    rig.handle = (transaction) =>
      transaction.forward?.({
        ways: [
          rig.way(null, transaction.request.uri),
          rig.way(rig.flowTo(rig.pbx), transaction.request.uri),
          rig.way(rig.flowTo(rig.spare), transaction.request.uri),
        ],
      });
    const first = await rig.through(requestOf('MESSAGE', 'failover'));
    rig.pbx.send(answerTo(first, 503), rig.at);
    const second = await rig.spare.inbox.nth(1);
    assert.notEqual(branchOf(first), branchOf(second));
    assert.equal(statusOf(await rig.back(second, 200, '', rig.spare)), 200);

    const call = await rig.through(requestOf('INVITE', 'silent'));
    await rig.pass(33_000);
    await rig.got(rig.spare, 'INVITE');
    const retried = rig.spare.inbox.messages.find((message) => message.startsWith('INVITE'))!;
    assert.equal(headerOf(retried, 'Call-ID'), headerOf(call, 'Call-ID'));
    assert.equal(statusOf(await rig.back(retried, 486, '', rig.spare)), 486);
    assert.ok(!rig.statuses().includes(503));
  });

  test('without any way the phone hears 503 at once; a way that throws is a fault in the log, not the end', async () => {
    rig.handle = (transaction) => transaction.forward?.({ ways: [rig.way(null, 'sip:x')] });
    rig.phone.send(requestOf('MESSAGE', 'nowhere'), rig.at);
    assert.equal(statusOf(await rig.phone.inbox.nth(1)), 503);
    rig.handle = (transaction) =>
      transaction.forward?.({
        ways: [{ path: () => Promise.reject(new Error('no route')), edit: () => assert.fail() }],
      });
    rig.phone.send(requestOf('MESSAGE', 'thrown'), rig.at);
    assert.equal(statusOf(await rig.phone.inbox.nth(2)), 503);
  });

  test('RFC 4320: a request nobody answers ends without a word after 32 s, and its repetitions are absorbed till then', async () => {
    const message = requestOf('MESSAGE', 'dead');
    await rig.through(message);
    rig.phone.send(message, rig.at);
    await rig.pass(31_000);
    assert.equal(rig.seen.length, 1);
    await rig.pass(2000);
    assert.deepEqual(rig.statuses(), []);
  });

  test('a second answer, a late answer and an answer of ours after it was sent on are nothing', async () => {
    const sent = await rig.through(requestOf('MESSAGE', 'late'));
    rig.seen[0]?.respond({ status: 500 });
    await rig.back(sent, 202);
    rig.pbx.send(tagged(answerTo(sent, 404), 404), rig.at);
    rig.seen[0]?.forward?.(rig.plan(rig.seen[0], [rig.spare]));
    rig.phone.send(requestOf('OPTIONS', 'next'), rig.at);
    await rig.got(rig.pbx, 'OPTIONS');
    assert.deepEqual(rig.statuses(), [202]);
    assert.deepEqual(rig.methods(rig.spare), []);
  });

  test('a copy a PBX forked to a second phone behind us is no merged request', async () => {
    const phone = 'SIP/2.0/UDP caller.test;branch=z9hG4bKcaller';
    for (const branch of ['fork1', 'fork2']) {
      const Via = [`SIP/2.0/UDP pbx.test;branch=z9hG4bK${branch}`, phone];
      rig.phone.send(requestOf('INVITE', branch, { Via, 'Call-ID': 'same' }), rig.at);
    }
    await rig.got(rig.pbx, 'INVITE', 2);
  });

  test('nothing is left behind when all timers have run out', async () => {
    await rig.back(await rig.through(requestOf('INVITE', 'a')), 200);
    await rig.back(await rig.through(requestOf('INVITE', 'b')), 404);
    await rig.back(await rig.through(requestOf('MESSAGE', 'c')), 202);
    await rig.through(requestOf('INVITE', 'd'));
    await rig.pass(110_000);
    assert.equal(rig.clock.pending, 0);
  });
});
