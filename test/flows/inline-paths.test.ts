import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { UpstreamView } from '../../src/model/ways.ts';
import { InlineStage } from './inline-stage.ts';

describe('a phone with more than one path', () => {
  let stage: InlineStage;
  before(async () => {
    stage = await InlineStage.open();
  });
  afterEach(() => stage.tidy());
  after(() => stage.close());

  test('calls by TCP, as its INVITE was too large, and is reached by the UDP of its registration once that is closed', async () => {
    const ext = stage.ext();
    const [udp, tcp] = [await stage.hand(), await stage.hand('tcp')];
    const contact = `<sip:${ext}@127.0.0.1:${udp.port}>`;
    assert.equal((await udp.ask({ user: ext, method: 'REGISTER', lines: { Contact: contact } })).status, 200);
    const dialogs = stage.pbx.accept('INVITE');
    tcp.send(tcp.write({ user: ext, method: 'INVITE', lines: { Contact: contact } }));
    await tcp.responses.next(({ message }) => message.status === 200);
    const info = stage.pbx.inside(dialogs[0]!, 'INFO');
    tcp.answer(await tcp.requests.next(({ method }) => method === 'INFO'), 200);
    assert.equal((await info).status, 200, 'by the connection of the call, while it stands');
    await tcp.close();
    const bye = stage.pbx.inside(dialogs[0]!, 'BYE');
    udp.answer(await udp.requests.next(({ method }) => method === 'BYE'), 200);
    assert.equal((await bye).status, 200);
  });

  test('breaks its connection instead of an answer: the PBX hears that it is the phone who is away, not the PBX', async () => {
    const ext = stage.ext();
    const hand = await stage.hand('tcp');
    const contact = `<sip:${ext}@127.0.0.1:${hand.port};transport=tcp>`;
    assert.equal((await hand.ask({ user: ext, method: 'REGISTER', lines: { Contact: contact } })).status, 200);
    const answer = stage.pbx.ask('MESSAGE', ext);
    await hand.requests.next(({ method }) => method === 'MESSAGE');
    await hand.close();
    const { start } = await answer;
    assert.equal(start, 'SIP/2.0 480 Phone Not Reachable');
  });
});

test('a PBX by TCP that lost its connections without a word, as by a power cut, is connected to anew', async () => {
  const stage = await InlineStage.open({ upstreamTransport: 'tcp', inline: 'probe: 1' });
  const is = (wanted: string) =>
    stage.daemon.until<{ readonly upstreams: readonly UpstreamView[] }>(
      '/api/v1/ways',
      ({ upstreams: [one] }) => one?.state === wanted,
    );
  try {
    const phone = await stage.registered('2001');
    await is('up');
    stage.pbx.strand();
    await is('down');
    await is('up');
    assert.equal((await phone.register()).status, 200);
  } finally {
    await stage.close();
  }
});

test('what the first of two PBXs was sent when it fell silent goes to the second as soon as that is noticed', async () => {
  const stage = await InlineStage.open({ upstreams: 2, inline: 'probe: 1' });
  try {
    const phone = await stage.registered('2001');
    stage.pbxs[0]!.answers = false;
    const asked = [phone.register(), phone.request('MESSAGE', '2002')] as const;
    const [registered] = await Promise.all(asked);
    assert.equal(registered.status, 200);
    assert.deepEqual([stage.pbxs[1]!.of('REGISTER').length, stage.pbxs[1]!.of('MESSAGE').length], [1, 1]);
  } finally {
    await stage.close();
  }
});

test('an orderly stop while it rings ends the call on all sides, and one that is up is left alone', async () => {
  const stage = await InlineStage.open();
  try {
    const users = ['2001', '2002', '2003', '2004'];
    const [caller, callee, talks, listens] = await Promise.all(users.map((user) => stage.registered(user)));
    listens!.onCall((call) => void call.answer());
    const up = await talks!.invite('2004');
    await up.answered;
    const call = await caller!.invite('2002');
    const rings = await callee!.nextCall();
    rings.ringing();
    await call.ringing;
    await stage.daemon.stop();
    assert.deepEqual(await call.ended, { by: 'them', status: 503 });
    assert.deepEqual(await rings.ended, { by: 'them', status: 487 });
    await stage.pbx.nth('CANCEL');
    assert.equal(stage.pbx.of('CANCEL').length, 1);
    assert.equal(stage.pbx.of('BYE').length, 0);
  } finally {
    await stage.close();
  }
});
