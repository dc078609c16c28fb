import { createHash } from 'node:crypto';
import { aorOf } from '../../../src/model/aor.ts';
import type { RegistrationRow } from '../../../src/model/phone.ts';
import type { Random } from '../../../src/model/random.ts';
import type { Flow, HeaderEdits, RelayedResponse, SipRequest } from '../../../src/sip/engine.ts';
import { RegisterLearner } from '../../../src/sip/inline/learning.ts';
import { LearntPhones, type LearntPhonesOptions } from '../../../src/sip/inline/registrations.ts';
import { LocalAddresses } from '../../../src/sip/local-addresses.ts';
import { parseMessage } from '../../../src/sip/message/parse.ts';
import { Places } from '../../../src/sip/places.ts';
import { SecurityLog } from '../../../src/sip/security-log.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/silent-logger.ts';
import { requestOf, udpFlow } from '../front/fake-engine.ts';

export const alice = aorOf('1001', 'lamplighter.test');
export const bob = aorOf('1002', 'lamplighter.test');
export const here = '192.0.2.1:5060';
export const secret = Buffer.alloc(32, 7);

export function flowAt(address: string, port = 5062, transport: Flow['transport'] = 'udp', connection = ''): Flow {
  return { ...udpFlow, transport, remote: { address, port }, connection };
}

export const home = flowAt('198.51.100.7');

export interface RegisterWords {
  readonly user?: string;
  readonly to?: string;
  readonly from?: string;
  /** Whole lines, without line ends. */
  readonly lines?: readonly string[];
  readonly flow?: Flow;
  readonly via?: string;
}

let made = 0;

/** A digest that was never used; `same`: one that is always the same. */
export function authorization(same?: string, realm = 'pbx'): string {
  made += 1;
  const cnonce = same ?? `c${made}`;
  const response = createHash('md5').update(cnonce).digest('hex');
  return `Authorization: Digest username="1001", realm="${realm}", nonce="n", uri="sip:x", response="${response}", qop=auth, nc=00000001, cnonce="${cnonce}"`;
}

/** A REGISTER as the engine hands it on. */
export function register(contact: string | readonly string[], words: RegisterWords = {}): SipRequest {
  const { user = '1001', lines = [authorization()], flow = home } = words;
  const uri = words.to ?? `sip:${user}@lamplighter.test`;
  const contacts = (typeof contact === 'string' ? [contact] : contact).map((value) => `Contact: ${value}`);
  const all = [
    'REGISTER sip:lamplighter.test SIP/2.0',
    `Via: ${words.via ?? 'SIP/2.0/UDP 10.0.0.5:5062;branch=z9hG4bK1'}`,
    `From: <${words.from ?? uri}>;tag=f`,
    `To: <${uri}>`,
    'Call-ID: c',
    'CSeq: 1 REGISTER',
    ...contacts,
    ...lines,
    'Content-Length: 0',
  ];
  return requestOf(`${all.join('\n')}\n\n`, flow);
}

/** The PBX's answer, through the real parser. */
export function answer(status: number, ...lines: readonly string[]): RelayedResponse {
  const head = [
    `SIP/2.0 ${status} X`,
    'Via: SIP/2.0/UDP 10.0.0.5:5062;branch=z9hG4bK1',
    'From: <sip:1001@lamplighter.test>;tag=f',
    'To: <sip:1001@lamplighter.test>;tag=t',
    'Call-ID: c',
    'CSeq: 1 REGISTER',
  ];
  const text = [...head, ...lines, 'Content-Length: 0', '', ''].join('\r\n');
  const parsed = parseMessage(Buffer.from(text, 'utf8'), 'datagram');
  if (parsed.kind !== 'response') throw new Error(`not a response: ${JSON.stringify(parsed)}`);
  const { headers } = parsed;
  return { status, flow: udpFlow, header: (name) => headers.get(name), headers: (name) => headers.all(name) };
}

/** The store of a test: rows as they would be after a restart, and what was done. */
export class Rows {
  readonly rows = new Map<string, RegistrationRow>();
  readonly done: string[] = [];
  broken = false;

  async putRegistration(row: RegistrationRow): Promise<void> {
    this.done.push(`put ${row.id}`);
    if (this.broken) throw new Error('no space');
    this.rows.set(row.id, row);
  }

  touchRegistration(row: RegistrationRow): void {
    this.done.push(`touch ${row.id}`);
    if (this.rows.has(row.id)) this.rows.set(row.id, row);
  }

  async deleteRegistration(id: string): Promise<void> {
    this.done.push(`delete ${id}`);
    this.rows.delete(id);
  }
}

const steady: Random = { bytes: (count) => Buffer.alloc(count), fraction: () => 0.5 };

export const places = new Places({
  domains: [
    { name: 'lamplighter.test', aliases: ['example.com'] },
    { name: 'tenant.test', aliases: [] },
  ],
  advertise: null,
  listen: ['192.0.2.1'],
  addresses: new LocalAddresses(new FakeClock(), () => []),
});

export function learning(reach: 'contact' | 'path' = 'contact', more: Partial<LearntPhonesOptions> = {}) {
  const clock = new FakeClock();
  const store = new Rows();
  const logger = new RecordingLogger();
  const security = new SecurityLog(logger, clock);
  const phones = new LearntPhones({ secret, store, clock, logger, ...more });
  const learner = new RegisterLearner({ phones, reach, places, clock, random: steady, logger, security });
  return { clock, store, logger, phones, learner };
}

export type Learning = ReturnType<typeof learning>;

/** The Contact lines of edits. */
export function contactsOf(edits: HeaderEdits | null): readonly string[] {
  return edits?.get('Contact') ?? [];
}

/** Registers as a PBX would grant it: what it was sent, with this many seconds each. */
export function granted(at: Learning, request: SipRequest, seconds = 3600): HeaderEdits | null {
  const sent = contactsOf(at.learner.outgoing(request, here));
  const lines = sent.map((value) => `Contact: ${value.replace(/;expires=\d+/, '')};expires=${seconds}`);
  return at.learner.incoming(request, answer(200, ...lines));
}
