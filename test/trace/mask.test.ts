import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { readHead } from '../../src/trace/head.ts';
import { masked } from '../../src/trace/mask.ts';
import { wire } from './messages.ts';

const request = (lines: readonly string[], body = '') => wire(['REGISTER sip:pbx.test SIP/2.0', ...lines], body);
const mask = (text: string) => masked(text, readHead(text));

const secret = '6629fae49393a05397450978507c4ef1';

/** What must not be seen, and in which message. */
const cases: readonly (readonly [name: string, text: string, secret: string])[] = [
  [
    'a digest',
    request([`Authorization: Digest username="1001", realm="pbx", nonce="n1", uri="sip:pbx", response="${secret}"`]),
    secret,
  ],
  ['one of a proxy', request([`Proxy-Authorization: Digest response=${secret}, username="1001"`]), secret],
  ['any case and blanks', request([`aUTHORIZATION \t: dIGEST Response \t= "${secret}"`]), secret],
  ['a folded header', request([`Authorization: Digest username="1001",`, ` response=`, ` "${secret}"`]), secret],
  ['a parameter nobody knows', request([`Authorization: Digest username="1001", password="${secret}"`]), secret],
  ['an open quote', request([`Authorization: Digest response="${secret}`]), secret],
  ['Basic', request([`Authorization: Basic ${secret}==`]), secret],
  ['Bearer', request([`Authorization: Bearer ${secret}`]), secret],
  ['no scheme at all', request([`Authorization: response="${secret}"`]), secret],
  ['Bearer elsewhere', request([`X-Token: Bearer ${secret}`]), secret],
  ['proof of the server', wire(['SIP/2.0 200 OK', `Authentication-Info: rspauth="${secret}", qop=auth`]), secret],
  [
    'a second header',
    request(['Authorization: Digest username="a"', `Authorization: Digest response="${secret}"`]),
    secret,
  ],
  ['lines that end with LF alone', `REGISTER sip:a SIP/2.0\nAuthorization: Digest response="${secret}"\n\n`, secret],
  ['a message without an end', `REGISTER sip:a SIP/2.0\r\nAuthorization: Digest response="${secret}`, secret],
  [
    'within a sipfrag',
    request(
      ['Content-Type: message/sipfrag'],
      `INVITE sip:a SIP/2.0\r\nAuthorization: Digest response="${secret}"\r\n`,
    ),
    secret,
  ],
  ['the password of a URI', request([`Contact: <sip:1001:${secret}@192.0.2.1>`]), secret],
  [
    'a key of media',
    request(
      ['Content-Type: application/sdp'],
      `v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${secret}|2^20|1:4\r\n`,
    ),
    secret,
  ],
  ['an old key of media', request([], `v=0\r\nk=base64:${secret}\r\n`), secret],
  ['a password of ICE', request([], `v=0\r\na=ice-pwd:${secret}\r\n`), secret],
  [
    'the signature of our route',
    request(['Record-Route: <sip:AQDAqAABE85_AAABE8T0J8xkZW5RcwwaPQ@192.0.2.10:5070;lr>']),
    'J8xkZW5RcwwaPQ',
  ],
  [
    "a phone's configuration",
    wire(['NOTIFY sip:a SIP/2.0', 'Event: ua-profile;profile-type=device'], `password=${secret}\r\n`),
    secret,
  ],
  ['keys that are dialled', request(['Content-Type: application/dtmf-relay'], 'Signal=7\r\nDuration=160\r\n'), '7'],
];

test('no secret is shown, and every message is as long as it was', () => {
  for (const [name, text, hidden] of cases) {
    assert.ok(text.includes(hidden), name);
    const shown = mask(text);
    assert.equal(shown.length, text.length, name);
    assert.ok(!shown.includes(hidden), `${name}: ${shown}`);
    assert.equal(shown.replace(/[^\r\n]/g, ''), text.replace(/[^\r\n]/g, ''), `${name}: line ends stay`);
  }
});

test('what an admin looks for stays: nonce, user, realm, and whatever is no secret', () => {
  const text = request([
    'Authorization: Digest username="1001", realm="pbx", nonce="abc=", uri="sip:pbx", nc=00000001, cnonce="c", qop=auth, algorithm=MD5, opaque="", response="0123"',
  ]);
  assert.equal(mask(text), text.replace('0123', '****'));
  const plain = wire(
    ['NOTIFY sip:1001@192.0.2.1:5060;lr SIP/2.0', 'Route: <sip:proxy.test;lr>', 'Event: dialog'],
    '<dialog-info key="a=crypto"/>',
  );
  assert.equal(mask(plain), plain);
  const sdp = request([], 'v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0\r\na=sendrecv\r\n');
  assert.match(mask(sdp), /^a=crypto:1 AES_CM_128_HMAC_SHA1_80 \*{15}\r\na=sendrecv\r$/m);
});

/** Of the fastest of several runs, for others use the machine too; µs. */
function costOf(text: string): number {
  const head = readHead(text);
  const costs = Array.from({ length: 15 }, () => {
    const begin = process.hrtime.bigint();
    masked(text, head);
    return Number(process.hrtime.bigint() - begin) / 1000;
  });
  return Math.min(...costs);
}

const hostile = [
  'Authorization: ',
  'Authorization: Digest a=b\r\n',
  'a',
  'a ',
  'a=b,',
  'a="',
  'a="\\',
  '\\"',
  '"\\',
  '=',
  ' ',
  '\r\n ',
  'sip:',
  'sip:a:b',
  'sip:a:b@',
  '<sip:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@',
  '@',
  ' x',
  'k=x\r\n',
  'a=crypto:1 ',
  'Bearer ',
  'Bearer aaaaaaaa ',
] as const;

test('whoever writes a message makes nobody wait who masks it: eight times the text costs no more than that', () => {
  for (const begin of ['X: ', 'Authorization: ', 'Authorization: Digest ', 'Authorization: Digest a="', 'a=crypto:']) {
    for (const part of hostile) {
      const filled = (length: number) => request([begin + part.repeat(length / part.length)]);
      const isInProportion = () => costOf(filled(60_000)) < 8 * 4 * costOf(filled(7_500)) + 1_000;
      // what is quadratic never is; others that use the machine may spoil one look
      assert.ok(Array.from({ length: 10 }).some(isInProportion), `${begin}${part}`);
    }
  }
});

test('schemes that no password follows cost what other words do', () => {
  const isAlike = () =>
    costOf(request([`X: ${'sip:'.repeat(15_000)}`])) < 20 * costOf(request([`X: ${'sip.'.repeat(15_000)}`])) + 100;
  assert.ok(Array.from({ length: 10 }).some(isAlike));
});

test('a password is at most as long as a URI may have it, and belongs to the first scheme before it', () => {
  for (const [line, shown] of [
    ['sip:a:b@h', 'sip:a:*@h'],
    ['sips:a:b@h, SIP:c:d@h', 'sips:a:*@h, SIP:c:*@h'],
    ['sip:sip:b:c@h', 'sip:sip:***@h'],
    ['gossip:a:b@h', 'gossip:a:b@h'],
    ['sip::b@h sip:a:@h sip:a@h', 'sip::b@h sip:a:@h sip:a@h'],
    ['sip:a <b:c@h', 'sip:a <b:c@h'],
    [`sips:${'a'.repeat(200)}:${'b'.repeat(200)}@h`, `sips:${'a'.repeat(200)}:${'*'.repeat(200)}@h`],
    [`sip:${'a'.repeat(201)}:b@h`, `sip:${'a'.repeat(201)}:b@h`],
    [`sip:a:${'b'.repeat(201)}@h`, `sip:a:${'b'.repeat(201)}@h`],
  ] as const) {
    assert.equal(mask(line), shown, line);
  }
});

test('masking twice changes nothing more, and nothing is ever longer', () => {
  const part = fc.constantFrom(
    'Authorization: ',
    'Digest ',
    'response=',
    '"',
    ',',
    '\r\n',
    ' ',
    'a=crypto:1 X ',
    'sip:u:',
    '@h',
    'Bearer ',
    'abcdefgh12',
    '\\',
    ';lr>',
    '<sip:',
  );
  const property = fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
    const once = mask(parts.join(''));
    assert.equal(once.length, parts.join('').length);
    assert.equal(mask(once).length, once.length);
  });
  fc.assert(property, { numRuns: 300 });
});
