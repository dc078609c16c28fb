import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { type Pair, Pairs } from '../support/phone/scripted-pair.ts';
import type { Heard } from '../support/phone/scripted-peer.ts';
import type { OutgoingCall } from '../support/phone.ts';

const pairs = new Pairs();
afterEach(() => pairs.close());

describe('calls', () => {
  const answered = ['Content-Type: application/sdp'];

  async function talking(): Promise<Pair & { invite: Heard; call: OutgoingCall }> {
    const { phone, peer } = await pairs.open();
    const call = await phone.invite('1002');
    const invite = await peer.next('INVITE');
    invite.reply('180 Ringing');
    await call.ringing;
    invite.reply('200 OK', [...answered, `Contact: <sip:lamp@127.0.0.1:${peer.port}>`], { body: 'v=0\r\n' });
    await call.answered;
    const ack = await peer.next('ACK');
    assert.equal(ack.cseq, invite.cseq);
    return { phone, peer, invite, call };
  }

  test('hold and resume are re-INVITEs with sendonly and sendrecv, each acknowledged', async () => {
    const { peer, invite, call } = await talking();
    for (const [act, direction] of [
      ['hold', 'sendonly'],
      ['resume', 'sendrecv'],
    ] as const) {
      const done = call[act]();
      const again = await peer.next('INVITE');
      assert.ok(again.body.includes(`a=${direction}\r\n`));
      assert.equal(again.line('Call-ID'), invite.line('Call-ID'));
      again.reply('200 OK', answered);
      assert.equal((await done).status, 200);
      assert.equal((await peer.next('ACK')).cseq, again.cseq);
    }
    const done = call.hangup();
    (await peer.next('BYE')).reply('200 OK');
    await done;
    assert.deepEqual(await call.ended, { by: 'us', status: 200 });
  });

  test('a 200 that comes again is acknowledged again', async () => {
    const { peer, invite } = await talking();
    invite.reply('200 OK', [...answered, `Contact: <sip:lamp@127.0.0.1:${peer.port}>`]);
    assert.equal((await peer.next('ACK')).cseq, invite.cseq);
  });

  test('hanging up before the answer cancels, in the branch of the INVITE', async () => {
    const { phone, peer } = await pairs.open();
    const call = await phone.invite('1002');
    const invite = await peer.next('INVITE');
    const leaving = call.hangup();
    invite.reply('180 Ringing');
    const cancel = await peer.next('CANCEL');
    assert.equal(cancel.line('Via'), invite.line('Via'));
    assert.equal(cancel.cseq, invite.cseq);
    cancel.reply('200 OK');
    invite.reply('487 Request Terminated');
    await leaving;
    assert.equal((await peer.next('ACK')).line('Via'), invite.line('Via'));
    assert.deepEqual(await call.ended, { by: 'them', status: 487 });
    await assert.rejects(call.answered, /487/);
  });

  test('dial resolves when the other side ends the call, and rejects when it does not', async () => {
    const { phone, peer } = await pairs.open();
    const dialling = phone.dial('*78');
    const invite = await peer.next('INVITE');
    assert.match(invite.text, /^INVITE sip:\*78@pbx\.test SIP/);
    invite.reply('404 Not Found');
    assert.deepEqual(await dialling, { by: 'them', status: 404 });

    const stuck = assert.rejects(phone.dial('*60', 50), /not ended by the PBX within 50 ms/);
    const second = await peer.next('INVITE');
    second.reply('200 OK', [...answered, `Contact: <sip:lamp@127.0.0.1:${peer.port}>`]);
    (await peer.next('BYE')).reply('200 OK');
    await stuck;
  });

  test('a call that comes in rings, is answered until acknowledged, and ends with BYE', async () => {
    const { phone, peer, request } = await pairs.subscribed({}, { copies: true });
    const to = `<sip:${request.contact}>`;
    const send = (method: string, cseq: number, tag = '', branch = `${method}${cseq}`) =>
      peer.send(
        `${method} sip:${request.contact} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${peer.port};branch=z9hG4bK${branch}\r\nFrom: <sip:1002@pbx.test>;tag=them\r\nTo: ${to}${tag}\r\nCall-ID: in1\r\nCSeq: ${cseq} ${method}\r\nContact: <sip:lamp@127.0.0.1:${peer.port}>\r\nContent-Length: 0\r\n\r\n`,
      );
    send('INVITE', 1);
    const call = await phone.nextCall();
    assert.equal((await peer.next('SIP/2.0')).status, 100);
    call.ringing();
    const ringing = await peer.next('SIP/2.0');
    assert.equal(ringing.status, 180);
    const answering = call.answer();
    const accepted = await peer.next('SIP/2.0');
    const again = await peer.next('SIP/2.0');
    assert.deepEqual([accepted.status, again.text], [200, accepted.text]);
    const tag = /;tag=\w+$/.exec(accepted.line('To'))?.[0];
    assert.ok(tag !== undefined && ringing.line('To').endsWith(tag));
    send('ACK', 1, tag);
    await answering;
    send('BYE', 2, tag);
    assert.equal((await peer.next('SIP/2.0', ({ cseq }) => cseq === 2)).status, 200);
    assert.deepEqual(await call.ended, { by: 'them', status: 200 });
  });

  test('a call that comes in can be refused, and is 487 when cancelled', async () => {
    const { phone, peer, request } = await pairs.subscribed();
    const send = (method: string, callId: string) =>
      peer.send(
        `${method} sip:${request.contact} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${peer.port};branch=z9hG4bK${callId}\r\nFrom: <sip:1002@pbx.test>;tag=them\r\nTo: <sip:1001@pbx.test>\r\nCall-ID: ${callId}\r\nCSeq: 1 ${method}\r\nContact: <sip:lamp@127.0.0.1:${peer.port}>\r\nContent-Length: 0\r\n\r\n`,
      );
    send('INVITE', 'a');
    (await phone.nextCall()).reject();
    assert.deepEqual([(await peer.next('SIP/2.0')).status, (await peer.next('SIP/2.0')).status], [100, 486]);
    send('INVITE', 'b');
    const call = await phone.nextCall();
    assert.equal((await peer.next('SIP/2.0')).status, 100);
    send('CANCEL', 'b');
    const [one, two] = [await peer.next('SIP/2.0'), await peer.next('SIP/2.0')];
    assert.deepEqual([one.line('CSeq'), one.status, two.line('CSeq'), two.status], ['1 CANCEL', 200, '1 INVITE', 487]);
    assert.deepEqual(await call.ended, { by: 'them', status: 487 });
  });
});
