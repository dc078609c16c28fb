import { type Daemon, Home, Daemon as Process } from '../support/daemon.ts';
import type { PhoneTransport } from '../support/phone/wire.ts';
import { Phone, type PhoneOptions } from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';
import { Upstream } from '../support/upstream/upstream.ts';
import { Hand } from './hand.ts';

export const domain = 'lamplighter.test';

export interface InlineSettings {
  /** More of `sip`, YAML in flow style. */
  readonly sip?: string;
  /** `inline`, YAML in flow style. */
  readonly inline?: string;
  /** `;transport=tcp` of the upstream. */
  readonly upstreamTransport?: 'udp' | 'tcp';
  /** Instead of the address of the test PBX. */
  readonly upstreamUri?: string;
  /** How many PBXs stand behind; default one. */
  readonly upstreams?: 1 | 2;
}

/** A daemon between phones and a test PBX, for the tests of a file; `tidy` closes what a test opened. */
export class InlineStage {
  readonly home = new Home();
  readonly pbxs: Upstream[] = [];
  daemon!: Daemon;
  #config = '';
  #nextExt = 2000;
  #open: { close(): Promise<unknown> }[] = [];

  static async open(settings: InlineSettings = {}): Promise<InlineStage> {
    const stage = new InlineStage();
    try {
      for (let count = settings.upstreams ?? 1; count > 0; count--) stage.pbxs.push(await Upstream.open());
      await stage.#configure(settings);
      stage.daemon = await Process.start(stage.#config);
      await stage.daemon.ready();
    } catch (error) {
      await Promise.all(stage.pbxs.map((pbx) => pbx.close()));
      stage.home.remove();
      throw error;
    }
    return stage;
  }

  /** The first upstream. */
  get pbx(): Upstream {
    return this.pbxs[0]!;
  }

  /** As the PBX writes it in a URI. */
  get here(): string {
    return `127.0.0.1:${this.daemon.udpPort}`;
  }

  async #configure({ sip = '', inline = '', upstreamTransport = 'udp', upstreamUri }: InlineSettings): Promise<void> {
    const port = await lastingPort();
    const ws = await lastingPort();
    const suffix = upstreamTransport === 'tcp' ? ';transport=tcp' : '';
    const upstream = this.pbxs.map(({ place }) => `'${upstreamUri ?? `sip:${place}${suffix}`}'`).join(', ');
    const listen = `['udp:127.0.0.1:${port}', 'tcp:127.0.0.1:${port}', 'ws:127.0.0.1:${ws}']`;
    this.#config = this.home.write(
      'lamplighter.yaml',
      `version: 1
domain: ${domain}
sip: { listen: ${listen}, expirySpread: 0, warmUp: false, upstream: [${upstream}], inline: { ${inline} }, ${sip} }
store: { path: ${this.home.path('lamplighter.db')} }
http: { listen: '127.0.0.1:0' }
log: { level: debug }
pbx:
  - { name: sim, type: simulated, extensions: ['2000-2299'] }
`,
    );
  }

  /** As after a crash: the same configuration, database and ports. */
  async killAndStart(): Promise<void> {
    await this.daemon.kill();
    this.daemon = await Process.start(this.#config);
    await this.daemon.ready();
  }

  /** An extension that no other test uses. */
  ext(): string {
    return String(this.#nextExt++);
  }

  async phone(user: string, transport: PhoneTransport = 'udp', options: Partial<PhoneOptions> = {}): Promise<Phone> {
    const port = transport === 'udp' ? this.daemon.udpPort : this.daemon.port(transport);
    const server = { host: '127.0.0.1', port, transport };
    const phone = await Phone.open({ user, password: `secret${user}`, domain, ...options, server });
    this.#open.push(phone);
    return phone;
  }

  /** A phone that has registered. */
  async registered(
    user: string,
    transport: PhoneTransport = 'udp',
    options: Partial<PhoneOptions> = {},
  ): Promise<Phone> {
    const phone = await this.phone(user, transport, options);
    const { status } = await phone.register();
    if (status !== 200) throw new Error(`REGISTER of ${user} was answered ${status}`);
    return phone;
  }

  /** Bytes by hand. */
  async hand(transport: 'udp' | 'tcp' = 'udp'): Promise<Hand> {
    const port = transport === 'udp' ? this.daemon.udpPort : this.daemon.tcpPort;
    const hand = await Hand.open({ host: '127.0.0.1', port }, transport, 0);
    this.#open.push(hand);
    return hand;
  }

  async tidy(): Promise<void> {
    const open = this.#open;
    this.#open = [];
    await Promise.all(open.map((one) => one.close()));
    for (const pbx of this.pbxs) {
      pbx.script = () => null;
      pbx.answers = true;
    }
  }

  async close(): Promise<void> {
    await this.tidy();
    await this.daemon.kill();
    await Promise.all(this.pbxs.map((pbx) => pbx.close()));
    this.home.remove();
  }
}
