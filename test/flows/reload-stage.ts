import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { Daemon, Home } from '../support/daemon.ts';
import { Phone, type PhoneOptions } from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';

export const domain = 'lamplighter.test';

/** What the API answers to a reload. */
export interface Answer {
  readonly applied: readonly string[];
  readonly requiresRestart: readonly string[];
  readonly unchanged: boolean;
  readonly problems?: readonly {
    readonly path: string;
    readonly file: string | null;
    readonly line: number | null;
    readonly message: string;
    readonly nearest: string | null;
  }[];
  readonly error?: { readonly code: string };
}

/** Sections of a configuration. */
export interface Sections {
  readonly sip?: object;
  readonly http?: object;
  readonly [section: string]: unknown;
}

/** A daemon whose configuration a test writes again and again. */
export class ReloadStage {
  readonly home = new Home();
  readonly file: string;
  daemon!: Daemon;
  readonly #fixed: Readonly<Record<string, unknown>>;
  #open: { close(): Promise<unknown> }[] = [];

  private constructor(port: number) {
    this.file = this.home.path('lamplighter.yaml');
    this.#fixed = {
      domain,
      store: { path: this.home.path('lamplighter.db') },
      http: { listen: '127.0.0.1:0' },
      sip: { listen: [`udp:127.0.0.1:${port}`, `tcp:127.0.0.1:${port}`], expirySpread: 0 },
    };
  }

  static async open(config: Sections): Promise<ReloadStage> {
    const stage = new ReloadStage(await lastingPort());
    stage.write(config);
    stage.daemon = await Daemon.start(stage.file).catch((error: unknown) => {
      stage.home.remove();
      throw error;
    });
    await stage.daemon.ready();
    return stage;
  }

  /** Again, with the file as it is now. */
  async start(): Promise<void> {
    this.daemon = await Daemon.start(this.file);
    await this.daemon.ready();
  }

  /** The file; sections beside those that are the same always, `sip` and `http` laid over them. */
  write({ sip = {}, http = {}, ...more }: Sections): void {
    const { sip: ownSip, http: ownHttp, ...rest } = this.#fixed;
    const both = { sip: { ...(ownSip as object), ...sip }, http: { ...(ownHttp as object), ...http } };
    writeFileSync(this.file, stringify({ version: 1, ...rest, ...both, ...more }));
  }

  async reload(): Promise<{ readonly status: number; readonly body: Answer }> {
    return this.daemon.api<Answer>('/api/v1/reload', { method: 'POST' });
  }

  /** Writes it and has it read; all of it must be right. */
  async change(config: Sections): Promise<Answer> {
    this.write(config);
    const { status, body } = await this.reload();
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  }

  async phone(user: string, options: Partial<PhoneOptions> = {}, transport: 'udp' | 'tcp' = 'udp'): Promise<Phone> {
    const { udpPort, tcpPort } = this.daemon;
    const server = { host: '127.0.0.1', port: transport === 'udp' ? udpPort : tcpPort, transport };
    const phone = await Phone.open({ user, password: `secret${user}`, domain, ...options, server });
    this.#open.push(phone);
    return phone;
  }

  async act<T = unknown>(what: string, body: object): Promise<T> {
    const answer = await this.daemon.api<T>(`/api/v1/simulator/${what}`, { method: 'POST', body });
    assert.ok(answer.status < 300, JSON.stringify(answer.body));
    return answer.body;
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
