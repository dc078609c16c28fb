import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Daemon, Home } from '../support/daemon.ts';
import type { PhoneTransport } from '../support/phone/wire.ts';
import {
  type FeatureEvent,
  featureEvents,
  type Notify,
  Phone,
  type PhoneOptions,
  type Subscription,
} from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';
import { AsteriskLab } from './lab/asterisk.ts';
import { orRequired } from './required.ts';

/** From one configuration file's text to another's. */
export type Change = (usual: string, lab: AsteriskLab) => string;

/** Why the suite is skipped on this machine; null where it runs. */
export const skip = orRequired(await AsteriskLab.available());

/** A test that needs a site. */
export function it(name: string, work: () => Promise<void>): void {
  test(name, { skip: skip ?? false }, work);
}

/** The next NOTIFY that says this of a feature. */
export function says(keys: Subscription, feature: string, enabled: boolean, target?: string): Promise<Notify> {
  const fits = (one: FeatureEvent) =>
    one.feature === feature && one.enabled === enabled && (target === undefined || one.target === target);
  return keys.next((notify) => featureEvents(notify).some(fits), 12_000);
}

export const domain = 'pbx.example.test';

interface SitePorts {
  readonly sip: number;
  readonly http: number;
}

/** A real Asterisk, the product beside it as README tells an admin, and phones at both. */
export class Site {
  readonly lab: AsteriskLab;
  readonly home: Home;
  daemon: Daemon;
  readonly #ports: SitePorts;
  readonly #config: string;
  readonly #phones: Phone[] = [];

  private constructor(lab: AsteriskLab, home: Home, ports: SitePorts, config: string, daemon: Daemon) {
    this.lab = lab;
    this.home = home;
    this.#ports = ports;
    this.#config = config;
    this.daemon = daemon;
  }

  /** `change` makes another configuration of the usual one. */
  static async open(change: Change = (usual) => usual): Promise<Site> {
    const lab = await AsteriskLab.start({ features: 'freepbx' });
    const home = new Home();
    let daemon: Daemon | undefined;
    try {
      // kept, so that phones find a restarted Lamplighter where it was
      const ports = { sip: await lastingPort(), http: await lastingPort() };
      const config = configure(home, lab, ports, change);
      daemon = await Daemon.start(config);
      await daemon.ready(20_000);
      return new Site(lab, home, ports, config, daemon);
    } catch (error) {
      // whatever is left behind would keep the test process alive for ever
      await daemon?.kill();
      await lab.stop();
      home.remove();
      throw error;
    }
  }

  /** The configuration in use. */
  get text(): string {
    return readFileSync(this.#config, 'utf8');
  }

  /** A phone whose SUBSCRIBEs come to Lamplighter. */
  async desk(user: string, more: Partial<PhoneOptions> & { readonly transport?: PhoneTransport } = {}): Promise<Phone> {
    const { transport = 'udp', ...options } = more;
    const server = { host: '127.0.0.1', port: this.daemon.port(transport), transport };
    const phone = await Phone.open({ user, password: `pw${user}`, domain, server, ...options });
    this.#phones.push(phone);
    return phone;
  }

  /** The same phone's side towards the PBX: registered, for calls. */
  async line(user: string): Promise<Phone> {
    const phone = await this.lab.phone(user);
    this.#phones.push(phone);
    const { status } = await phone.register();
    if (status !== 200) throw new Error(`REGISTER of ${user}: ${status}`);
    return phone;
  }

  /** With another configuration where `change` is given; ready or not is the caller's to wait for. */
  async restartDaemon(change: Change = (usual) => usual): Promise<void> {
    this.daemon = await Daemon.start(configure(this.home, this.lab, this.#ports, change));
  }

  async close(): Promise<void> {
    for (const phone of this.#phones.splice(0)) await phone.close();
    await this.daemon.kill();
    await this.lab.stop();
    this.home.remove();
  }
}

function configure(home: Home, lab: AsteriskLab, { sip, http }: SitePorts, change: Change): string {
  return home.write(
    'lamplighter.yaml',
    change(
      `version: 1
domain: ${domain}
aliases: [127.0.0.1]
sip: { listen: ['udp:127.0.0.1:${sip}', 'tcp:127.0.0.1:${sip}'] }
store: { path: ${home.path('lamplighter.db')} }
http: { listen: '127.0.0.1:${http}' }
phones: { profiles: [{ name: quick, match: '.', notifyMinIntervalMs: 0 }] }
pbx:
  - name: main
    type: asterisk
    features: freepbx
    ari: { url: '${lab.ari.url}', username: ${lab.ari.username}, passwordFile: ${home.write('ari', `${lab.ari.password}\n`)} }
    ami:
      host: ${lab.ami.host}
      port: ${lab.ami.port}
      username: ${lab.ami.username}
      passwordFile: ${home.write('ami', `${lab.ami.secret}\n`)}
`,
      lab,
    ),
  );
}
