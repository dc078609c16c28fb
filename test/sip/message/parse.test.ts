import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { limits } from '../../../src/sip/message/limits.ts';
import { type Parsed, type ParsedRequest, parseMessage } from '../../../src/sip/message/parse.ts';
import { subscribe } from './sample.ts';

type Source = 'datagram' | 'stream';

function request(bytes: Buffer, from: Source = 'datagram'): ParsedRequest {
  const parsed = parseMessage(bytes, from);
  assert.equal(parsed.kind, 'request', parsed.kind === 'refused' ? parsed.reason : parsed.kind);
  return parsed as ParsedRequest;
}

function outcome(parsed: Parsed): string {
  return parsed.kind === 'refused' ? String(parsed.status) : parsed.kind;
}

/** Replaces text in the plain SUBSCRIBE; the text must be there. */
function edited(from: string, to: string): Buffer {
  const text = subscribe().toString('latin1');
  assert.ok(text.includes(from), from);
  return Buffer.from(
    text.replace(from, () => to),
    'latin1',
  );
}

const filler = (count: number) => Array.from({ length: count }, (_, i) => `value ${i}`);
const vias = (count: number) => Array.from({ length: count }, (_, i) => `SIP/2.0/UDP h${i}.test;branch=z9hG4bK${i}`);

/** One row a rule of RFC 3261, RFC 4475 and RFC 5118: what comes, and what the parser makes of it. */
const rows: readonly (readonly [rule: string, bytes: Buffer, expected: string, from?: Source])[] = [
  // framing
  ['a plain SUBSCRIBE', subscribe(), 'request'],
  ['T-09 leading CRLFs before the start line', Buffer.concat([Buffer.from('\r\n\r\n'), subscribe()]), 'request'],
  ['T-08 a datagram without Content-Length', subscribe({ 'Content-Length': undefined }), 'request'],
  ['T-08 a stream without Content-Length', subscribe({ 'Content-Length': undefined }), '400', 'stream'],
  ['T-08 Content-Length beyond the datagram', subscribe({ 'Content-Length': '1' }), '400'],
  ['bytes past Content-Length', Buffer.concat([subscribe(), Buffer.from('junk')]), 'request'],
  ['two requests in a datagram', Buffer.concat([subscribe(), subscribe()]), 'request'],
  ['a negative Content-Length', subscribe({ 'Content-Length': '-1' }), '400'],
  ['a Content-Length that is no number', subscribe({ 'Content-Length': '0x0' }), '400'],
  ['two different Content-Lengths', subscribe({ 'Content-Length': ['0', '5'] }), '400'],
  ['two Content-Lengths, one compact', subscribe({ l: '0' }), '400'],
  ['Content-Lengths joined by comma', subscribe({ 'Content-Length': '5,0' }), '400'],
  ['a body without Content-Type', subscribe({}, undefined, 'hello'), '400'],
  ['a body with Content-Type', subscribe({ 'Content-Type': 'text/plain' }, undefined, 'hello'), 'request'],
  ['Content-Type without a body', subscribe({ 'Content-Type': 'text/plain' }), 'request'],
  ['no empty line after the headers', Buffer.from(subscribe().subarray(0, -2)), '400'],
  ['no bytes', Buffer.alloc(0), '400'],
  // header syntax
  ['SP and HTAB before the colon', edited('Event: dialog', 'Event \t : dialog'), 'request'],
  ['a name in odd letter case', edited('Call-ID:', 'cALL-iD:'), 'request'],
  ['line ends of LF only', Buffer.from(subscribe().toString('latin1').replaceAll('\r\n', '\n')), '400'],
  ['one line end of LF only', edited('Expires: 3600\r\n', 'Expires: 3600\n'), '400'],
  ['a bare CR in a value', edited('Event: dialog', 'Event: dia\rlog'), '400'],
  ['a control character before the colon', edited('To:', 'To\x01:'), '400'],
  ['NUL in a display name', edited('"Alice"', '"Al\0ice"'), '400'],
  ['DEL in a value', edited('"Alice"', '"Al\x7fice"'), '400'],
  ['a header without colon', edited('Event: dialog', 'Event dialog'), '400'],
  ['a header without name', edited('Event: dialog', ': dialog'), '400'],
  ['a space inside a header name', edited('Event: dialog', 'Ev ent: dialog'), '400'],
  ['a continuation line that continues nothing', edited('Via:', ' Via:'), '400'],
  ['Latin-1 bytes in a display name', edited('"Alice"', '"M\xfcller"'), 'request'],
  ['an unquoted UTF-8 display name', edited('"Alice"', 'M\xc3\xbcller'), 'request'],
  ['a display name with comma, semicolon, <> and escapes', edited('"Alice"', '"A, B; <x> \\"q\\" \\\\"'), 'request'],
  ['no white space before <', edited('"Alice" <', '"Alice"<'), 'request'],
  ['an unquoted display name of tokens', edited('"Alice" ', 'Alice of Bob '), 'request'],
  ['an unterminated quote', edited('"Alice"', '"Alice'), '400'],
  ['an unquoted display name with a comma', edited('"Alice"', 'Bell, Alice'), '400'],
  ['From as addr-spec', edited('"Alice" <sip:1001@lamplighter.test>', 'sip:1001@lamplighter.test'), 'request'],
  ['spaces inside the addr-spec', edited('<sip:1001@lamplighter.test>', '< sip:1001@lamplighter.test >'), '400'],
  ['an unclosed <', edited('lamplighter.test>;tag', 'lamplighter.test;tag'), '400'],
  ['another header before Via, unknown headers', edited('Via:', 'X-Y: 1\r\nMax-Breadth: 60\r\nVia:'), 'request'],
  ['C%6Fntact is a header of its own', edited('Expires: 3600', 'C%6Fntact: <sip:x@y>'), 'request'],
  ['extraneous ;;', edited(';tag=1928301774', ';;tag=1928301774'), '400'],
  ...['Event', 'CSeq', 'From', 'To', 'Call-ID', 'Expires', 'Max-Forwards', 'Content-Type', 'SIP-If-Match'].map(
    (name) => [`E65-01 ${name} twice`, edited('Via:', `${name}: 1\r\n${name}: 1\r\nVia:`), '400'] as const,
  ),
  ['E65-01 Event twice, once compact', edited('Via:', 'o: dialog\r\nVia:'), '400'],
  ['E65-34 two Contacts are left to who needs one', edited('Via:', 'm: <sip:a@b>\r\nVia:'), 'request'],
  ['Call-ID with SQL, quotes and markup', subscribe({ 'Call-ID': `'; DROP TABLE x;--<b>"&` }), 'request'],
  ['Call-ID that looks like IPv6', subscribe({ 'Call-ID': '[2001:db8::1]' }), 'request'],
  ['Call-ID of 4 kB', subscribe({ 'Call-ID': 'c'.repeat(4096) }), 'request'],
  ['an empty Call-ID', subscribe({ 'Call-ID': '' }), '400'],
  ...['Via', 'From', 'To', 'Call-ID', 'CSeq'].map(
    (name) => [`RFC 4475 3.3.1 without ${name}`, subscribe({ [name]: undefined }), '400'] as const,
  ),
  ['without Max-Forwards (RFC 2543)', subscribe({ 'Max-Forwards': undefined }), 'request'],
  // limits
  ['70 Via lines', subscribe({ Via: vias(70) }), 'request'],
  ['101 Via lines', subscribe({ Via: vias(101) }), '400'],
  ['101 Vias in one line', subscribe({ Via: vias(101).join(',') }), '400'],
  ['31 Routes', subscribe({ Route: Array.from({ length: 31 }, () => '<sip:p;lr>') }), '400'],
  ['41 Accept headers', subscribe({ Accept: filler(41) }), 'request'],
  ['2000 headers', subscribe({ 'X-Many': filler(2000) }), '400'],
  ['a header of 60 kB', subscribe({ 'X-Long': 'x'.repeat(60_000) }), '400'],
  [
    'a folded header of 50 kB',
    subscribe({ 'X-Long': Array.from({ length: 5000 }, () => 'x'.repeat(8)).join('\r\n ') }),
    '400',
  ],
  ['a Request-URI of 60 kB', subscribe({}, `SUBSCRIBE sip:${'u'.repeat(60_000)}@h SIP/2.0`), '400'],
  ['more than 64 kB', subscribe({ 'Content-Type': 'a/b' }, undefined, 'b'.repeat(limits.message)), '513', 'stream'],
  // request line and URIs
  ['an unknown method', subscribe({ CSeq: "1 !odd-Method_+`.%'~" }, "!odd-Method_+`.%'~ sip:a@b SIP/2.0"), 'request'],
  ['a lower-case method', subscribe({ CSeq: '1 subscribe' }, 'subscribe sip:a@b SIP/2.0'), 'request'],
  ['version 7.0', subscribe({}, 'SUBSCRIBE sip:a@b SIP/7.0'), '505'],
  ['two spaces in the request line', subscribe({}, 'SUBSCRIBE  sip:a@b SIP/2.0'), '400'],
  ['a space at the end of the request line', subscribe({}, 'SUBSCRIBE sip:a@b SIP/2.0 '), '400'],
  ['<> around the Request-URI', subscribe({}, 'SUBSCRIBE <sip:a@b> SIP/2.0'), '400'],
  ['white space inside the Request-URI', subscribe({}, 'SUBSCRIBE sip:a@b; lr SIP/2.0'), '400'],
  ['no version', subscribe({}, 'SUBSCRIBE sip:a@b'), '400'],
  ['headers in the Request-URI', subscribe({}, 'SUBSCRIBE sip:a@b?Route=%3Csip:x%3E SIP/2.0'), '400'],
  ['RFC 5118 4.1 IPv6 in the Request-URI', subscribe({}, 'SUBSCRIBE sip:[2001:db8::10]:5070 SIP/2.0'), 'request'],
  ['RFC 5118 4.2 IPv6 without brackets', subscribe({}, 'SUBSCRIBE sip:2001:db8::10 SIP/2.0'), '400'],
  [
    'RFC 5118 4.5 received without brackets',
    subscribe({ Via: 'SIP/2.0/UDP [2001:db8::1];received=2001:db8::2;branch=z9hG4bKa' }),
    'request',
  ],
  [
    'RFC 5118 4.5 received in brackets',
    subscribe({ Via: 'SIP/2.0/UDP [2001:db8::1];received=[2001:db8::2];branch=z9hG4bKa' }),
    'request',
  ],
  ['RFC 5118 4.10 ::: before an IPv4', subscribe({}, 'SUBSCRIBE sip:[:::192.0.2.1] SIP/2.0'), 'request'],
  ['%0d%0a in the user', subscribe({}, 'SUBSCRIBE sip:a%0d%0aX@b SIP/2.0'), '400'],
  ['%00 in the user', subscribe({}, 'SUBSCRIBE sip:a%00@b SIP/2.0'), '400'],
  ['an unknown scheme', subscribe({}, 'SUBSCRIBE nobodyKnows:x SIP/2.0'), 'request'],
  ['tel in From', subscribe({ From: '<tel:+1-201-555-0123>;tag=1' }), 'request'],
  // Via, tags, CSeq
  [
    'white space in Via as the RFC allows',
    subscribe({ Via: 'SIP  / 2.0\t/ UDP  192.0.2.2 : 5060 ; branch = z9hG4bKx' }),
    'request',
  ],
  ['an unknown Via transport', subscribe({ Via: 'SIP/2.0/UNKNOWN h.test;branch=z9hG4bKx' }), 'request'],
  ['a Via that is none', subscribe({ Via: 'garbage' }), '400'],
  ['a Via port of 0', subscribe({ Via: 'SIP/2.0/UDP h.test:0;branch=z9hG4bKx' }), '400'],
  ['a Via port of 65536', subscribe({ Via: 'SIP/2.0/UDP h.test:65536;branch=z9hG4bKx' }), '400'],
  ['no branch', subscribe({ Via: 'SIP/2.0/UDP h.test' }), 'request'],
  ['Max-Forwards 0', subscribe({ 'Max-Forwards': '0' }), 'request'],
  ['Max-Forwards 300', subscribe({ 'Max-Forwards': '300' }), '400'],
  ['a From without tag', subscribe({ From: '<sip:a@b>' }), '400'],
  ['an empty From tag', subscribe({ From: '<sip:a@b>;tag=' }), '400'],
  ['an empty To tag', subscribe({ To: '<sip:a@b>;tag=' }), '400'],
  ['a To tag without value', subscribe({ To: '<sip:a@b>;tag' }), '400'],
  ['CSeq 2^32-1', subscribe({ CSeq: '4294967295 SUBSCRIBE' }), 'request'],
  ['CSeq 2^32', subscribe({ CSeq: '4294967296 SUBSCRIBE' }), '400'],
  ['CSeq of 400 digits', subscribe({ CSeq: `${'9'.repeat(400)} SUBSCRIBE` }), '400'],
  ['CSeq with leading zeros', subscribe({ CSeq: '0000000009 SUBSCRIBE' }), 'request'],
  ['CSeq of another method', subscribe({ CSeq: '1 NOTIFY' }), '400'],
  ['CSeq without number', subscribe({ CSeq: 'SUBSCRIBE' }), '400'],
  // responses
  ['a response', subscribe({}, 'SIP/2.0 200 OK'), 'response'],
  ['a response with an empty reason', subscribe({}, 'SIP/2.0 200 '), 'response'],
  ['a response with an UTF-8 reason', subscribe({}, 'SIP/2.0 200 = 2**3 * 5 \xd0\xbd\xd0\xbe'), 'response'],
  ['an overlarge status', subscribe({}, 'SIP/2.0 4294967301 better not'), '400'],
  ['a status of 700', subscribe({}, 'SIP/2.0 700 no'), '400'],
  ['an overlarge CSeq in a response', subscribe({ CSeq: '9292394834772304023312 OPTIONS' }, 'SIP/2.0 200 OK'), '400'],
];

describe('the strict parser', () => {
  for (const [rule, bytes, expected, from = 'datagram'] of rows) {
    test(`${rule} (${from}) gives ${expected}`, () => {
      assert.equal(outcome(parseMessage(bytes, from)), expected);
    });
  }

  test('compact names become long ones, values stay byte by byte', () => {
    const names = [
      ['i', 'Call-ID'],
      ['f', 'From'],
      ['t', 'To'],
      ['v', 'Via'],
      ['m', 'Contact'],
      ['l', 'Content-Length'],
      ['o', 'Event'],
    ] as const;
    const long = request(subscribe()).headers;
    let text = subscribe({ u: 'a, b', k: 'x', c: 'text/plain', e: 'gzip' }).toString('latin1');
    for (const [short, name] of names) text = text.replace(`\r\n${name}:`, `\r\n${short}:`);
    const { headers } = request(Buffer.from(text, 'latin1'));
    for (const [, name] of names) assert.equal(headers.get(name), long.get(name), name);
    assert.equal(headers.get('Allow-Events'), 'a, b');
    assert.equal(headers.get('Supported'), 'x');
    assert.equal(headers.get('Content-Type'), 'text/plain');
    assert.equal(headers.get('Content-Encoding'), 'gzip');
  });

  test('T-09 a folded value is read as one line and holds no CRLF', () => {
    const parsed = request(edited('"Alice" <', '"Alice"\r\n \t\r\n  <'));
    assert.equal(parsed.headers.get('From'), '"Alice" <sip:1001@lamplighter.test>;tag=1928301774');
    assert.equal(parsed.fromTag, '1928301774');
    const folded = request(edited('CSeq: 314159 SUBSCRIBE', 'CSeq:\r\n 314159\r\n\tSUBSCRIBE'));
    assert.equal(folded.cseq, 314159);
  });

  test('a continuation line of blanks only is nothing', () => {
    const parsed = request(edited('Event: dialog', 'Event:\r\n \r\n dialog \r\n \t'));
    assert.equal(parsed.headers.get('Event'), 'dialog');
    assert.equal(parsed.headers.get('Expires'), '3600');
  });

  test('nothing of it changes with the bytes: the next datagram is written over them', () => {
    const bytes = subscribe({ 'Content-Type': 'text/plain', Subject: 'a\r\n b' }, undefined, 'hello');
    const all = (parsed: ParsedRequest) => ({ ...parsed, headers: parsed.headers.entries() });
    const before = structuredClone(all(request(Buffer.from(bytes))));
    const parsed = request(bytes);
    bytes.fill('x');
    assert.deepEqual(parsed.body, Buffer.from('hello'));
    assert.deepEqual(structuredClone(all(parsed)), before);
  });

  test('the tag of an addr-spec without brackets belongs to the header', () => {
    assert.equal(request(subscribe({ From: 'sip:a@b;tag=77' })).fromTag, '77');
  });

  test('a refusal keeps what an answer needs and says when the stream is lost', () => {
    const refused = parseMessage(subscribe({ 'Content-Length': ['0', '9'] }), 'stream');
    assert.ok(refused.kind === 'refused');
    assert.equal(refused.method, 'SUBSCRIBE');
    assert.equal(refused.echo.callId, 'a84b4c76e66710@192.0.2.1');
    assert.deepEqual(refused.echo.via, ['SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK776asdhds']);
    const length = parseMessage(subscribe({ 'Content-Length': undefined }), 'stream');
    assert.ok(length.kind === 'refused' && length.outOfStep);
  });

  test('what is salvaged for a refusal can never open a line', () => {
    const refused = parseMessage(edited('To: <sip', 'To: x\rInjected: y\nMore: <sip'), 'datagram');
    assert.ok(refused.kind === 'refused');
    const { via, from, to, callId, cseq } = refused.echo;
    assert.doesNotMatch([...via, from, to, callId, cseq].join(''), /[\r\n]/);
  });

  test('a refused response or noise names no method, so that nobody answers it', () => {
    for (const bytes of [subscribe({ CSeq: 'x' }, 'SIP/2.0 200 OK'), Buffer.from('GET / HTTP/1.1\r\n\r\n')]) {
      const refused = parseMessage(bytes, 'datagram');
      assert.ok(refused.kind === 'refused');
      assert.equal(refused.method, null);
    }
  });
});
