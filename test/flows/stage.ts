import assert from 'node:assert/strict';
import { Daemon, Home } from '../support/daemon.ts';
import { Phone, type PhoneOptions } from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';
import { domain, Hand } from './hand.ts';

interface Listed {
  readonly id: number;
  readonly event: string;
  readonly eventId: string | null;
  readonly expiresAt: string;
  readonly lastStatus: number | null;
  readonly userAgent: string | null;
}

/** What is asked is granted to the second. */
const exactly = 'expirySpread: 0';

/** One daemon for the tests of a file, each with extensions of its own; `tidy` closes what a test opened. */
export class Stage {
  readonly home = new Home();
  daemon!: Daemon;
  #config = '';
  #nextExt = 2000;
  #open: { close(): Promise<unknown> }[] = [];

  /** `more`: YAML at the top level; `sip`: one setting of that section. */
  static async open(more = '', sip = exactly): Promise<Stage> {
    const stage = new Stage();
    stage.#configure(more, sip, await lastingPort());
    stage.daemon = await Daemon.start(stage.#config).catch((error: unknown) => {
      stage.home.remove();
      throw error;
    });
    await stage.daemon.ready();
    return stage;
  }

  #configure(more: string, sip: string, port: number): void {
    this.#config = this.home.write(
      'lamplighter.yaml',
      `version: 1
domain: ${domain}
sip: { listen: ['udp:127.0.0.1:${port}', 'tcp:127.0.0.1:${port}'], ${sip} }
store: { path: ${this.home.path('lamplighter.db')} }
http: { listen: '127.0.0.1:0' }
pbx:
  - { name: sim, type: simulated, extensions: ['2000-2299', 'alice'], agents: ['2200-2219'] }
${more}`,
    );
  }

  /** As after a crash: the same configuration, database and ports. */
  async killAndStart(): Promise<void> {
    await this.daemon.kill();
    this.daemon = await Daemon.start(this.#config);
  }

  /** An extension that no other test uses. */
  ext(): string {
    return String(this.#nextExt++);
  }

  async hand(transport: 'udp' | 'tcp' = 'udp', port = 0): Promise<Hand> {
    const { udpPort, tcpPort } = this.daemon;
    const server = { host: '127.0.0.1', port: transport === 'udp' ? udpPort : tcpPort };
    const hand = await Hand.open(server, transport, port);
    this.#open.push(hand);
    return hand;
  }

  async phone(user: string, options: Partial<PhoneOptions> = {}, transport: 'udp' | 'tcp' = 'udp'): Promise<Phone> {
    const { udpPort, tcpPort } = this.daemon;
    const server = { host: '127.0.0.1', port: transport === 'udp' ? udpPort : tcpPort, transport };
    const phone = await Phone.open({ user, password: `secret${user}`, domain, ...options, server });
    this.#open.push(phone);
    return phone;
  }

  async subscriptions(ext?: string): Promise<readonly Listed[]> {
    const query = ext === undefined ? '' : `?ext=${ext}`;
    return (await this.daemon.api<Listed[]>(`/api/v1/subscriptions${query}`)).body;
  }

  /** Waits until the list of an extension's subscriptions is right. */
  listed(ext: string, right: (list: readonly Listed[]) => boolean): Promise<readonly Listed[]> {
    return this.daemon.until<Listed[]>(`/api/v1/subscriptions?ext=${ext}`, right);
  }

  async setDnd(ext: string, enabled: boolean): Promise<void> {
    const path = `/api/v1/extensions/${ext}/features/dnd`;
    const { status } = await this.daemon.api(path, { method: 'PUT', body: { enabled } });
    if (status !== 200) throw new Error(`PUT dnd was answered ${status}`);
  }

  /** Whatever a test sent: phones are still served by these, and nothing of it was kept. */
  async unharmed(...transports: readonly ('udp' | 'tcp')[]): Promise<void> {
    await this.tidy();
    for (const transport of transports) {
      const hand = await this.hand(transport);
      assert.equal((await hand.ask({ user: 'probe', method: 'OPTIONS' })).status, 200);
    }
    await this.tidy();
    assert.deepEqual(await this.subscriptions(), []);
  }

  async tidy(): Promise<void> {
    const open = this.#open;
    this.#open = [];
    await Promise.all(open.map((one) => one.close()));
  }

  async close(): Promise<void> {
    await this.tidy();
    await this.daemon.kill();
    this.home.remove();
  }
}
