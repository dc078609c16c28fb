import assert from 'node:assert/strict';
import { Daemon, Home } from '../../support/daemon.ts';
import { dialogInfo, lamp, type Notify, Phone, type PhoneOptions, type Subscription } from '../../support/phone.ts';
import { lastingPort } from '../../support/ports.ts';
import { FrontProxy, type ProxyKind } from './front-proxy.ts';

export const domain = 'pbx.example.test';
/** Where phones are: none of the networks that Lamplighter believes. */
export const desk = '127.0.0.9';
const users = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`${1001 + at}`, `pw${1001 + at}`]));

export const shown = (notify: Notify) => lamp(dialogInfo(notify));

/** Lamplighter as docs/deploy says, two proxies in front of it, and phones behind those. */
export class ProxySite {
  readonly port: number;
  /** Asks Lamplighter by UDP. */
  readonly proxy: FrontProxy;
  /** Asks it by TCP. */
  readonly byTcp: FrontProxy;
  daemon!: Daemon;
  readonly #home: Home;
  #nextUser = 1001;
  #phones: Phone[] = [];

  private constructor(home: Home, port: number, proxy: FrontProxy, byTcp: FrontProxy) {
    this.#home = home;
    this.port = port;
    this.proxy = proxy;
    this.byTcp = byTcp;
  }

  static async open(kind: ProxyKind): Promise<ProxySite> {
    const home = new Home();
    const port = await lastingPort();
    const lamplighter = `sip:127.0.0.1:${port}`;
    const common = { kind, home, users };
    const udp = new FrontProxy({ ...common, name: 'udp', port: await lastingPort(), lamplighter });
    const tcp = `${lamplighter};transport=tcp`;
    const byTcp = new FrontProxy({ ...common, name: 'tcp', port: await lastingPort(), lamplighter: tcp });
    const site = new ProxySite(home, port, udp, byTcp);
    try {
      await Promise.all([site.startDaemon(), udp.start(), byTcp.start()]);
    } catch (error) {
      await site.close();
      throw error;
    }
    return site;
  }

  async startDaemon(): Promise<void> {
    const listen = `['udp:127.0.0.1:${this.port}', 'tcp:127.0.0.1:${this.port}']`;
    const file = this.#home.write(
      'lamplighter.yaml',
      `version: 1
domain: ${domain}
sip: { listen: ${listen}, auth: trusted, trusted: [127.0.0.1], identity: {} }
store: { path: ${this.#home.path('lamplighter.db')} }
http: { listen: '127.0.0.1:0' }
log: { format: json }
pbx: [{ name: sim, type: simulated, extensions: ['1001-1060'] }]
phones: { profiles: [{ name: quick, match: '.', notifyMinIntervalMs: 0 }] }
publish: { rights: [{ publishers: '10\\d\\d', extensions: '10\\d\\d' }] }
`,
    );
    this.daemon = await Daemon.start(file);
    await this.daemon.ready();
  }

  /** A user that no other test has. */
  user(): string {
    return String(this.#nextUser++);
  }

  /** Behind the proxy that asks by UDP, unless `more` says otherwise. */
  async phone(user: string, transport: 'udp' | 'tcp', more: Partial<PhoneOptions> = {}): Promise<Phone> {
    const server = { host: '127.0.0.1', port: this.proxy.port, transport };
    const opened = await Phone.open({ user, password: `pw${user}`, domain, server, localAddress: desk, ...more });
    this.#phones.push(opened);
    return opened;
  }

  /** Subscribes to a lamp that is off. */
  async watching(watcher: Phone, resource: string): Promise<Subscription> {
    const lamps = await watcher.subscribe({ event: 'dialog', resource });
    assert.equal(lamps.response.status, 200, lamps.response.toString());
    assert.equal(shown(await lamps.next()), 'off');
    return lamps;
  }

  async setDnd(ext: string, enabled: boolean): Promise<void> {
    const path = `/api/v1/extensions/${ext}/features/dnd`;
    assert.equal((await this.daemon.api(path, { method: 'PUT', body: { enabled } })).status, 200);
  }

  async hasDnd(ext: string): Promise<boolean> {
    const path = `/api/v1/extensions/${ext}`;
    const { body } = await this.daemon.api<{ features: { dnd: { enabled: boolean } } }>(path);
    return body.features.dnd.enabled;
  }

  /** Waits until the phones that watch an extension have said that they were told. */
  async told(ext: string): Promise<void> {
    const isTold = ({ lastStatus }: { readonly lastStatus: number | null }) => lastStatus === 200;
    await this.daemon.until<{ lastStatus: number | null }[]>(
      `/api/v1/subscriptions?ext=${ext}`,
      (list) => list.length > 0 && list.every(isTold),
    );
  }

  /** Subscriptions of an extension, once there are so many. */
  async subscriptions(ext: string, count: number): Promise<void> {
    await this.daemon.until<unknown[]>(`/api/v1/subscriptions?ext=${ext}`, (list) => list.length === count);
  }

  async tidy(): Promise<void> {
    const phones = this.#phones;
    this.#phones = [];
    await Promise.all(phones.map((phone) => phone.close()));
  }

  async close(): Promise<void> {
    await this.tidy();
    await Promise.all([this.daemon?.kill(), this.proxy.stop(), this.byTcp.stop()]);
    this.#home.remove();
  }
}
