import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { answerTo, headerOf, headersOf, statusOf, until } from '../sip/embedded/raw-peer.ts';
import { subscribe } from '../sip/message/sample.ts';
import { active, type Changes, callId, DrachtioStage, dialogId, terminated } from './drachtio-stage.ts';

const stage = new DrachtioStage();

describe('a SUBSCRIBE', () => {
  test('reaches the client as it came, compact names and folds and bytes included, with the true source in its Via', async () => {
    const { fields, text } = await stage.ask({ Event: undefined, o: 'dialog', Subject: 'a\r\n b\xfc' });
    const [, kind, source, bytes, protocol, address, port, time, transaction, dialog, host, local] = fields;
    assert.deepEqual([kind, source, protocol, address, dialog], ['sip', 'network', 'udp', '127.0.0.1', '']);
    assert.equal(port, String(stage.phone.endpoint.port));
    assert.match(time ?? '', /^\d\d:\d\d:\d\d\.\d{6}$/);
    assert.match(transaction ?? '', /^[0-9a-f-]{36}$/);
    assert.deepEqual([host, local], ['127.0.0.1', String(stage.point('udp').port)]);
    assert.match(text, /\r\no: dialog\r\n/);
    assert.match(text, /\r\nSubject: a\r\n b\xfc\r\n/);
    assert.match(text, new RegExp(`\\r\\nVia: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKp\\d+;rport=${port}\\r\\n`));
    assert.equal(Number(bytes), text.length - `;rport=${port}`.length);
    const other = await stage.ask({
      Via: 'SIP/2.0/UDP 192.0.2.1;rport;received=6.6.6.6;branch=z9hG4bKr, SIP/2.0/UDP x',
    });
    const stamped = `SIP/2.0/UDP 192.0.2.1;rport=${port};branch=z9hG4bKr;received=127.0.0.1, SIP/2.0/UDP x`;
    assert.equal(headerOf(other.text, 'Via'), stamped);
  });

  test('answered 200 makes a dialog, and the answer comes back as it went out', async () => {
    const echo = await stage.answer(
      await stage.ask({ 'Record-Route': '<sip:p1;lr>' }),
      '200 OK',
      'Expires: 600\r\nVia: x\r\n',
    );
    const sent = await stage.phone.inbox.nth(1);
    assert.equal(echo.text, sent);
    const [ok, source, bytes, protocol, , , , , id, more, said] = echo.fields;
    assert.deepEqual([ok, source, bytes, protocol], ['OK', 'application', String(sent.length), '']);
    assert.deepEqual([id, more, said], [dialogId, '', 'Msg sent:']);
    assert.equal(statusOf(sent), 200);
    assert.equal(headersOf(sent, 'Via').length, 1);
    assert.equal(headerOf(sent, 'Record-Route'), '<sip:p1;lr>');
    assert.equal(headerOf(sent, 'Contact'), `<sip:127.0.0.1:${stage.point('udp').port}>`);
    assert.match(headerOf(sent, 'To') ?? '', /;tag=[0-9a-f]+$/);
    assert.deepEqual(stage.server.dialogs, [dialogId]);
  });

  test('refused makes none, and has no Contact', async () => {
    await stage.answer(await stage.ask(), '423 Interval Too Brief', 'Min-Expires: 60\r\n');
    const sent = await stage.phone.inbox.nth(1);
    assert.equal(statusOf(sent), 423);
    assert.equal(headerOf(sent, 'Min-Expires'), '60');
    assert.equal(headerOf(sent, 'Contact'), undefined);
    assert.deepEqual(stage.server.dialogs, []);
  });

  test('a To tag of the client is taken', async () => {
    const request = await stage.ask();
    await stage.client.ask(`sip|${request.fields[8]}|`, 'SIP/2.0 200 OK\r\nto: <sip:1002@x>;tag=ours\r\n\r\n');
    assert.equal(headerOf(await stage.phone.inbox.nth(1), 'To'), '<sip:1002@x>;tag=ours');
  });

  test('repeated is not told again, and gets the same answer once there is one', async () => {
    const message = subscribe({ Contact: stage.own });
    stage.phone.send(message, stage.point('udp'));
    const request = await stage.client.next();
    stage.phone.send(message, stage.point('udp'));
    await stage.answer(request);
    const first = await stage.phone.inbox.nth(1);
    stage.phone.send(message, stage.point('udp'));
    assert.equal(await stage.phone.inbox.nth(2), first);
    assert.equal(stage.client.frames.filter(({ fields }) => fields[1] === 'sip').length, 1);
  });

  test('of another transaction is refused where its answer is not known', async () => {
    const request = await stage.ask();
    await stage.answer(request);
    const again = await stage.answer(request);
    assert.deepEqual(again.fields, ['NOK', 'Response not sent due to unknown transaction']);
  });

  test('is not undone by a CANCEL, which is answered 200 where its request is answered, and 481 before', async () => {
    const cancel = (sample: Changes) => {
      const message = subscribe({ ...sample, CSeq: '314159 CANCEL' }, 'CANCEL sip:1002@lamplighter.test SIP/2.0');
      stage.phone.send(message, stage.point('udp'));
    };
    const Via = `SIP/2.0/UDP 127.0.0.1:9;branch=${stage.branch()}`;
    const request = await stage.ask({ Via });
    cancel({ Via: Via.replace('9;', '10;') });
    assert.equal(statusOf(await stage.phone.inbox.nth(1)), 481);
    await stage.answer(request);
    cancel({ Via });
    const answer = await stage.phone.inbox.nth(3);
    assert.equal(statusOf(answer), 200);
    assert.equal(headerOf(answer, 'CSeq'), '314159 CANCEL');
    assert.equal(headerOf(answer, 'To'), headerOf(stage.phone.inbox.messages[1] ?? '', 'To'));
    assert.deepEqual(stage.server.dialogs, [dialogId]);
  });

  test('that nobody answers is forgotten after 64 s, without a word', async () => {
    const request = await stage.ask();
    stage.clock.advance(64_000);
    assert.equal((await stage.answer(request)).fields[0], 'NOK');
    assert.equal(stage.phone.inbox.messages.length, 0);
  });
});

describe('a request in a dialog', () => {
  test('of the phone has the dialog id, and gets the Contact that its refusal needs as little', async () => {
    const tag = await stage.subscribed();
    const refresh = await stage.ask({ To: `<sip:1002@lamplighter.test>;tag=${tag}`, CSeq: '314160 SUBSCRIBE' });
    assert.equal(refresh.fields[9], dialogId);
    assert.equal(refresh.fields.length, 11);
    const echo = await stage.answer(refresh, '481 Gone');
    assert.equal(echo.fields[8], dialogId);
    assert.match(headerOf(echo.text, 'Contact') ?? '', /^<sip:127\.0\.0\.1:/);
    assert.deepEqual(stage.server.dialogs, [dialogId]);
  });

  test('that nobody routed, an INVITE, is told 100 and 503; one that a client has ends with its CANCEL', async () => {
    const invite = (method: string, to = '<sip:1002@x>') => {
      const headers = {
        Via: 'SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKinvite',
        'Call-ID': 'i',
        To: to,
        CSeq: `1 ${method}`,
      };
      stage.phone.send(subscribe(headers, `${method} sip:1002@x SIP/2.0`), stage.point('udp'));
    };
    const statuses = () => stage.phone.inbox.messages.map(statusOf);
    invite('INVITE');
    await stage.phone.inbox.nth(2);
    assert.deepEqual(statuses(), [100, 503]);
    invite('ACK');
    await stage.client.ask('route|invite');
    invite('INVITE');
    const request = await stage.client.next();
    invite('CANCEL');
    assert.match((await stage.client.next()).text, /^CANCEL /);
    await stage.phone.inbox.nth(5);
    assert.deepEqual(statuses(), [100, 503, 100, 200, 487]);
    assert.equal((await stage.answer(request)).fields[0], 'NOK');
  });

  test('without To tag joins the dialog of its Call-ID and From tag', async () => {
    const tag = await stage.subscribed();
    const second = await stage.ask({ CSeq: '314160 SUBSCRIBE', Event: 'message-summary' });
    assert.equal(second.fields[9], dialogId);
    await stage.answer(second);
    assert.match(headerOf(await stage.phone.inbox.nth(2), 'To') ?? '', new RegExp(`;tag=${tag}$`));
  });

  test('goes to the client that made it and to nobody else; is it gone, 481', async () => {
    const other = await stage.connect('subscribe');
    const tag = await stage.subscribed();
    const changes = { To: `<sip:1002@lamplighter.test>;tag=${tag}`, CSeq: '314160 SUBSCRIBE' };
    for (let count = 0; count < 3; count++) await stage.ask(changes);
    stage.client.close();
    await until(() => stage.server.clients.length === 1, 'gone');
    stage.phone.send(subscribe({ ...changes, Via: 'SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKlast' }), stage.point('udp'));
    assert.equal(statusOf(await stage.phone.inbox.nth(2)), 481);
    assert.equal(other.frames.filter(({ fields }) => fields[1] === 'sip').length, 0);
    assert.equal((await stage.notify(active, other)).fields[0], 'OK'); // but anybody may send
  });

  test('of a dialog that was ended for a client that is gone, and then made again, belongs to nobody', async () => {
    const heir = await stage.connect('subscribe');
    const tag = await stage.subscribed();
    stage.client.close();
    await until(() => stage.server.clients.length === 1, 'gone');
    await stage.notify(terminated, heir);
    stage.phone.send(answerTo(await stage.phone.inbox.nth(2), 200), stage.point('udp'));
    await heir.next();
    assert.deepEqual(stage.server.dialogs, []);
    const send = (number: number) => {
      const via = `SIP/2.0/UDP 127.0.0.1:9;branch=${stage.branch()}`;
      const to = `<sip:1002@lamplighter.test>;tag=${tag}`;
      stage.phone.send(
        subscribe({ Via: via, Contact: stage.own, To: to, CSeq: `${number} SUBSCRIBE` }),
        stage.point('udp'),
      );
    };
    send(400);
    const request = await heir.next();
    await heir.ask(`sip|${request.fields[8]}|`, `SIP/2.0 200 OK\r\nto: ${headerOf(request.text, 'To')}\r\n\r\n`);
    assert.deepEqual(stage.server.dialogs, [dialogId]);
    send(401);
    assert.equal(statusOf(await stage.phone.inbox.nth(4)), 481);
  });

  test('of no dialog that is known comes out of dialog; a 200 makes it again with the same tags', async () => {
    await stage.subscribed();
    stage.server.forgetDialogs();
    const refresh = await stage.ask({ To: '<sip:1002@lamplighter.test>;tag=ours', CSeq: '400 SUBSCRIBE' });
    assert.equal(refresh.fields[9], '');
    await stage.answer(refresh);
    assert.equal(headerOf(await stage.phone.inbox.nth(2), 'To'), '<sip:1002@lamplighter.test>;tag=ours');
    assert.equal(headerOf((await stage.notify()).text, 'CSeq'), '401 NOTIFY');
  });

  test('a second dialog of the same Call-ID and From tag is refused by the server itself', async () => {
    await stage.subscribed();
    const echo = await stage.answer(await stage.ask({ To: '<sip:1002@lamplighter.test>;tag=other' }));
    assert.deepEqual(echo.fields, ['NOK', 'dialog already exists, rejecting this request']);
    assert.equal(statusOf(await stage.phone.inbox.nth(2)), 480);
  });

  test('BYE and UPDATE of no dialog get 481, CANCEL of nothing too; REFER and what sofia does not know nothing at all', async () => {
    const send = (method: string, more: Changes = {}) => {
      const via = `SIP/2.0/UDP 127.0.0.1:9;branch=${stage.branch()}`;
      stage.phone.send(
        subscribe({ Via: via, CSeq: `1 ${method}`, ...more }, `${method} sip:x@y SIP/2.0`),
        stage.point('udp'),
      );
    };
    for (const method of ['REFER', 'FROBNICATE', 'BYE', 'UPDATE', 'CANCEL']) send(method);
    send('SUBSCRIBE', { CSeq: '1 NOTIFY' });
    await stage.phone.inbox.nth(4);
    assert.deepEqual(stage.phone.inbox.messages.map(statusOf), [481, 481, 481, 400]);
    assert.match(headerOf(stage.phone.inbox.messages[0] ?? '', 'CSeq') ?? '', /BYE$/);
  });
});

describe('a NOTIFY in a dialog', () => {
  test('goes to the Contact with the tags and a CSeq of the server, whatever the client says of them', async () => {
    const tag = await stage.subscribed();
    const filtered = 'Via: v\r\nRoute: <sip:r>\r\nRecord-Route: <sip:r>\r\nRSeq: 1\r\n';
    const echo = await stage.notify(`${active}cseq: 900 NOTIFY\r\nfrom: "M" <sip:m@x>;tag=mine\r\n${filtered}`);
    const sent = await stage.phone.inbox.nth(2);
    assert.equal(echo.text, sent);
    assert.equal(sent.split('\r\n', 1)[0], `NOTIFY sip:1001@127.0.0.1:${stage.phone.endpoint.port} SIP/2.0`);
    assert.equal(headerOf(sent, 'From'), `"M" <sip:m@x>;tag=${tag}`);
    assert.equal(headerOf(sent, 'To'), '"Alice" <sip:1001@lamplighter.test>;tag=1928301774');
    assert.equal(headerOf(sent, 'Call-ID'), callId);
    assert.equal(headerOf(sent, 'CSeq'), '314160 NOTIFY');
    assert.equal(headerOf(sent, 'Contact'), undefined);
    for (const name of ['Route', 'Record-Route', 'RSeq']) assert.deepEqual(headersOf(sent, name), []);
    assert.equal(headersOf(sent, 'Via').length, 1);
    const [, source, bytes, protocol, address, port, , , said] = echo.fields;
    assert.deepEqual([source, bytes, protocol, said], ['application', String(sent.length), 'udp', 'Msg sent:']);
    assert.deepEqual([address, Number(port)], ['127.0.0.1', stage.point('udp').port]);
    assert.equal(headerOf((await stage.notify()).text, 'CSeq'), '314161 NOTIFY');
  });

  test('its response comes to the client, with the transaction of the echo', async () => {
    await stage.subscribed();
    const echo = await stage.notify();
    stage.phone.send(answerTo(await stage.phone.inbox.nth(2), 200, 'X-Phone: 1\r\n'), stage.point('udp'));
    const { fields, text } = await stage.client.next();
    assert.deepEqual([fields[8], fields[9]], [echo.fields[7], dialogId]);
    assert.equal(fields.length, 11);
    assert.equal(headerOf(text, 'X-Phone'), '1');
  });

  test('unanswered it is repeated after 1, 2 and then 4 s, and after 32 s sofia answers 408; the dialog stays', async () => {
    await stage.subscribed();
    const echo = await stage.notify();
    const notifies = async () => {
      const before = stage.phone.inbox.messages.length;
      const bye = { Via: `SIP/2.0/UDP 127.0.0.1:9;branch=${stage.branch()}`, 'Call-ID': 'bye', CSeq: '1 BYE' };
      stage.phone.send(subscribe(bye, 'BYE sip:x SIP/2.0'), stage.point('udp'));
      const answered = () => stage.phone.inbox.messages.slice(before).some((it) => statusOf(it) === 481);
      await until(answered, 'the answer that comes behind all of them');
      return stage.phone.inbox.messages.filter((it) => it.startsWith('NOTIFY ')).length;
    };
    const counts: number[] = [await notifies()];
    for (const ms of [999, 1, 1999, 1, 3999, 1, 3999, 1]) {
      stage.clock.advance(ms);
      counts.push(await notifies());
    }
    assert.deepEqual(counts, [1, 1, 2, 2, 3, 3, 4, 4, 5]);
    stage.clock.advance(20_999);
    assert.equal(stage.client.frames.filter(({ fields }) => fields[1] === 'sip').length, 1);
    stage.clock.advance(1);
    const { fields, text } = await stage.client.next();
    assert.equal(statusOf(text), 408);
    assert.equal(fields[8], echo.fields[7]);
    assert.deepEqual(stage.server.dialogs, [dialogId]);
    assert.equal((await stage.notify()).fields[0], 'OK');
  });

  test('terminated ends the dialog with its answer, whatever that is: the next one is ENODIALOG', async () => {
    await stage.subscribed();
    await stage.notify(terminated);
    assert.deepEqual(stage.server.dialogs, [dialogId]);
    stage.phone.send(answerTo(await stage.phone.inbox.nth(2), 481), stage.point('udp'));
    await stage.client.next();
    assert.deepEqual(stage.server.dialogs, []);
    const refused = ['NOK', 'Server error: unable to find dialog for dialog id provided'];
    assert.deepEqual((await stage.notify()).fields, refused);
  });

  test('a 481 alone ends nothing: that is left to the client', async () => {
    await stage.subscribed();
    await stage.notify();
    stage.phone.send(answerTo(await stage.phone.inbox.nth(2), 481), stage.point('udp'));
    await stage.client.next();
    assert.deepEqual(stage.server.dialogs, [dialogId]);
  });

  test('takes the route set; the Contact that differs from the source gives way to it where there is none', async () => {
    const hop = `<sip:127.0.0.1:${stage.phone.endpoint.port};lr>`;
    await stage.subscribed({
      Contact: '<sip:1001@192.0.2.9:5062>',
      'Record-Route': [`${hop}, <sip:p2;lr>`, '<sip:p3;lr>'],
    });
    await stage.notify();
    const sent = await stage.phone.inbox.nth(2);
    assert.equal(sent.split('\r\n', 1)[0], 'NOTIFY sip:1001@192.0.2.9:5062 SIP/2.0');
    assert.deepEqual(headersOf(sent, 'Route'), [hop, '<sip:p2;lr>', '<sip:p3;lr>']);
    await stage.subscribed({ 'Call-ID': 'other', Contact: '<sip:1001@192.0.2.9:5062>' });
    await stage.client.ask('sip||other;from-tag=1928301774', `NOTIFY sip:placeholder SIP/2.0\r\n${active}\r\n`);
    const other = await stage.phone.inbox.nth(4);
    assert.equal(other.split('\r\n', 1)[0], 'NOTIFY sip:1001@192.0.2.9:5062 SIP/2.0');
    assert.deepEqual(headersOf(other, 'Route'), []);
  });

  test('a body needs its type', async () => {
    await stage.subscribed();
    const frame = await stage.client.ask(
      `sip||${dialogId}`,
      'NOTIFY sip:placeholder SIP/2.0\r\nEvent: dialog\r\n\r\n<xml/>',
    );
    assert.deepEqual(frame.fields, ['NOK', 'Server error: missing content-type']);
  });
});
