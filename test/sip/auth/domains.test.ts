import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aorOf } from '../../../src/model/aor.ts';
import { systemRandom } from '../../../src/model/random.ts';
import { Authenticator, type AuthenticatorOptions, type AuthResult } from '../../../src/sip/auth/authenticator.ts';
import type { SipRequest } from '../../../src/sip/engine.ts';
import { LocalAddresses } from '../../../src/sip/local-addresses.ts';
import { Places } from '../../../src/sip/places.ts';
import { SecurityLog } from '../../../src/sip/security-log.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/silent-logger.ts';
import { requestOf, udpFlow, valuesOf } from '../front/fake-engine.ts';
import { answerTo, type DigestAnswer } from './digest-phone.ts';

const [north, south] = ['north.test', 'south.test'];

type Facts = AuthenticatorOptions['facts'];
const own: Facts = (_user, domain) => ({ realm: domain, md5Only: false });
/** A PBX with one realm for all its domains: From and the password alone tell them apart. */
const common: Facts = () => ({ realm: 'pbx', md5Only: false });

/** Two domains with one user each, called 1001. */
function setup(options: Partial<AuthenticatorOptions> = {}) {
  const asked: string[] = [];
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const facts = options.facts ?? own;
  const authenticator = new Authenticator({
    places: new Places({
      domains: [
        { name: north, aliases: [] },
        { name: south, aliases: ['s.test'] },
      ],
      advertise: null,
      listen: ['127.0.0.1'],
      addresses: new LocalAddresses(clock, () => []),
    }),
    mode: 'pbx',
    trusted: [],
    lookup: async (user, domain) => {
      asked.push(`${user} of ${domain}`);
      const { realm } = facts(user, domain) ?? { realm: '' };
      return user === '1001' ? { realm, password: domain } : null;
    },
    facts,
    secret: Buffer.alloc(32, 1),
    clock,
    random: systemRandom,
    security: new SecurityLog(logger, clock),
    ...options,
  });
  const challengeTo = async (from: string) => challengeIn(await authenticator.check(subscribe(from)));
  /** A phone that writes this From, challenged and answering. */
  const login = async (host: string, phone: DigestAnswer) => {
    const from = `sip:1001@${host}`;
    const header = answerTo(await challengeTo(from), { uri: `sip:1001@${north}`, ...phone });
    return authenticator.check(subscribe(from, header));
  };
  return { authenticator, asked, logger, challengeTo, login };
}

function subscribe(from: string, authorization?: string, requestUri = `sip:1001@${north}`): SipRequest {
  const line = authorization === undefined ? '' : `Authorization: ${authorization}\n`;
  return requestOf(
    `SUBSCRIBE ${requestUri} SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bK1\nFrom: <${from}>;tag=f\nTo: <sip:x@y.test>\n` +
      `Call-ID: c\nCSeq: 1 SUBSCRIBE\n${line}Contact: <sip:1001@192.0.2.77>\nContent-Length: 0\n\n`,
    udpFlow,
  );
}

/** The last challenge of a refusal. */
function challengeIn(result: AuthResult): string {
  assert.ok(!result.ok && result.answer.status === 401);
  return valuesOf(result.answer, 'WWW-Authenticate').at(-1) ?? '';
}

function authenticated(domain: string, how: 'digest' | 'trusted' = 'digest'): AuthResult {
  return { ok: true, who: aorOf('1001', domain), domain, how };
}

for (const [name, facts] of [
  ['a realm each', own],
  ['one realm for all', common],
] as const) {
  test(`${name}: what is remembered of a user is not taken for his namesake`, async () => {
    const { login, asked } = setup({ facts });
    for (let round = 0; round < 2; round += 1) {
      assert.deepEqual(await login(north, { user: '1001', password: north }), authenticated(north));
      assert.deepEqual(await login('S.test', { user: '1001', password: south }), authenticated(south));
      assert.deepEqual(await login(south, { user: '1001@South.test', password: south }), authenticated(south));
      challengeIn(await login(north, { user: '1001', password: south }));
      challengeIn(await login(south, { user: '1001', password: north }));
      challengeIn(await login(south, { user: '1001@north.test', password: north }));
    }
    assert.deepEqual(asked, ['1001 of north.test', '1001 of south.test', '1001@north.test of south.test']);
  });
}

test('an answer to the challenge of one domain is worth nothing in another, even with the same realm and password', async () => {
  const { authenticator, challengeTo, login, asked, logger } = setup({ facts: common });
  // A digest over an address is good for every name of ours, and this one also has the password of the namesake.
  const phone = { user: '1001', password: south, uri: 'sip:1001@127.0.0.1' };
  const header = answerTo(await challengeTo(`sip:1001@${north}`), phone);
  const moved = await authenticator.check(subscribe(`sip:1001@${south}`, header, `sip:1001@${south}`));
  assert.match(challengeIn(moved), /stale=true$/);
  assert.deepEqual([asked, logger.lines], [[], []], 'nobody is asked, nobody is blamed');
  assert.ok((await login(south, phone)).ok, 'to a challenge of that domain the same phone answers well');
});

test('a host that is none of ours, and no host at all, is the default domain', async () => {
  const { login, challengeTo } = setup();
  assert.deepEqual(await login('198.51.100.7', { user: '1001', password: north }), authenticated(north));
  assert.match(await challengeTo('tel:1001'), /realm="north\.test"/);
});

test('trusted: a From of elsewhere is somebody, and nobody of ours', async () => {
  const { authenticator } = setup({ mode: 'trusted', trusted: ['192.0.2.0/24'] });
  assert.deepEqual(await authenticator.check(subscribe('sip:1001@s.test')), authenticated(south, 'trusted'));
  const elsewhere = await authenticator.check(subscribe('sip:1001@elsewhere.test'));
  assert.deepEqual(elsewhere, { ok: true, who: '1001@elsewhere.test', domain: null, how: 'trusted' });
  const nobody = await authenticator.check(subscribe('tel:1001'));
  assert.deepEqual(nobody, { ok: true, who: null, domain: null, how: 'trusted' });
});
