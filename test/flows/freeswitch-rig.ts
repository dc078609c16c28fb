import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Daemon, Home } from '../support/daemon.ts';
import { FakeFreeswitch, type FakeFreeswitchOptions } from '../support/freeswitch/fake-freeswitch.ts';
import {
  type DialogInfo,
  dialogInfo,
  type FeatureEvent,
  featureEvents,
  lamp,
  Phone,
  type Subscription,
} from '../support/phone.ts';

export const [first, second] = ['lab.test', 't2.test'] as const;

export interface RigOptions {
  /** Options of the PBX, YAML in braces. */
  readonly options?: string;
  readonly fake?: FakeFreeswitchOptions;
  /** YAML of `phones`; default: changes are told at once. */
  readonly phones?: string;
  /** Default: the right one. */
  readonly password?: string;
}

const quick = "{ profiles: [{ name: quick, match: '.', notifyMinIntervalMs: 0 }] }";

/** The daemon as an admin runs it, before a FreeSWITCH in small with two tenants that have the same numbers. */
export class FreeswitchRig {
  readonly home = new Home();
  readonly pbx: FakeFreeswitch;
  daemon!: Daemon;
  readonly #open: { close(): Promise<unknown> }[] = [];

  private constructor(pbx: FakeFreeswitch) {
    this.pbx = pbx;
  }

  /** One test's scene; everything is closed at the end, whatever happened. */
  static async run(options: RigOptions, work: (rig: FreeswitchRig) => Promise<void>): Promise<void> {
    const rig = await FreeswitchRig.open(options);
    try {
      await work(rig);
    } finally {
      await rig.close();
    }
  }

  /** A scene for several tests, each with extensions of its own: 1x01 to 1x03 of both tenants. */
  static async open({ options = '', fake = {}, phones = quick, password }: RigOptions): Promise<FreeswitchRig> {
    const pbx = new FakeFreeswitch(fake);
    for (const hundred of [10, 11, 12, 13, 14]) {
      for (const id of [1, 2, 3].map((last) => `${hundred}0${last}`)) {
        pbx.directory.add(id, first, { password: `lab-${id}` });
        pbx.directory.add(id, second, { password: `t2-${id}` });
      }
    }
    const a1Hash = createHash('md5').update(`1004:${second}:t2-1004`).digest('hex');
    pbx.directory.add('1004', second, { a1Hash });
    await pbx.listen();
    const rig = new FreeswitchRig(pbx);
    try {
      await rig.#start(options, phones, password ?? pbx.esl.password);
      if (password === undefined) await rig.daemon.ready();
    } catch (error) {
      await rig.close();
      throw error;
    }
    return rig;
  }

  /** Closes what a test opened. */
  async tidy(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((one) => one.close()));
  }

  async close(): Promise<void> {
    await this.tidy();
    await this.daemon?.kill();
    await this.pbx.close();
    this.home.remove();
  }

  async #start(options: string, phones: string, password: string): Promise<void> {
    const config = this.home.write(
      'lamplighter.yaml',
      `version: 1
domain: ${first}
aliases: [127.0.0.1]
domains: [{ name: ${second} }]
sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'] }
store: { path: ${this.home.path('lamplighter.db')} }
http: { listen: '127.0.0.1:0' }
log: { format: json }
pbx:
  - name: main
    type: freeswitch
    esl: { port: ${this.pbx.port}, passwordFile: ${this.home.write('esl', `${password}\n`)} }
    pollSeconds: 1
    ${options}
phones: ${phones}
`,
    );
    this.daemon = await Daemon.start(config);
  }

  async phone(user: string, domain: string = first): Promise<Phone> {
    const password = `${domain === first ? 'lab' : 't2'}-${user}`;
    const server = { host: '127.0.0.1', port: this.daemon.udpPort, transport: 'udp' } as const;
    const phone = await Phone.open({ user, password, domain, server });
    this.#open.push(phone);
    return phone;
  }

  /** A desk that watches an extension of its tenant, dark at first. */
  async watching(user: string, watched: string, domain: string = first): Promise<Subscription> {
    const desk = await this.phone(user, domain);
    const subscription = await desk.subscribe({ event: 'dialog', resource: watched });
    assert.equal(subscription.response.status, 200);
    await shows(subscription, 'off');
    return subscription;
  }

  /** A phone with feature keys, told everything once. */
  async keys(user: string, domain: string = first): Promise<Subscription> {
    const desk = await this.phone(user, domain);
    const subscription = await desk.subscribe({ event: 'as-feature-event' });
    assert.equal(subscription.response.status, 200);
    const told = new Set<string>();
    while (told.size < 4) for (const { feature } of featureEvents(await subscription.next())) told.add(feature);
    return subscription;
  }

  async feature(ext: string, name: string): Promise<unknown> {
    const { body } = await this.daemon.api<{ features: Record<string, unknown> }>(`/api/v1/extensions/${ext}`);
    return body.features[name];
  }
}

/** The next document that shows this lamp. */
export async function shows(subscription: Subscription, wanted: ReturnType<typeof lamp>): Promise<DialogInfo> {
  return dialogInfo(await subscription.next((one) => lamp(dialogInfo(one)) === wanted));
}

/** The next word on this feature. */
export async function told(subscription: Subscription, name: string, enabled: boolean): Promise<FeatureEvent> {
  const right = ({ feature, enabled: on }: FeatureEvent) => feature === name && on === enabled;
  const notify = await subscription.next((one) => featureEvents(one).some(right));
  return featureEvents(notify).find(right)!;
}

/** Resolves when `isSo`; rejects after 20 s. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(what);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
