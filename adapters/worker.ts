import { isDeepStrictEqual } from 'node:util';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { AgentState, AgentWish } from '../src/model/agent.ts';
import type { Aor } from '../src/model/aor.ts';
import type { Finding } from '../src/model/check.ts';
import { systemClock } from '../src/model/clock.ts';
import { Fault } from '../src/model/errors.ts';
import type { FeatureName, FeatureState, FeatureValue, Wish } from '../src/model/feature.ts';
import type { Logger } from '../src/model/logger.ts';
import { type Outcome, refused } from '../src/model/outcome.ts';
import type { PbxEvent } from '../src/model/pbx-event.ts';
import type { NotifiedPhone, PhoneNotice } from '../src/model/phone-notice.ts';
import { systemRandom } from '../src/model/random.ts';
import type { AdapterSettings, Capabilities, Credentials, DigestFacts, PbxAdapter } from './adapter.ts';
import { adapterLoader } from './load.ts';
import { Reports } from './reports.ts';
import type { SnapshotPart } from './snapshot-parts.ts';

/** What the worker is born with. */
export interface WorkerData {
  readonly type: string;
  readonly settings: AdapterSettings;
}

/** To the worker. */
export type Order =
  | { readonly order: 'start' }
  | { readonly order: 'stop' }
  /** A heartbeat; `seen`: events taken so far. Answered by `beat`. */
  | { readonly order: 'beat'; readonly seen: number }
  /** The part of a snapshot that came last has been taken. */
  | { readonly order: 'more' }
  | {
      readonly order: 'tell-features';
      readonly aor: Aor;
      readonly features: Readonly<Record<FeatureName, FeatureState>>;
      readonly phone: string | null;
    }
  | { readonly order: 'set-feature'; readonly id: number; readonly wish: Wish; readonly deadlineMs: number }
  | { readonly order: 'set-agent'; readonly id: number; readonly wish: AgentWish; readonly deadlineMs: number }
  | {
      readonly order: 'notify-phones';
      readonly id: number;
      readonly aor: Aor;
      readonly notice: PhoneNotice;
      readonly deadlineMs: number;
    }
  | { readonly order: 'checks'; readonly id: number; readonly deadlineMs: number }
  | { readonly order: 'credentials'; readonly id: number; readonly user: string; readonly domain: string };

/** What an order that has an id is answered. */
export type Answer =
  | Outcome<FeatureValue>
  | Outcome<AgentState>
  | Outcome<readonly NotifiedPhone[]>
  | readonly Finding[]
  | Credentials
  | null;

/** From the worker. */
export type Report =
  | { readonly report: 'ready' }
  | {
      readonly report: 'facts';
      readonly capabilities: Capabilities;
      /** By the name of each domain. */
      readonly digest: Readonly<Record<string, DigestFacts | null>>;
    }
  /** Rows of the snapshot that comes behind its parts, empty. */
  | { readonly report: 'part'; readonly part: SnapshotPart }
  | {
      readonly report: 'event';
      readonly event: PbxEvent;
      /** When it was read; milliseconds since the epoch. */
      readonly at: number;
    }
  | { readonly report: 'answer'; readonly id: number; readonly value: Answer }
  | { readonly report: 'fault'; readonly id: number; readonly code: Fault['code']; readonly message: string }
  | {
      readonly report: 'log';
      readonly level: Level;
      readonly room: string;
      readonly fields: object;
      readonly message: string;
    }
  | { readonly report: 'beat' }
  | { readonly report: 'stopped' };

type Level = 'debug' | 'info' | 'warn' | 'error';

/**
 * More events than this on their way mean that the main thread stands still. The socket of the PBX must be read all the
 * same, so memory would grow for ever: better to die, and to be started and brought in step again.
 */
const mostUnseen = 100_000;

class RelayLogger implements Logger {
  readonly #send: (report: Report) => void;
  readonly #room: string;

  constructor(send: (report: Report) => void, room: string) {
    this.#send = send;
    this.#room = room;
  }

  debug(fields: object, message: string): void {
    this.#relay('debug', fields, message);
  }

  info(fields: object, message: string): void {
    this.#relay('info', fields, message);
  }

  warn(fields: object, message: string): void {
    this.#relay('warn', fields, message);
  }

  error(fields: object, message: string): void {
    this.#relay('error', fields, message);
  }

  child(room: string): Logger {
    return new RelayLogger(this.#send, room);
  }

  #relay(level: Level, fields: object, message: string): void {
    this.#send({ report: 'log', level, room: this.#room, fields, message });
  }
}

async function run(port: MessagePort, { type, settings }: WorkerData): Promise<void> {
  const reports = new Reports((report) => port.postMessage(report));
  const send = (report: Report) => reports.send(report);
  let told = 0;
  let seen = 0;
  let doomed = false;
  let mirrored: object = {};

  const factory = await adapterLoader(type)();
  const adapter = factory(settings, {
    clock: systemClock,
    random: systemRandom,
    logger: new RelayLogger((report) => reports.aside(report), ''),
  });

  const mirror = () => {
    const digest = Object.fromEntries(settings.domains.map(({ name }) => [name, adapter.digest(name)]));
    const facts = { capabilities: adapter.capabilities, digest };
    if (isDeepStrictEqual(facts, mirrored)) return;
    mirrored = facts;
    send({ report: 'facts', ...facts });
  };
  const tell = (event: PbxEvent) => {
    // Rare events only: facts change with a connection or a reading.
    if (event.type === 'snapshot' || event.type === 'link') mirror();
    if (++told - seen <= mostUnseen) send({ report: 'event', event, at: systemClock.now() });
    else if (!doomed) {
      doomed = true;
      // Beyond the reach of the adapter and its libraries, which may catch what their listeners throw.
      queueMicrotask(() => {
        throw new Fault('internal', 'the main thread does not take the events of this PBX');
      });
    }
  };

  port.on('message', (order: Order) => {
    switch (order.order) {
      case 'start':
        adapter.start(tell);
        break;
      case 'stop':
        void adapter.stop().finally(() => {
          reports.end({ report: 'stopped' });
          port.close();
        });
        break;
      case 'beat':
        seen = order.seen;
        reports.aside({ report: 'beat' });
        break;
      case 'more':
        reports.more();
        break;
      case 'tell-features':
        adapter.tellFeatures?.(order.aor, order.features, order.phone);
        break;
      case 'checks':
      case 'credentials':
        void answer(adapter, order).then((report) => reports.aside(report));
        break;
      default:
        void answer(adapter, order).then(send);
    }
  });
  mirror();
  send({ report: 'ready' });
}

async function carryOut(adapter: PbxAdapter, order: Extract<Order, { id: number }>): Promise<Answer> {
  switch (order.order) {
    case 'set-feature':
      return adapter.setFeature(order.wish, order.deadlineMs);
    case 'set-agent': {
      const set = adapter.setAgent?.(order.wish, order.deadlineMs);
      return set ?? refused<AgentState>('not-writable', 'this PBX does not take wishes of agents');
    }
    case 'notify-phones': {
      const sent = adapter.notifyPhones?.(order.aor, order.notice, order.deadlineMs);
      return sent ?? refused<readonly NotifiedPhone[]>('not-writable', 'this PBX sends no NOTIFY for others');
    }
    case 'checks':
      return adapter.checks?.(order.deadlineMs) ?? [];
    case 'credentials':
      return adapter.credentials(order.user, order.domain);
  }
}

/** Never rejects. */
async function answer(adapter: PbxAdapter, order: Extract<Order, { id: number }>): Promise<Report> {
  const { id } = order;
  try {
    return { report: 'answer', id, value: await carryOut(adapter, order) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { report: 'fault', id, code: error instanceof Fault ? error.code : 'internal', message };
  }
}

if (parentPort !== null) await run(parentPort, workerData as WorkerData);
