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

test('whoever writes a message makes nobody wait who masks it', () => {
  const long = 60_000;
  const shapes = [
    `Authorization: Digest ${'a'.repeat(long)}`,
    `Authorization: Digest ${'a="'.repeat(long / 3)}`,
    `Authorization: Digest ${'\\"'.repeat(long / 2)}`,
    `Authorization: ${' '.repeat(long)}`,
    'Authorization:'.repeat(long / 14),
    '<sip:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@'.repeat(long / 41),
    `<sip:${'a'.repeat(long)}`,
    'sip:a:b'.repeat(long / 7),
    `a=crypto:${' x'.repeat(long / 2)}`,
    'Bearer '.repeat(long / 7),
    `From: ${'"\\'.repeat(long / 2)}`,
    '\r\n '.repeat(long / 3),
  ];
  for (const shape of shapes) {
    const text = request([shape]);
    const begin = process.cpuUsage().user;
    mask(text);
    const ms = (process.cpuUsage().user - begin) / 1000;
    assert.ok(ms < 1_000, `${shape.slice(0, 30)}: ${ms} ms`);
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
