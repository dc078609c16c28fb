import assert from 'node:assert/strict';
import { Daemon, Home } from '../support/daemon.ts';
import { type AlgorithmChoice, answerTo, challengesOf } from '../support/phone/digest.ts';
import { type Notify, Phone, type Subscription } from '../support/phone.ts';
import { Hand, type Lines, type Talk } from './hand.ts';

/** What a phone claims and shows. Hosts are free: that is what these tests are about. */
export interface Claim {
  readonly user?: string;
  /** Host of From. */
  readonly from: string;
  /** Default: that of From. */
  readonly to?: string;
  /** The Request-URI; default: the user at the host of From. */
  readonly uri?: string;
  /** What stands in Authorization; default: the user. */
  readonly username?: string;
  /** Default: what the user has in north.test. */
  readonly password?: string;
  readonly event?: string;
  readonly body?: string;
  readonly talk?: Talk;
  readonly algorithm?: AlgorithmChoice;
  readonly lines?: Lines;
}

export interface Answered {
  readonly status: number;
  /** Of the first challenge; null: there was none. */
  readonly realm: string | null;
  readonly talk: Talk;
  readonly text: string;
}

/** Short requests are offered MD5 alone. */
export const padding = 'a phone with a long name '.repeat(8).trim();

const passwords: Readonly<Record<string, string>> = {
  'north.test': 'north',
  'south.test': 'south',
  'east.test': 'east',
};

const simulated = `
  - { name: n, type: simulated, extensions: ['1001-1006'], password: 'north<ext>' }
  - { name: s, type: simulated, domain: south.test, extensions: ['1001-1006', '2001', '3001'], password: 'south<ext>' }
  - { name: e, type: simulated, domain: EAST.test, extensions: ['1001', '3001'], password: 'east<ext>' }`;

/** One daemon for the tenants north.test (the default), south.test and east.test, with equal numbers and other passwords. */
export class TenantsRig {
  readonly home = new Home();
  daemon!: Daemon;
  #open: { close(): Promise<unknown> }[] = [];

  /** `sip`: settings of that section; `pbx`: other PBXs than one for each domain. */
  static async open(sip = '', pbx = simulated): Promise<TenantsRig> {
    const rig = new TenantsRig();
    const config = rig.home.write(
      'lamplighter.yaml',
      `version: 1
domain: north.test
aliases: [n.test]
domains:
  - { name: South.test, aliases: [s.test, 192.0.2.50] }
  - { name: east.test }
  - { name: empty.test }
sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'], ${sip} }
store: { path: ${rig.home.path('lamplighter.db')} }
http: { listen: '127.0.0.1:0' }
log: { format: json }
pbx:
${pbx}
phones: { profiles: [{ name: quick, match: '.', notifyMinIntervalMs: 0 }] }
`,
    );
    try {
      rig.daemon = await Daemon.start(config);
      await rig.daemon.ready();
    } catch (error) {
      await rig.close();
      throw error;
    }
    return rig;
  }

  /** The password of a user of a domain. */
  password(user: string, domain: string): string {
    return `${passwords[domain]}${user}`;
  }

  async hand(transport: 'udp' | 'tcp' = 'udp'): Promise<Hand> {
    const port = transport === 'udp' ? this.daemon.udpPort : this.daemon.tcpPort;
    const hand = await Hand.open({ host: '127.0.0.1', port }, transport);
    this.#open.push(hand);
    return hand;
  }

  async phone(user: string, domain: string, server: 'udp' | 'tcp' = 'udp'): Promise<Phone> {
    const port = server === 'udp' ? this.daemon.udpPort : this.daemon.tcpPort;
    const phone = await Phone.open({
      user,
      password: this.password(user, domain),
      domain,
      server: { host: '127.0.0.1', port, transport: server },
    });
    this.#open.push(phone);
    return phone;
  }

  /** A SUBSCRIBE and, where it is challenged, a second one with credentials. */
  async ask(hand: Hand, claim: Claim): Promise<Answered> {
    const { user = '1001', from, to = from, event = 'dialog', body = '' } = claim;
    const talk = claim.talk ?? hand.talk(user);
    const uri = claim.uri ?? (claim.talk === undefined ? `sip:${user}@${from}` : talk.target);
    const lines = (): Lines => ({
      From: `<sip:${user}@${from}>;tag=${talk.fromTag}`,
      To: `<sip:${user}@${to}>${talk.toTag === null ? '' : `;tag=${talk.toTag}`}`,
      'User-Agent': padding,
      ...(body === '' ? {} : { 'Content-Type': 'application/x-as-feature-event+xml' }),
      ...claim.lines,
    });
    const first = await hand.ask({ user, talk, uri, event, body, lines: lines(), answerChallenge: false });
    const offered = challengesOf(first.message);
    const chosen = offered.find(({ algorithm }) => claim.algorithm === undefined || algorithm === claim.algorithm);
    if (first.status !== 401 || chosen === undefined) {
      return { status: first.status, realm: null, talk, text: first.text };
    }
    const secret = { user: claim.username ?? user, password: claim.password ?? this.password(user, 'north.test') };
    const [name, value] = answerTo(chosen, secret, 'SUBSCRIBE', uri, 1);
    const second = await hand.ask({
      user,
      talk,
      uri,
      event,
      body,
      lines: { ...lines(), [name]: value },
      answerChallenge: false,
    });
    return { status: second.status, realm: chosen.realm, talk, text: second.text };
  }

  async act<T = unknown>(what: string, body: object): Promise<T> {
    const answer = await this.daemon.api<T>(`/api/v1/simulator/${what}`, { method: 'POST', body });
    assert.ok(answer.status < 300, JSON.stringify(answer.body));
    return answer.body;
  }

  /** Lines of the security log of this event. */
  security(event: string): readonly Record<string, unknown>[] {
    return this.daemon.log.filter((line) => line['room'] === 'security' && line['event'] === event);
  }

  async tidy(): Promise<void> {
    const open = this.#open;
    this.#open = [];
    await Promise.all(open.map((one) => one.close()));
  }

  async close(): Promise<void> {
    await this.tidy();
    await this.daemon?.kill();
    this.home.remove();
  }
}

/** Subscribes and waits for the first NOTIFY. */
export async function watching(phone: Phone, resource: string): Promise<Subscription> {
  const subscription = await phone.subscribe({ event: 'dialog', resource });
  assert.equal(subscription.response.status, 200, resource);
  await subscription.next();
  return subscription;
}

/** The hosts of all SIP URIs in a document, each once. */
export function hostsIn({ body }: Notify): string[] {
  return [...new Set([...body.matchAll(/sips?:[^@"<>]*@([\w.-]+)/g)].map((match) => match[1] ?? ''))].sort();
}
