import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { readHead, sameness, uriIn, userIn } from '../../src/trace/head.ts';
import { shown, shownEnd, summaryOf } from '../../src/trace/show.ts';
import { answer, notify, subscribe, wire } from './messages.ts';

test('text is shown as text, and what could harm a terminal or is no text as its number', () => {
  assert.equal(shown('Gr\xc3\xbc\xc3\x9fe\r\n\tok'), 'Grüße\r\n\tok');
  assert.equal(shown('\xfc'), '\\xfc', 'no UTF-8: each byte by itself');
  assert.equal(shown('\x1b[2J\x00\x07\x9b'), '\\x1b[2J\\x00\\x07\\x9b');
  assert.equal(shown('a\rb\nc'), 'a\\x0db\nc');
  assert.equal(shown(Buffer.from('\u202egnp\u2028').toString('latin1')), '\\u{202e}gnp\\u{2028}');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = shown(Buffer.from(bytes).toString('latin1'));
      assert.doesNotMatch(text, /[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|(?![\r\n\t])\p{Cc}|\r(?!\n)/u);
    }),
  );
});

test('a summary says what a message is about, in one line', () => {
  const of = (text: string) => summaryOf(readHead(text), text);
  assert.equal(of(subscribe('1001', '1002')), 'SUBSCRIBE to 1002, dialog, expires 600');
  assert.equal(of(notify('1002', '1001')), 'NOTIFY dialog, active');
  assert.equal(
    of(wire(['NOTIFY sip:a SIP/2.0', 'o: dialog;id=3', 'Subscription-State: terminated;reason=timeout'])),
    'NOTIFY dialog;id=3, terminated;reason=timeout',
  );
  assert.equal(of(answer('200 OK', '1001', '1002', 'SUBSCRIBE', { more: ['Expires: 300'] })), '200 OK, expires 300');
  assert.equal(of(answer('489 Bad Event', '1001', '1002', 'SUBSCRIBE')), '489 Bad Event');
  assert.equal(of(wire(['OPTIONS sip:a SIP/2.0'])), 'OPTIONS');
  assert.equal(of('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), 'no SIP: GET / HTTP/1.1');
  assert.equal(of('\x00\x01\x1b[31m'), 'no SIP: \\x00\\x01\\x1b[31m');
  assert.ok(of(`${'x'.repeat(5_000)}`).length < 200);
});

test('a summary says what the body says of the lamp or the key', () => {
  const of = (event: string, body: string) => {
    const text = notify('1002', '1001', { more: [`Event: ${event}`], body });
    return summaryOf(readHead(text), text).replace(/^NOTIFY .*?, active(, )?/, '');
  };
  const dialogs = (...states: string[]) =>
    `<dialog-info version="1" state="full">${states.map((one) => `<dialog id="a"><state event="x">${one}</state></dialog>`).join('')}</dialog-info>`;
  assert.equal(of('dialog', dialogs()), 'no call');
  assert.equal(of('dialog', dialogs('early')), 'early');
  assert.equal(of('dialog', dialogs('confirmed', 'early')), 'confirmed + early');
  assert.equal(of('dialog', dialogs('a', 'b', 'c', 'd', 'e')), 'a + b + c + 2 more');
  assert.equal(of('dialog', dialogs('early').slice(0, -20)), 'early', 'cut off by the ring');
  const dnd = '<DoNotDisturbEvent><device/><doNotDisturbOn>true</doNotDisturbOn></DoNotDisturbEvent>';
  const forward =
    '<ns:ForwardingEvent><ns:forwardingType>forwardImmediate</ns:forwardingType><ns:forwardStatus>true</ns:forwardStatus><ns:forwardTo>1002</ns:forwardTo></ns:ForwardingEvent>';
  assert.equal(of('as-feature-event', dnd), 'doNotDisturb on');
  assert.equal(
    of('as-feature-event', `--x\r\n${dnd}\r\n--x\r\n${forward}`),
    'doNotDisturb on, forwardImmediate on to 1002',
  );
  const wish =
    '<SetForwarding><forwardingType>forwardBusy</forwardingType><activateForward>false</activateForward></SetForwarding>';
  assert.equal(of('as-feature-event', wish), 'forwardBusy off');
  assert.equal(of('message-summary', 'Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/0)\r\n'), 'voice 2/8');
  assert.equal(of('presence', '<presence><tuple><status><basic>open</basic></status></tuple></presence>'), 'open');
  assert.equal(of('dialog', '<'.repeat(1000)), '');
});

test('heads are read as far as they go', () => {
  const head = readHead(
    '\r\n\r\nSUBSCRIBE sip:a SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z1\r\nI : id@h\r\ncseq: 7\r\n SUBSCRIBE\r\nCall-ID: second\r\n\r\nCall-ID: body',
  );
  assert.equal(head.callId, 'id@h');
  assert.equal(head.cseq, 7);
  assert.equal(head.method, 'SUBSCRIBE');
  for (const garbage of ['', '\r\n', '\0', ':', 'SIP/2.0 20 OK', 'A B C', ' \r\n x']) {
    assert.equal(readHead(garbage).start, null, garbage);
    assert.equal(readHead(garbage).callId, null);
  }
});

test('two copies of a message are known by branch, and nothing else is taken for one', () => {
  const same = (text: string) => sameness(readHead(text), 'in', 'udp 192.0.2.21:5060');
  const first = subscribe('1001', '1002');
  assert.equal(same(first), same(first));
  assert.notEqual(same(first), same(subscribe('1001', '1002', { cseq: 2 })));
  assert.notEqual(same(answer('100 Trying', 'a', 'b', 'INVITE')), same(answer('200 OK', 'a', 'b', 'INVITE')));
  assert.notEqual(same(first), sameness(readHead(first), 'out', 'udp 192.0.2.21:5060'));
  assert.equal(same('garbage'), null);
  assert.equal(same(wire(['OPTIONS sip:a SIP/2.0', 'Call-ID: 1'])), null, 'no branch');
});

test('users are read from what is a URI, not from what a name pretends', () => {
  assert.equal(userIn(uriIn('"<sip:9999@x>" <sip:1001@pbx.test;user=phone>;tag=1')), '1001');
  assert.equal(userIn(uriIn('sip:1001:pw@pbx.test;tag=1')), '1001');
  assert.equal(userIn(uriIn('<tel:+49123>')), null);
  assert.equal(userIn(uriIn(undefined)), null);
  assert.equal(shownEnd({ address: '2001:db8::1', port: 5060 }), '[2001:db8::1]:5060');
});
