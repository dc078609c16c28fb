import assert from 'node:assert/strict';
import crypto, { createHash } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DigestSecret, parseAuthorization, Secret, verifyDigest } from '../../../src/sip/auth/digest.ts';

const rfc7616 = (algorithm: string, response: string): string =>
  'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", ' +
  `algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, ` +
  'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, ' +
  `response="${response}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;

function verified(header: string, method: string, secret: DigestSecret): boolean {
  const parsed = parseAuthorization(header);
  assert.ok(parsed !== null, 'the header is well formed');
  return verifyDigest(parsed, method, new Secret(secret));
}

test('RFC 7616 3.9.1: the MD5 and SHA-256 responses of the worked example are verified', () => {
  const circle = { password: 'Circle of Life' };
  const md5 = rfc7616('MD5', '8ca523f5e9506fed4657c9700eebdbec');
  const sha = rfc7616('SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1');
  assert.ok(verified(md5, 'GET', circle));
  assert.ok(verified(sha, 'GET', circle));
  for (const header of [md5, sha]) {
    assert.ok(!verified(header, 'POST', circle), 'another method');
    assert.ok(!verified(header, 'GET', { password: 'Circle of Lif' }), 'another password');
    assert.ok(!verified(header.replace('/dir/', '/dIr/'), 'GET', circle), 'another uri');
    assert.ok(!verified(header.replace('nc=00000001', 'nc=00000002'), 'GET', circle), 'another count');
  }
});

test('RFC 2617 3.5: the worked example is verified from the password and from MD5(user:realm:password)', () => {
  const header =
    'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ' +
    'uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b", ' +
    'response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"';
  assert.ok(verified(header, 'GET', { password: 'Circle Of Life' }));
  assert.ok(verified(header, 'GET', { ha1: '939e7578ed9e3c518a452acee763bce9' }));
  assert.ok(verified(header, 'GET', { ha1: '939E7578ED9E3C518A452ACEE763BCE9' }));
  assert.ok(!verified(header, 'GET', { ha1: '039e7578ed9e3c518a452acee763bce9' }));
});

test('RFC 2069: a response without qop is verified for MD5', () => {
  // The example of RFC 2069 as its erratum corrects it.
  const header =
    'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ' +
    'uri="/dir/index.html", response="1949323746fe6a43ef61f9606e7febea"';
  assert.ok(verified(header, 'GET', { password: 'CircleOfLife' }));
  assert.equal(parseAuthorization(header)?.auth, null);
  assert.equal(parseAuthorization(`${header}, algorithm=SHA-256`), null, 'SHA-256 without qop does not exist');
});

test('a password kept as MD5 can never verify a SHA-256 response', () => {
  const parsed = parseAuthorization(rfc7616('SHA-256', '0'.repeat(64)));
  assert.ok(parsed !== null);
  const secret = new Secret({ ha1: '939e7578ed9e3c518a452acee763bce9' });
  assert.equal(secret.a1('SHA-256', 'Mufasa', 'http-auth@example.org'), null);
  assert.ok(!verifyDigest(parsed, 'GET', secret));
});

test('quoted values may hold commas, equals signs and escapes; names and scheme are case-insensitive', () => {
  const parsed = parseAuthorization(
    `DIGEST Username="a\\"b\\\\c, nonce=x", REALM="r, s", nonce="n=" , uri="sip:a@b;x=1",response="${'A'.repeat(32)}" ,` +
      'algorithm="md5", qop="auth", nc=0000000a, cnonce="c"',
  );
  assert.deepEqual(parsed, {
    username: 'a"b\\c, nonce=x',
    realm: 'r, s',
    nonce: 'n=',
    uri: 'sip:a@b;x=1',
    response: 'a'.repeat(32),
    algorithm: 'MD5',
    auth: { cnonce: 'c', nc: '0000000a' },
  });
});

test('a name in UTF-8 is hashed as the bytes that came, a password as UTF-8', () => {
  const wireName = Buffer.from('jürgen', 'utf8').toString('latin1');
  const md5 = (text: string): string => createHash('md5').update(text, 'utf8').digest('hex');
  const response = md5(`${md5('jürgen:r:pässwort')}:n:${md5('SUBSCRIBE:sip:a@b')}`);
  const header = `Digest username="${wireName}", realm="r", nonce="n", uri="sip:a@b", response="${response}"`;
  assert.ok(verified(header, 'SUBSCRIBE', { password: 'pässwort' }));
});

const good = `Digest username="u", realm="r", nonce="n", uri="sip:a@b", response="${'0'.repeat(32)}"`;

test('garbage in Authorization is refused as a whole', () => {
  assert.ok(parseAuthorization(good) !== null);
  const bad = [
    '',
    'Digest',
    'Digest ',
    'Basic dTpw',
    good.replace('Digest ', 'Digest'),
    `${good},`,
    `${good}, ,qop=auth`,
    good.replace('realm', ',realm'),
    good.replace('"n"', '"n'),
    good.replace('"n"', 'n"'),
    good.replace('"n"', '"n\r\n"'),
    good.replace('"n"', '"n\u0000"'),
    good.replace('nonce="n"', 'nonce'),
    good.replace('"n", uri', '"n" uri'),
    good.replace('"u"', '""'),
    good.replace('nonce="n", ', ''),
    `${good}, nonce="m"`,
    `${good}, algorithm=MD5-sess`,
    `${good}, algorithm=SHA-512-256`,
    `${good}, qop=auth-int, nc=00000001, cnonce="c"`,
    `${good}, qop="auth,auth-int", nc=00000001, cnonce="c"`,
    `${good}, userhash=true`,
    good.replace('username="u"', "username*=UTF-8''u"),
    `${good}, qop=auth, nc=0000000g, cnonce="c"`,
    `${good}, qop=auth, nc=000000001, cnonce="c"`,
    `${good}, qop=auth, nc=-0000001, cnonce="c"`,
    `${good}, qop=auth, cnonce="c"`,
    `${good}, opaque="x\\"`,
    good.replace('"n"', '"n\\\u0000"'),
    good.replace('"n"', '\u00e4'),
    `${good} x`,
    `${good}; x=1`,
    `${good}, qop=auth`,
    `${good}, qop=auth, nc=1, cnonce="c"`,
    `${good}, qop=auth, nc=00000001, cnonce=""`,
    good.replace('0'.repeat(32), '0'.repeat(31)),
    good.replace('0'.repeat(32), 'g'.repeat(32)),
    `Digest ${'\\"'.repeat(20_000)}`,
    `Digest a="${'\\'.repeat(20_001)}`,
  ];
  for (const value of bad) assert.equal(parseAuthorization(value), null, value.slice(0, 120));
});

test('no text makes the reader throw or hang', () => {
  const piece = fc.constantFrom('Digest ', 'nonce', '=', '"', '\\', ',', ' ', 'a', 'realm="x"', '\t', '\u00e4', ';');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      parseAuthorization(pieces.join(''));
      parseAuthorization(`${good}${pieces.join('')}`);
    }),
  );
});

test('a value made to send the match back and forth is refused as fast as any other', () => {
  const blanks = ' '.repeat(4000);
  const began = process.cpuUsage().user;
  assert.equal(parseAuthorization(`Digest a=b,${blanks}x${blanks}"`), null);
  assert.ok(process.cpuUsage().user - began < 2_000_000, 'it grew with the cube of the length once');
});

test('a user name longer than any PBX has is no authorization', () => {
  const value = (user: string) =>
    `Digest username="${user}", realm="r", nonce="n", uri="sip:a@b", response="${'0'.repeat(32)}"`;
  assert.notEqual(parseAuthorization(value('u'.repeat(128))), null);
  assert.equal(parseAuthorization(value('u'.repeat(129))), null);
});

test('userhash=false, unknown parameters, blanks and tabs, and very long values are read', () => {
  const long = 'x'.repeat(7000);
  const parsed = parseAuthorization(
    `Digest \t ${good.slice(7).replaceAll(', ', '\t ,  ').replaceAll('=', ' = ')} , userhash=false, x-own="${long}", cnonce=c`,
  );
  assert.equal(parsed?.nonce, 'n');
  const nonce = parseAuthorization(good.replace('"n"', `"${long}"`))?.nonce;
  assert.equal(nonce?.length, 7000);
});

test('a secret computes A1 once for a phone, and again for another name, realm or algorithm', (t) => {
  const spy = t.mock.method(crypto, 'hash');
  syncBuiltinESMExports();
  t.after(() => {
    spy.mock.restore();
    syncBuiltinESMExports();
  });
  const secret = new Secret({ password: 'p' });
  const hashes = (change: (header: string) => string = (header) => header): number => {
    const before = spy.mock.callCount();
    const parsed = parseAuthorization(change(good));
    assert.ok(parsed !== null);
    verifyDigest(parsed, 'SUBSCRIBE', secret);
    return spy.mock.callCount() - before;
  };
  const sha = (header: string) =>
    `${header.replace(/response="0*"/, `response="${'0'.repeat(64)}"`)}, algorithm=SHA-256, qop=auth, nc=00000001, cnonce="c"`;
  assert.deepEqual([hashes(), hashes()], [3, 2]);
  assert.deepEqual([hashes(sha), hashes(sha), hashes()], [3, 2, 2]);
  assert.deepEqual([hashes((one) => one.replace('"u"', '"v"')), hashes()], [3, 3]);
  assert.deepEqual([hashes((one) => one.replace('"r"', '"s"')), hashes()], [3, 3]);
});

test('a secret that stands in for nobody verifies nothing, not even its own password', () => {
  const header = rfc7616('MD5', '8ca523f5e9506fed4657c9700eebdbec');
  const parsed = parseAuthorization(header);
  assert.ok(parsed !== null);
  assert.ok(verifyDigest(parsed, 'GET', new Secret({ password: 'Circle of Life' })));
  assert.ok(!verifyDigest(parsed, 'GET', new Secret({ password: 'Circle of Life' }, false)));
});
