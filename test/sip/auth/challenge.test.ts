import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { systemRandom } from '../../../src/model/random.ts';
import { answerChallenge, readChallenges } from '../../../src/sip/auth/challenge.ts';
import { parseAuthorization, Secret, verifyDigest } from '../../../src/sip/auth/digest.ts';

const answer = { username: '1001', method: 'SUBSCRIBE', uri: 'sip:1001@192.0.2.7', count: 1 };
const secret = new Secret({ password: 'geheim' });

test('challenges are read in the order offered, and what cannot be answered is left out', () => {
  const lines = [
    'Digest realm="a", nonce="1", algorithm=SHA-256, qop="auth"',
    'Digest realm="a\\"b", nonce="2", opaque="o"',
    'Digest realm="a", nonce="3", algorithm=SHA-512-256, qop="auth"',
    'Digest realm="a", nonce="3", qop="auth-int"',
    'Digest realm="a", nonce="5", algorithm=SHA-256', // prepared tables would do: no nonce of ours is in its answer
    'Digest realm="a", nonce=""',
    'Digest nonce="3"',
    'Digest realm="a", realm="b", nonce="3"',
    `Digest realm="a", nonce="${'x'.repeat(600)}"`,
    'Basic realm="a"',
    'Digest',
    'Digest realm="a", nonce="4", algorithm=md5, qop="auth-int, auth", stale=TRUE',
  ];
  const read = readChallenges(lines, false);
  assert.deepEqual(
    read.map(({ nonce, algorithm, qop, stale, opaque, realm }) => [nonce, algorithm, qop, stale, opaque, realm]),
    [
      ['1', 'SHA-256', true, false, null, 'a'],
      ['2', 'MD5', false, false, 'o', 'a"b'],
      ['4', 'MD5', true, true, null, 'a'],
    ],
  );
});

test('what is answered is what the server’s side of the same house verifies, in MD5 and SHA-256, with qop and without', () => {
  const name = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' });
  fc.assert(
    fc.property(
      name,
      name,
      fc.constantFrom('MD5' as const, 'SHA-256' as const),
      fc.boolean(),
      fc.integer({ min: 1, max: 2 ** 31 }),
      (realm, nonce, algorithm, qop, count) => {
        if (algorithm === 'SHA-256' && !qop) return; // RFC 8760: never without
        const challenge = { proxy: false, realm, nonce, opaque: 'o"\\', algorithm, qop, stale: false };
        const header = answerChallenge(challenge, { ...answer, secret, count }, systemRandom);
        assert.equal(header?.[0], 'Authorization');
        const parsed = parseAuthorization(header?.[1] ?? '');
        assert.ok(parsed !== null, header?.[1]);
        assert.deepEqual([parsed.realm, parsed.nonce, parsed.algorithm], [realm, nonce, algorithm]);
        assert.equal(verifyDigest(parsed, 'SUBSCRIBE', secret), true);
        assert.equal(verifyDigest(parsed, 'NOTIFY', secret), false);
      },
    ),
  );
});

test('RFC 7616 3.9.1: the examples come out', () => {
  // The responses of the RFC are for a cnonce of its own, so they are compared by way of the verifier.
  const uri = '/dir/index.html';
  const auth = { cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ', nc: '00000001' };
  const fields = { username: 'Mufasa', realm: 'http-auth@example.org', uri, auth };
  const nonce = '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v';
  const lion = new Secret({ password: 'Circle of Life' });
  const md5 = { ...fields, nonce, algorithm: 'MD5' as const, response: '8ca523f5e9506fed4657c9700eebdbec' };
  const sha = '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1';
  assert.equal(verifyDigest(md5, 'GET', lion), true);
  assert.equal(verifyDigest({ ...md5, algorithm: 'SHA-256', response: sha }, 'GET', lion), true);
});

test('an MD5 of the password answers MD5 and nothing else; a 407 is answered in Proxy-Authorization', () => {
  const half = new Secret({ ha1: 'a'.repeat(32) });
  const challenge = {
    proxy: true,
    realm: 'a',
    nonce: '1',
    opaque: null,
    algorithm: 'MD5',
    qop: true,
    stale: false,
  } as const;
  assert.equal(answerChallenge(challenge, { ...answer, secret: half }, systemRandom)?.[0], 'Proxy-Authorization');
  assert.equal(
    answerChallenge({ ...challenge, algorithm: 'SHA-256' }, { ...answer, secret: half }, systemRandom),
    null,
  );
});
