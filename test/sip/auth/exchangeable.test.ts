import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../../src/model/random.ts';
import { Authenticator, type AuthenticatorOptions } from '../../../src/sip/auth/authenticator.ts';
import { ExchangeableAuthenticator } from '../../../src/sip/auth/exchangeable.ts';
import type { SipRequest } from '../../../src/sip/engine.ts';
import { LocalAddresses } from '../../../src/sip/local-addresses.ts';
import { Places } from '../../../src/sip/places.ts';
import { SecurityLog } from '../../../src/sip/security-log.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/silent-logger.ts';
import { requestOf, udpFlow, valuesOf } from '../front/fake-engine.ts';
import { answerTo } from './digest-phone.ts';

const domain = 'lamplighter.test';
const uri = `sip:1001@${domain}`;

function subscribe(authorization?: string): SipRequest {
  const line = authorization === undefined ? '' : `Authorization: ${authorization}\n`;
  return requestOf(
    `SUBSCRIBE ${uri} SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bK1\nFrom: <${uri}>;tag=f\nTo: <${uri}>\n` +
      `Call-ID: c\nCSeq: 1 SUBSCRIBE\n${line}Contact: <sip:1001@192.0.2.77>\nContent-Length: 0\n\n`,
    { ...udpFlow, remote: { address: '192.0.2.77', port: 5060 } },
  );
}

test('one that takes the place of another knows its nonces, and which counts were used; passwords it looks up anew', async () => {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const security = new SecurityLog(logger, clock);
  const addresses = new LocalAddresses(clock, () => []);
  const places = new Places({ domains: [{ name: domain, aliases: [] }], advertise: null, listen: [], addresses });
  const options = (password: string): AuthenticatorOptions => ({
    mode: 'users',
    trusted: [],
    lookup: async () => ({ realm: domain, password }),
    facts: () => ({ realm: domain, md5Only: false }),
    secret: Buffer.alloc(32, 1),
    places,
    clock,
    random: systemRandom,
    security,
  });
  const authenticator = new ExchangeableAuthenticator(new Authenticator(options('first')));
  const challenged = await authenticator.check(subscribe());
  assert.ok(!challenged.ok);
  const [challenge = ''] = valuesOf(challenged.answer, 'WWW-Authenticate');
  const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1] ?? '';
  const send = (nc: number, password: string) =>
    authenticator.check(subscribe(answerTo(challenge, { user: '1001', password, uri, method: 'SUBSCRIBE', nc })));
  assert.equal((await send(1, 'first')).ok, true);

  const { memory } = authenticator;
  authenticator.exchange(new Authenticator({ ...options('first'), memory }));
  assert.equal((await send(1, 'first')).ok, false, 'a replay stays one');
  assert.ok(logger.lines.some(({ fields }) => (fields as { event?: string }).event === 'nonce-replay'));
  assert.equal((await send(2, 'first')).ok, true, 'and no phone is challenged again');
  assert.equal(authenticator.issued(nonce, domain), true);

  authenticator.exchange(new Authenticator({ ...options('second'), memory: authenticator.memory }));
  assert.equal((await send(3, 'first')).ok, false);
  assert.equal((await send(4, 'second')).ok, true);
});
