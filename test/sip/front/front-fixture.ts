import assert from 'node:assert/strict';
import type { Domain } from '../../../src/model/domain.ts';
import { systemRandom } from '../../../src/model/random.ts';
import { Authenticator, type AuthMode } from '../../../src/sip/auth/authenticator.ts';
import type { Flow, SipAnswer, SipRequest } from '../../../src/sip/engine.ts';
import type { SubscribeAnswer, SubscribeRequest } from '../../../src/sip/front.ts';
import { LocalAddresses } from '../../../src/sip/local-addresses.ts';
import { Places } from '../../../src/sip/places.ts';
import { SecurityLog } from '../../../src/sip/security-log.ts';
import { SipFront, type SipFrontOptions } from '../../../src/sip/sip-front.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/silent-logger.ts';
import { answerTo } from '../auth/digest-phone.ts';
import { FakeEngine, requestOf, udpFlow, valuesOf } from './fake-engine.ts';

export interface SubscribeText {
  readonly uri?: string;
  readonly cseq?: number;
  readonly from?: string;
  readonly to?: string;
  /** Lines without line ends; replaces the usual Event, Contact and Expires lines where it names them. */
  readonly lines?: readonly string[];
  /** Names of usual lines to leave out. */
  readonly without?: readonly string[];
  readonly body?: string;
  readonly flow?: Flow;
}

/** A SUBSCRIBE of 1001 as a phone writes it, with what the test wants different. */
export function subscribe(text: SubscribeText = {}): SipRequest {
  const { uri = 'sip:1001@lamplighter.test', cseq = 1, lines = [], without = [], body = '', flow = udpFlow } = text;
  const { from = '"Desk" <sip:1001@lamplighter.test>;tag=phone', to = '<sip:1001@lamplighter.test>' } = text;
  const usual = ['Event: dialog', 'Contact: <sip:1001@192.0.2.77:5060;line=7>', 'Expires: 600'];
  const named = (line: string): string => line.split(':', 1)[0] ?? '';
  const gone = new Set([...without, ...lines.map(named)]);
  const all = [
    `SUBSCRIBE ${uri} SIP/2.0`,
    ...(gone.has('Via') ? [] : [`Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bK${cseq}`]),
    `From: ${from}`,
    `To: ${to}`,
    'Call-ID: call@phone',
    `CSeq: ${cseq} SUBSCRIBE`,
    ...usual.filter((line) => !gone.has(named(line))),
    ...lines,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return requestOf(`${all.join('\n')}\n\n${body}`, flow);
}

export interface FrontSetup extends Partial<SipFrontOptions> {
  readonly mode?: AuthMode;
  /** Beside lamplighter.test. */
  readonly domains?: readonly Domain[];
  /** The notifier's part. */
  readonly answer?: (request: SubscribeRequest) => SubscribeAnswer | Promise<SubscribeAnswer>;
}

/** A started front on a fake engine. Sources in 192.0.2.0/24 are trusted unless `mode` says otherwise. */
export async function startFront({ mode = 'trusted', domains: more = [], answer, ...options }: FrontSetup = {}) {
  const clock = new FakeClock();
  const engine = new FakeEngine();
  const logger = new RecordingLogger();
  const seen: SubscribeRequest[] = [];
  const lookups: string[] = [];
  const addresses = new LocalAddresses(clock, () => [
    { address: '192.0.2.1', cidr: '192.0.2.1/24', internal: false },
    { address: '198.51.100.1', cidr: '198.51.100.1/24', internal: false },
  ]);
  const domain = 'lamplighter.test';
  const domains = [{ name: domain, aliases: ['alias.test'] }, ...more] as const;
  const places = new Places({ domains, advertise: null, listen: ['0.0.0.0'], addresses });
  const authenticator = new Authenticator({
    places,
    mode,
    trusted: ['192.0.2.0/24'],
    lookup: async (user) => {
      lookups.push(user);
      return /^10\d\d$/.test(user) ? { realm: domain, password: `secret${user}` } : null;
    },
    facts: () => ({ realm: domain, md5Only: false }),
    secret: Buffer.alloc(32, 3),
    clock,
    random: systemRandom,
    security: new SecurityLog(logger, clock),
  });
  const front = new SipFront({
    engine,
    random: systemRandom,
    logger,
    authenticator,
    places,
    allowEvents: ['as-feature-event', 'dialog'],
    maxBodyBytes: 65_536,
    advertise: null,
    ...options,
  });
  await front.start(async (request) => {
    seen.push(request);
    return answer === undefined ? { status: 200, expires: request.expires ?? 3600 } : answer(request);
  });
  const send = (text?: SubscribeText): Promise<SipAnswer> => engine.receive(subscribe(text));
  return { clock, engine, logger, front, seen, lookups, send, places };
}

/** The To header that follows from a 2xx: what the phone puts into its next SUBSCRIBE. */
export function toWithTag(answer: SipAnswer): string {
  assert.ok(answer.toTag !== undefined, 'the answer made a dialog');
  return `<sip:1001@lamplighter.test>;tag=${answer.toTag}`;
}

/** Sends a SUBSCRIBE, answers the challenge as `user`, and gives the second answer. */
export async function login(
  send: (text?: SubscribeText) => Promise<SipAnswer>,
  user: string,
  text: SubscribeText = {},
): Promise<SipAnswer> {
  const challenged = await send(text);
  assert.equal(challenged.status, 401);
  const challenge = valuesOf(challenged, 'WWW-Authenticate')[1] ?? '';
  const uri = text.uri ?? 'sip:1001@lamplighter.test';
  const header = `Authorization: ${answerTo(challenge, { user, password: `secret${user}`, uri })}`;
  return send({ ...text, cseq: (text.cseq ?? 1) + 1, lines: [...(text.lines ?? []), header] });
}
