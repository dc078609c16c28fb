import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { aorOf } from '../../../src/model/aor.ts';
import { systemRandom } from '../../../src/model/random.ts';
import { Authenticator, type AuthenticatorOptions, type AuthResult } from '../../../src/sip/auth/authenticator.ts';
import type { Credentials } from '../../../src/sip/auth/credentials.ts';
import type { SipAnswer, SipRequest } from '../../../src/sip/engine.ts';
import { LocalAddresses } from '../../../src/sip/local-addresses.ts';
import { Places } from '../../../src/sip/places.ts';
import { SecurityLog } from '../../../src/sip/security-log.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/silent-logger.ts';
import { requestOf, udpFlow, valuesOf } from '../front/fake-engine.ts';
import { answerTo, type DigestAnswer } from './digest-phone.ts';

export const uri = 'sip:1001@lamplighter.test';

export const places = new Places({
  domains: [{ name: 'lamplighter.test', aliases: ['example.com'] }],
  advertise: null,
  listen: ['127.0.0.1'],
  addresses: new LocalAddresses(new FakeClock(), () => []),
});

export function subscribe(
  authorizations: readonly string[] = [],
  address = '192.0.2.77',
  requestUri = uri,
  toParams = '',
  from = uri,
): SipRequest {
  const lines = authorizations.map((value) => `Authorization: ${value}\n`).join('');
  return requestOf(
    `SUBSCRIBE ${requestUri} SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bK1\nFrom: <${from}>;tag=f\nTo: <${uri}>${toParams}\n` +
      `Call-ID: c\nCSeq: 1 SUBSCRIBE\n${lines}Contact: <sip:1001@192.0.2.77>\nContent-Length: 0\n\n`,
    { ...udpFlow, remote: { address, port: 5060 } },
  );
}

export function setup(options: Partial<AuthenticatorOptions> = {}) {
  const users = new Map<string, Credentials>([
    ['1001', { realm: 'asterisk', password: 'secret1001' }],
    ['1002', { realm: 'asterisk', ha1: createHash('md5').update('1002:asterisk:secret1002').digest('hex') }],
  ]);
  const asked: string[] = [];
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const authenticator = new Authenticator({
    places,
    mode: 'pbx',
    trusted: [],
    lookup: async (user) => {
      asked.push(user);
      return users.get(user) ?? null;
    },
    facts: () => ({ realm: 'asterisk', md5Only: false }),
    secret: Buffer.alloc(32, 1),
    clock,
    random: systemRandom,
    security: new SecurityLog(logger, clock),
    ...options,
  });
  const challenge = async (): Promise<string> =>
    valuesOf(refusal(await authenticator.check(subscribe())), 'WWW-Authenticate').at(-1) ?? '';
  const login = async (phone: DigestAnswer, address?: string): Promise<AuthResult> =>
    authenticator.check(subscribe([answerTo(await challenge(), phone)], address));
  return { authenticator, users, asked, clock, logger, challenge, login };
}

export function refusal(result: AuthResult): SipAnswer {
  assert.ok(!result.ok, 'refused');
  return result.answer;
}

export function authenticated(user: string, how: 'digest' | 'trusted' = 'digest'): AuthResult {
  const domain = 'lamplighter.test';
  return { ok: true, who: aorOf(user, domain), domain, how };
}

export const eventsOf = ({ lines }: RecordingLogger) => lines.map(({ fields }) => (fields as { event: string }).event);

export const right = { user: '1001', password: 'secret1001' } as const;
