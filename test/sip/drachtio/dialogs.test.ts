import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { HeldDialogs } from '../../../src/sip/drachtio/dialogs.ts';
import type { AddressedRequest } from '../../../src/sip/engine.ts';
import { answerTo, headerOf, headersOf, statusOf, until } from '../embedded/raw-peer.ts';
import { notify, subscribe } from '../message/sample.ts';
import { EngineStage } from './stage.ts';

const id = { callId: 'a84b4c76e66710@192.0.2.1', localTag: 'ours', remoteTag: '1928301774' };
const name = `${id.callId};from-tag=${id.remoteTag}`;

describe('a dialog that the server holds, too', () => {
  let stage: EngineStage;

  beforeEach(async () => {
    stage = await EngineStage.open();
  });
  afterEach(() => stage.close());

  const contact = () => `<sip:1001@127.0.0.1:${stage.phone.endpoint.port}>`;
  const ask = (changes: Record<string, string | undefined> = {}) =>
    stage.ask(subscribe({ Contact: contact(), ...changes }));
  const request = (changes: Partial<AddressedRequest> = {}) =>
    notify(stage.flow(), {
      uri: contact().slice(1, -1),
      to: '"Alice" <sip:1001@lamplighter.test>;tag=1928301774',
      cseq: 314_160,
      ...changes,
    });
  const ending = (changes: Partial<AddressedRequest> = {}): Partial<AddressedRequest> => ({
    headers: [
      ['Contact', '<sip:x>'],
      ['Event', 'dialog'],
      ['Subscription-State', 'terminated;reason=timeout'],
    ],
    ...changes,
  });
  /** Sends, answers as the phone, and gives what the phone saw and what the engine says. */
  const tell = async (asked: AddressedRequest, status = 200, phone = stage.phone) => {
    const count = phone.inbox.messages.length + 1;
    const done = stage.engine.request(asked);
    const sent = await phone.inbox.nth(count);
    phone.send(answerTo(sent, status), stage.sip);
    return { sent, response: await done };
  };
  const kinds = () => stage.server.received.filter(({ kind }) => kind === 'sip').map(({ startLine }) => startLine);

  test('is one after 200, not 202, has our tag, and is told by its name: CSeq from the server, and said', async () => {
    const answer = await ask();
    assert.deepEqual([statusOf(answer), headerOf(answer, 'To')], [200, '<sip:1002@lamplighter.test>;tag=ours']);
    assert.deepEqual(stage.server.dialogs, [name]);
    const { sent, response } = await tell(request({ cseq: 7 }));
    assert.equal(headerOf(sent, 'CSeq'), '314160 NOTIFY', 'one above the SUBSCRIBE, whatever we say');
    assert.deepEqual([response.status, response.cseq, response.local], [200, 314_160, false]);
    assert.equal(kinds().at(-1), 'NOTIFY sip:placeholder SIP/2.0');
  });

  test('another one of the same Call-ID and tag joins it, and is read as one within it', async () => {
    await ask();
    const again = await ask({ CSeq: '314160 SUBSCRIBE', Via: 'SIP/2.0/UDP h;rport;branch=z9hG4bKagain' });
    const { request: joined } = stage.seen[1] ?? assert.fail();
    assert.equal(joined.header('To'), '<sip:1002@lamplighter.test>;tag=ours');
    assert.equal(joined.parts?.to.tag, 'ours');
    assert.equal(joined.header('From'), '"Alice" <sip:1001@lamplighter.test>;tag=1928301774');
    assert.equal(headerOf(again, 'To'), '<sip:1002@lamplighter.test>;tag=ours');
    assert.equal(stage.server.dialogs.length, 1);
  });

  test('one that the server has lost is told by explicit headers with our CSeq, at once and from then on', async () => {
    await ask();
    stage.server.forgetDialogs();
    const { sent, response } = await tell(request({ cseq: 314_170 }));
    assert.equal(headerOf(sent, 'CSeq'), '314170 NOTIFY');
    assert.equal(headerOf(sent, 'Call-ID'), id.callId);
    assert.equal(headerOf(sent, 'From'), '<sip:1002@lamplighter.test>;tag=ours');
    assert.deepEqual([response.status, response.cseq], [200, 314_170]);
    const before = stage.server.received.length;
    await tell(request({ cseq: 314_171 }));
    assert.equal(stage.server.received.length, before + 1, 'its name is not tried again');
  });

  test('a refresh gives it back to the server, and explicit headers stay: its numbers would be too low', async () => {
    await ask();
    stage.server.forgetDialogs();
    await tell(request({ cseq: 314_170 }));
    const to = '<sip:1002@lamplighter.test>;tag=ours';
    await ask({ To: to, CSeq: '314160 SUBSCRIBE', Via: 'SIP/2.0/UDP h;rport;branch=z9hG4bKrefresh' });
    assert.deepEqual(stage.server.dialogs, [name]);
    const { sent } = await tell(request({ cseq: 314_171 }));
    assert.equal(headerOf(sent, 'CSeq'), '314171 NOTIFY');
  });

  test('a terminated of one of several subscriptions goes by explicit headers, and the dialog stays', async () => {
    await ask();
    await tell(request());
    const { sent } = await tell(request(ending({ cseq: 314_161, dialogLives: true })));
    assert.match(headerOf(sent, 'Subscription-State') ?? '', /^terminated/);
    assert.deepEqual(stage.server.dialogs, [name]);
    const next = await tell(request({ cseq: 314_162 }));
    assert.deepEqual([headerOf(next.sent, 'CSeq'), next.response.status], ['314162 NOTIFY', 200]);
  });

  test('the last terminated ends it by name, and forgetting it then sends nothing more', async () => {
    await ask();
    await tell(request(ending()));
    await until(() => stage.server.dialogs.length === 0, 'its end');
    const before = stage.server.received.length;
    stage.engine.forget(id);
    assert.equal((await tell(request({ callId: 'later', to: '<sip:1001@x>' }))).response.status, 200);
    assert.equal(stage.server.received.length, before + 1);
  });

  test('one that ended otherwise is ended at the server when it is forgotten, whatever the phone says to it', async () => {
    await ask();
    const { response } = await tell(request(), 481);
    assert.equal(response.status, 481);
    assert.deepEqual(stage.server.dialogs, [name]);
    stage.engine.forget(id);
    const farewell = await stage.phone.inbox.nth(3);
    assert.equal(headerOf(farewell, 'Subscription-State'), 'terminated;reason=noresource');
    assert.equal(headerOf(farewell, 'Event'), 'dialog');
    stage.phone.send(answerTo(farewell, 481), stage.sip);
    await until(() => stage.server.dialogs.length === 0, 'its end');
  });

  test('a SUBSCRIBE that joins a dialog which is over for us is 481: it would get the tag of that', async () => {
    await ask();
    stage.engine.forget(id);
    await stage.phone.inbox.nth(2); // the farewell, which the phone does not answer
    const joining = { CSeq: '314160 SUBSCRIBE', Via: 'SIP/2.0/UDP h;rport;branch=z9hG4bKjoins' };
    assert.equal(statusOf(await ask(joining)), 481);
    assert.equal(stage.seen.length, 1);
  });

  test('one of before our start is told by explicit headers, and ended at the server when it is forgotten', async () => {
    await ask();
    await stage.start();
    const { sent } = await tell(request({ cseq: 315_000 }));
    assert.equal(headerOf(sent, 'CSeq'), '315000 NOTIFY');
    stage.engine.forget(id);
    const farewell = await stage.phone.inbox.nth(3);
    stage.phone.send(answerTo(farewell, 481), stage.sip);
    await until(() => stage.server.dialogs.length === 0, 'its end');
  });

  test('a phone that has moved is told where it is, not where the server still thinks it is', async () => {
    await ask();
    const moved = await stage.peer();
    const { sent, response } = await tell(request({ cseq: 314_161, flow: stage.flow(moved) }), 200, moved);
    assert.equal(headerOf(sent, 'CSeq'), '314161 NOTIFY');
    assert.equal(response.status, 200);
    assert.equal(stage.phone.inbox.messages.length, 1);
    const elsewhere = await tell(request({ cseq: 314_162, uri: 'sip:1001@127.0.0.1:1' }));
    assert.match(elsewhere.sent, /^NOTIFY sip:1001@127\.0\.0\.1:1 /, 'another Contact of the same place');
  });

  test('routes of a dialog with explicit headers are in the URI, and none is lost', async () => {
    const routeSet = ['<sip:p1.test;lr>, <sip:[2001:db8::1]:5080;lr;x="a b">', '<sip:p2.test;lr>'];
    const { sent } = await tell(request({ routeSet }));
    assert.match(sent, new RegExp(`^NOTIFY sip:1001@127\\.0\\.0\\.1:${stage.phone.endpoint.port} SIP/2\\.0\r\n`));
    assert.deepEqual(
      headersOf(sent, 'Route').flatMap((one) => one.split(/,\s*(?=<)/)),
      ['<sip:p1.test;lr>', '<sip:[2001:db8::1]:5080;lr;x="a b">', '<sip:p2.test;lr>'],
    );
  });

  test('a target too long for the server is said, and not sent', async () => {
    const long = `sip:${'u'.repeat(1000)}@127.0.0.1`;
    const response = await stage.engine.request(request({ uri: long }));
    assert.deepEqual([response.status, response.local], [513, true]);
  });
});

test('of more dialogs than there can be the oldest are forgotten', () => {
  const dialogs = new HeldDialogs();
  const held = { localTag: '', local: null, way: null, byName: false, ended: false, event: 'dialog' };
  for (let index = 0; index <= 200_000; index++) dialogs.set(String(index), held);
  assert.deepEqual([dialogs.get('0'), dialogs.get('1'), dialogs.get('200000')], [null, held, held]);
});
