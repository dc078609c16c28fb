import { Worker } from 'node:worker_threads';
import type { AgentState, AgentWish } from '../src/model/agent.ts';
import type { Aor } from '../src/model/aor.ts';
import type { Finding } from '../src/model/check.ts';
import type { Timer } from '../src/model/clock.ts';
import { Fault, faults } from '../src/model/errors.ts';
import type { FeatureName, FeatureState, FeatureValue, Wish } from '../src/model/feature.ts';
import type { Logger } from '../src/model/logger.ts';
import { type Outcome, refused } from '../src/model/outcome.ts';
import type { PbxEvent } from '../src/model/pbx-event.ts';
import type { NotifiedPhone, PhoneNotice } from '../src/model/phone-notice.ts';
import type {
  AdapterSettings,
  AdapterTools,
  Capabilities,
  Credentials,
  DigestFacts,
  PbxAdapter,
  Tell,
} from './adapter.ts';
import { adapterKind } from './index.ts';
import { backoffMs } from './resync.ts';
import { joined, type SnapshotPart } from './snapshot-parts.ts';
import type { Order, Report, WorkerData } from './worker.ts';

export interface HostTimes {
  /** Between two heartbeats; milliseconds. */
  readonly beatMs: number;
  /** Heartbeats in a row that may stay unanswered. */
  readonly beats: number;
  /** The first wait before a new worker; doubles up to 30 s. */
  readonly restartMs: number;
  /** How long `credentials` may take; `setFeature` brings its own deadline. */
  readonly answerMs: number;
  /** How long an orderly stop may take. */
  readonly stopMs: number;
}

const usualTimes: HostTimes = { beatMs: 3_000, beats: 4, restartMs: 500, answerMs: 4_000, stopMs: 600 };

/** A worker that lived this long was well: its next failure starts the backoff anew. */
const wellAfterMs = 60_000;

/** What the way of an order to a worker and back may take; milliseconds. */
const wayMs = 1_000;

const unable = { readable: false, writable: false, notified: false };

/** Until the worker has said what it can. */
const nothingYet: Capabilities = {
  features: { dnd: unable, cfa: unable, cfb: unable, cfna: unable },
  calls: false,
  registrations: false,
  mailboxes: false,
  tags: false,
};

/**
 * Any adapter, wherever it must run: a threaded one behind `hostAdapter`, another one in this thread. Throws Fault
 * `adapter-unknown`.
 */
export async function openAdapter(type: string, settings: AdapterSettings, tools: AdapterTools): Promise<PbxAdapter> {
  const kind = adapterKind(type);
  if (kind.threaded) return hostAdapter(type, settings, tools);
  const factory = await kind.load();
  return factory(settings, tools);
}

/**
 * A threaded adapter as the main thread sees it. A worker that dies, or says nothing any more, is `link down` and is
 * started again, for ever. `options` of the settings must be as the kind's own schema parsed them.
 */
export function hostAdapter(
  type: string,
  settings: AdapterSettings,
  tools: AdapterTools,
  times: HostTimes = usualTimes,
): PbxAdapter {
  return new HostedAdapter({ type, settings }, tools, times);
}

interface Pending {
  readonly settle: (report: Report & { readonly id: number }) => void;
  readonly give: (reason: string) => void;
  readonly timer: Timer;
}

class HostedAdapter implements PbxAdapter {
  readonly #data: WorkerData;
  readonly #tools: AdapterTools;
  readonly #times: HostTimes;
  readonly #log: Logger;
  readonly #rooms = new Map<string, Logger>();
  #tell: Tell = () => undefined;
  #capabilities: Capabilities = nothingYet;
  /** By domain; what was known once is, until something else is read. */
  readonly #digest = new Map<string, DigestFacts>();
  #worker: Worker | null = null;
  #ready = false;
  #stopping: (() => void) | null = null;
  #down: string | null = null;
  #bornAt = 0;
  #crashes = 0;
  #unanswered = 0;
  #seen = 0;
  /** Of a snapshot that is under way. */
  #parts: SnapshotPart[] = [];
  #restart: Timer | null = null;
  #beat: Timer | null = null;
  #nextId = 1;
  readonly #pending = new Map<number, Pending>();

  constructor(data: WorkerData, tools: AdapterTools, times: HostTimes) {
    this.#data = data;
    this.#tools = tools;
    this.#times = times;
    this.#log = tools.logger;
    this.#learn(data.settings.digest ?? {});
  }

  get capabilities(): Capabilities {
    return this.#capabilities;
  }

  digest(domain: string): DigestFacts | null {
    return this.#digest.get(domain) ?? null;
  }

  start(tell: Tell): void {
    this.#tell = tell;
    this.#spawn();
  }

  async stop(): Promise<void> {
    this.#tell = () => undefined;
    this.#restart?.cancel();
    const worker = this.#worker;
    if (worker === null) return;
    await new Promise<void>((resolve) => {
      const late = this.#tools.clock.after(this.#times.stopMs, resolve);
      this.#stopping = () => {
        late.cancel();
        resolve();
      };
      this.#send({ order: 'stop' });
    });
    this.#dismiss('the adapter is being stopped');
    await worker.terminate();
  }

  setFeature(wish: Wish, deadlineMs: number): Promise<Outcome<FeatureValue>> {
    return this.#put({ order: 'set-feature', id: this.#nextId++, wish, deadlineMs });
  }

  setAgent(wish: AgentWish, deadlineMs: number): Promise<Outcome<AgentState>> {
    return this.#put({ order: 'set-agent', id: this.#nextId++, wish, deadlineMs });
  }

  async notifyPhones(aor: Aor, notice: PhoneNotice, deadlineMs: number): Promise<Outcome<readonly NotifiedPhone[]>> {
    if (this.#ready && !this.#capabilities.notifiesPhones) {
      return refused('not-writable', 'this PBX sends no NOTIFY for others');
    }
    return this.#put({ order: 'notify-phones', id: this.#nextId++, aor, notice, deadlineMs });
  }

  async credentials(user: string, domain: string): Promise<Credentials | null> {
    if (!this.#ready) throw new Fault('pbx-unreachable', this.#down ?? 'the adapter is being started');
    const id = this.#nextId++;
    const report = await this.#ask({ order: 'credentials', id, user, domain }, this.#times.answerMs);
    if (report.report === 'fault') throw new Fault(report.code, report.message);
    return report.report === 'answer' ? (report.value as Credentials | null) : null;
  }

  /** Beside the adapter's own patience a moment for the way there and back. A worker that is being born answers when it is. */
  async checks(deadlineMs: number): Promise<readonly Finding[]> {
    const fail = (text: string): readonly Finding[] => {
      return [{ check: 'adapter', level: 'fail', text, fix: faults['pbx-crashed'].fix }];
    };
    if (this.#worker === null) return fail(this.#down ?? 'the adapter does not run');
    try {
      const report = await this.#ask({ order: 'checks', id: this.#nextId++, deadlineMs }, deadlineMs + wayMs);
      return report.report === 'answer' ? (report.value as readonly Finding[]) : fail(reasonOf(report));
    } catch (error) {
      return fail(error instanceof Error ? error.message : String(error));
    }
  }

  /** Orders and reports keep their order, so what is told is never older than what the PBX was asked for before. */
  tellFeatures(aor: Aor, features: Readonly<Record<FeatureName, FeatureState>>, phone: string | null): void {
    if (this.#capabilities.tellsPhones) this.#send({ order: 'tell-features', aor, features, phone });
  }

  /** Puts something to the PBX that can be refused. Never rejects. */
  async #put<T>(order: Order & { readonly id: number; readonly deadlineMs: number }): Promise<Outcome<T>> {
    if (!this.#ready) return refused('pbx-away', this.#down ?? 'the adapter is being started');
    try {
      const report = await this.#ask(order, order.deadlineMs);
      if (report.report === 'answer') return report.value as Outcome<T>;
      return refused('pbx-refused', report.report === 'fault' ? report.message : 'no answer');
    } catch (error) {
      return refused(this.#ready ? 'pbx-timeout' : 'pbx-away', error instanceof Error ? error.message : String(error));
    }
  }

  #ask(order: Order & { readonly id: number }, deadlineMs: number): Promise<Report & { readonly id: number }> {
    return new Promise((settle, fail) => {
      const give = (reason: string) => fail(new Fault('pbx-unreachable', reason));
      const timer = this.#tools.clock.after(deadlineMs, () => {
        this.#pending.delete(order.id);
        give(`the adapter did not answer within ${deadlineMs} ms`);
      });
      this.#pending.set(order.id, { settle, give, timer });
      this.#send(order);
    });
  }

  #send(order: Order): void {
    this.#worker?.postMessage(order);
  }

  #spawn(): void {
    // Libraries print what they like: their output is taken and dropped, for it may hold addresses with passwords.
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: this.#data,
      stdout: true,
      stderr: true,
      env: {},
    });
    worker.stdout.resume();
    worker.stderr.resume();
    this.#worker = worker;
    this.#bornAt = this.#tools.clock.now();
    this.#unanswered = 0;
    this.#seen = 0;
    worker.on('message', (report: Report) => {
      if (worker === this.#worker) this.#take(report);
    });
    worker.on('error', (error: unknown) => {
      this.#gone(worker, `the adapter crashed: ${error instanceof Error ? error.message : String(error)}`, error);
    });
    worker.on('exit', (code) => {
      if (worker === this.#worker) this.#stopping?.();
      this.#gone(worker, `the adapter ended (${code})`, undefined);
    });
    this.#heartbeat(worker);
  }

  #learn(digest: Readonly<Record<string, DigestFacts | null>>): void {
    for (const [domain, facts] of Object.entries(digest)) if (facts !== null) this.#digest.set(domain, facts);
  }

  #take(report: Report): void {
    this.#unanswered = 0;
    switch (report.report) {
      case 'ready':
        this.#ready = true;
        this.#send({ order: 'start' });
        break;
      case 'facts':
        this.#capabilities = report.capabilities;
        this.#learn(report.digest);
        break;
      case 'part':
        this.#parts.push(report.part);
        // in a turn of its own: the next part may be there already
        setImmediate(() => this.#send({ order: 'more' }));
        break;
      case 'event':
        this.#seen++;
        this.#tools.onLag?.(Math.max(this.#tools.clock.now() - report.at, 0) / 1000);
        this.#down = report.event.type === 'link' && report.event.state === 'down' ? report.event.reason : null;
        this.#tell(this.#whole(report.event));
        break;
      case 'log':
        this.#roomed(report.room)[report.level](report.fields, report.message);
        break;
      case 'stopped':
        this.#stopping?.();
        break;
      case 'answer':
      case 'fault': {
        const pending = this.#pending.get(report.id);
        this.#pending.delete(report.id);
        pending?.timer.cancel();
        pending?.settle(report);
        break;
      }
      case 'beat':
        break;
    }
  }

  #whole(event: PbxEvent): PbxEvent {
    if (event.type !== 'snapshot' || this.#parts.length === 0) return event;
    const snapshot = joined(event.snapshot, this.#parts);
    this.#parts = [];
    return { ...event, snapshot };
  }

  /** A thread that hangs in a loop answers nothing: it is ended, and with it its sockets. */
  #heartbeat(worker: Worker): void {
    this.#beat = this.#tools.clock.after(this.#times.beatMs, () => {
      if (worker !== this.#worker) return;
      if (this.#unanswered >= this.#times.beats) {
        this.#gone(worker, 'the adapter does not answer any more', undefined);
        return;
      }
      this.#unanswered++;
      this.#send({ order: 'beat', seen: this.#seen });
      this.#heartbeat(worker);
    });
  }

  #gone(worker: Worker, reason: string, cause: unknown): void {
    if (worker !== this.#worker) return;
    const stopping = this.#stopping !== null;
    this.#dismiss(reason);
    void worker.terminate();
    if (stopping) return;
    const { clock, random } = this.#tools;
    if (clock.now() - this.#bornAt > wellAfterMs) this.#crashes = 0;
    const wait = backoffMs(this.#crashes++, random, this.#times.restartMs);
    const fault = new Fault('pbx-crashed', reason, cause);
    const { name } = this.#data.settings;
    this.#log.error({ code: fault.code, pbx: name, fix: fault.fix, stack: stackOf(cause) }, reason);
    this.#down = reason;
    this.#tell({ source: name, type: 'link', state: 'down', reason });
    this.#restart = clock.after(wait, () => this.#spawn());
  }

  #dismiss(reason: string): void {
    this.#worker = null;
    this.#parts = [];
    this.#ready = false;
    this.#beat?.cancel();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const it of pending) {
      it.timer.cancel();
      it.give(reason);
    }
  }

  #roomed(room: string): Logger {
    if (room === '') return this.#log;
    const logger = this.#rooms.get(room) ?? this.#log.child(room);
    this.#rooms.set(room, logger);
    return logger;
  }
}

function reasonOf(report: Report): string {
  return report.report === 'fault' ? report.message : 'no answer';
}

function stackOf(cause: unknown): string | undefined {
  return cause instanceof Error ? cause.stack : undefined;
}
