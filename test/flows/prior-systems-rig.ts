import assert from 'node:assert/strict';
import { Daemon, Home } from '../support/daemon.ts';
import {
  type DialogInfo,
  dialogInfo,
  type FeatureEvent,
  featureEvents,
  featureType,
  type Message,
  type Notify,
  Phone,
  type PhoneOptions,
  type Subscription,
} from '../support/phone.ts';
import { domain } from './simulated.ts';

export const features = 'as-feature-event';

/** What a test may say of its phone; the address of the daemon is put in here. */
export type PhoneChoice = Partial<Omit<PhoneOptions, 'server'>> & { readonly transport?: 'udp' | 'tcp' };

/** A phone with one subscription that has heard the first full picture. */
export interface Desk {
  readonly user: string;
  readonly phone: Phone;
  readonly sub: Subscription;
}

/** One daemon with a simulated PBX for all tests of a file; each test takes extensions of its own. */
export class Bench {
  readonly daemon: Daemon;
  readonly #home: Home;
  readonly #phones: Phone[] = [];
  #last = 2000;

  private constructor(daemon: Daemon, home: Home) {
    this.daemon = daemon;
    this.#home = home;
  }

  static async open(): Promise<Bench> {
    const home = new Home();
    const daemon = await Daemon.start(writeConfig(home));
    await daemon.ready();
    return new Bench(daemon, home);
  }

  async close(): Promise<void> {
    for (const phone of this.#phones) await phone.close();
    await this.daemon.kill();
    this.#home.remove();
  }

  /** An extension that no other test has touched. */
  user(): string {
    this.#last += 1;
    return String(this.#last);
  }

  async phone(user = this.user(), { transport = 'udp', ...options }: PhoneChoice = {}): Promise<Phone> {
    const phone = await openPhone(this.daemon, user, { transport, ...options });
    this.#phones.push(phone);
    return phone;
  }

  /** Subscribed to its own features; over TCP, where the full picture is one NOTIFY, unless told otherwise. */
  async desk(user = this.user(), options: PhoneChoice = {}): Promise<Desk> {
    const phone = await this.phone(user, { transport: 'tcp', ...options });
    const sub = await phone.subscribe({ event: features });
    assert.equal(sub.response.status, 200);
    await picture(sub);
    return { user, phone, sub };
  }

  /** A lamp for `target` on another user's phone, which has had its first document. */
  async lamp(target: string, options: PhoneChoice = {}): Promise<Desk> {
    const user = this.user();
    const phone = await this.phone(user, options);
    const sub = await phone.subscribe({ event: 'dialog', resource: target });
    assert.equal(sub.response.status, 200);
    await sub.next();
    return { user, phone, sub };
  }

  async put(ext: string, feature: string, body: object): Promise<void> {
    const { status } = await this.daemon.api(`/api/v1/extensions/${ext}/features/${feature}`, { method: 'PUT', body });
    assert.equal(status, 200);
  }

  async features(ext: string): Promise<Record<string, Record<string, unknown>>> {
    const { body } = await this.daemon.api<{ features: Record<string, Record<string, unknown>> }>(
      `/api/v1/extensions/${ext}`,
    );
    return body.features;
  }

  async simulate(action: string, body: object): Promise<string> {
    const answer = await this.daemon.api<{ id?: string }>(`/api/v1/simulator/${action}`, { method: 'POST', body });
    assert.equal(answer.status, 200);
    return answer.body.id ?? '';
  }

  async subscriptions(ext: string): Promise<{ id: number; lastStatus: number | null; expiresAt: string }[]> {
    const { body } = await this.daemon.api<{ id: number; lastStatus: number | null; expiresAt: string }[]>(
      `/api/v1/subscriptions?ext=${ext}`,
    );
    return body;
  }
}

export function openPhone(
  daemon: Daemon,
  user: string,
  { transport = 'udp', ...options }: PhoneChoice,
): Promise<Phone> {
  const port = transport === 'udp' ? daemon.udpPort : daemon.tcpPort;
  const server = { host: '127.0.0.1', port, transport } as const;
  return Phone.open({ user, password: `secret${user}`, domain, ...options, server });
}

/** `port`: one that lasts, so that phones find a daemon that is started again. */
export function writeConfig(home: Home, port = 0): string {
  return home.write(
    'lamplighter.yaml',
    `version: 1
domain: ${domain}
sip: { listen: ['udp:127.0.0.1:${port}', 'tcp:127.0.0.1:${port}'], expirySpread: 0 }
store: { path: ${home.path('lamplighter.db')} }
http: { listen: '127.0.0.1:0' }
pbx:
  - { name: sim, type: simulated, extensions: ['2001-2400'] }
phones:
  profiles:
    - { name: single, match: single, dialogs: single, notifyMinIntervalMs: 0 }
    - { name: empty, match: empty, idleAtSubscribe: empty, idleAtEnd: empty, notifyMinIntervalMs: 0 }
    - { name: pvalue, match: pvalue, paramAttr: pvalue, notifyMinIntervalMs: 0 }
    - { name: plain, match: plain, dndOnBlf: 'off', notifyMinIntervalMs: 0 }
    - { name: quick, match: test-phone, notifyMinIntervalMs: 0 }
`,
  );
}

/** Takes NOTIFYs until all four features have been told; the last word on each. */
export async function picture(sub: Subscription): Promise<Map<string, FeatureEvent>> {
  const told = new Map<string, FeatureEvent>();
  while (told.size < 4) for (const one of featureEvents(await sub.next())) told.set(one.feature, one);
  return told;
}

/** What the next NOTIFY says of features. */
export async function nextFeatures(sub: Subscription): Promise<FeatureEvent[]> {
  return featureEvents(await sub.next());
}

export async function nextDialogs(sub: Subscription, right: (info: DialogInfo) => boolean = () => true) {
  return dialogInfo(await sub.next((notify) => right(dialogInfo(notify))));
}

/** A key: SUBSCRIBE in the dialog with a Set. */
export function press(sub: Subscription, body: string, contentType = featureType): Promise<Message> {
  return sub.refresh({ body, contentType });
}

/** Refreshes and gives the NOTIFY that answers it: the first behind the 200, and whatever was owed is in it. */
export async function refreshed({ phone, sub }: Pick<Desk, 'phone' | 'sub'>): Promise<Notify> {
  const response = await sub.refresh();
  // Both may have come in one read: only the trace knows their order.
  const at = phone.trace.indexOf(`< ${response.toString()}`);
  return sub.next(({ message }) => phone.trace.indexOf(`< ${message.toString()}`) > at);
}

/** All told since `mark`, up to the answer of a refresh: nothing can be on its way any more. */
export async function toldSince(desk: Pick<Desk, 'phone' | 'sub'>, mark: number): Promise<readonly Notify[]> {
  const last = await refreshed(desk);
  return desk.sub.notifies.slice(mark, desk.sub.notifies.indexOf(last));
}

/** CSeqs grow by one: a gap makes a careful phone wait for the NOTIFY it seems to have missed. */
export function assertGapless(sub: Subscription): void {
  const [first] = sub.notifies;
  assert.deepEqual(
    sub.notifies.map(({ cseq }) => cseq),
    sub.notifies.map((_, index) => (first?.cseq ?? 0) + index),
  );
}

const csta = 'http://www.ecma-international.org/standards/ecma-323/csta/ed3';

/** A Set as written by hand; `namespace` is the attribute, or none. */
export function set(root: string, inner: string, namespace = ` xmlns="${csta}"`): string {
  return `<?xml version="1.0" encoding="UTF-8"?><${root}${namespace}>${inner}</${root}>`;
}

export function multipart(...documents: readonly string[]): string {
  const parts = documents.map((document) => `--cut\r\nContent-Type: ${featureType}\r\n\r\n${document}\r\n`);
  return `${parts.join('')}--cut--\r\n`;
}
