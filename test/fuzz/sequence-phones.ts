import type {
  AddressedRequest,
  EngineCapabilities,
  FinalResponse,
  Flow,
  ListenPoint,
  ServerTransaction,
  SipAnswer,
  SipEngine,
} from '../../src/sip/engine.ts';
import { requestOf, valuesOf } from '../sip/front/fake-engine.ts';
import type { Seeded } from './seeded.ts';
import type { SequenceClock } from './sequence-clock.ts';
import { domain } from './sequence-daemon.ts';
import { Documents } from './sequence-documents.ts';

/** One subscription as its phone sees it. */
export interface Usage {
  readonly event: string;
  readonly id: string | null;
  /** The Event header without `id`. */
  params: string;
  accept: string | null;
  readonly isList: boolean;
  state: 'asked' | 'active' | 'over';
  documents: Documents;
  etag: string | null;
  /** Clock time at which it ends without a refresh. */
  until: number;
  /** As NOTIFYs said it; null: none. */
  maxRate: number | null;
  /** What it was answered last. */
  lastAnswer: number;
  /** NOTIFYs since the last step. */
  heard: number;
}

export function newUsage(asked: Pick<Usage, 'event' | 'id' | 'params' | 'accept' | 'isList'>): Usage {
  return {
    ...asked,
    state: 'asked',
    documents: new Documents(),
    etag: null,
    until: 0,
    maxRate: null,
    lastAnswer: 0,
    heard: 0,
  };
}

export interface PhoneDialog {
  readonly phone: Phone;
  readonly callId: string;
  readonly tag: string;
  readonly resource: string;
  remoteTag: string | null;
  target: string | null;
  cseq: number;
  /** Of their NOTIFYs. */
  heardCseq: number;
  usages: Usage[];
  /** The connection of the last SUBSCRIBE; empty over UDP. */
  connection: string;
}

export interface Phone {
  readonly user: string;
  readonly transport: 'udp' | 'tcp';
  readonly port: number;
  readonly userAgent: string | null;
  readonly instance: string | null;
  dialogs: PhoneDialog[];
  connection: string;
}

type Mood = 'well' | 'any';

/** Phones and the network between them and one daemon after the other. What it finds wrong is in `faults`. */
export class PhoneNetwork {
  readonly faults: string[] = [];
  readonly #clock: SequenceClock;
  readonly #chance: Seeded;
  readonly #dialogs = new Map<string, PhoneDialog>();
  readonly alive = new Set<string>();
  #connections = 0;
  #names = 0;
  mood: Mood = 'any';
  notifies = 0;
  /** Whether what happens is printed. */
  trace: ((line: string) => void) | null = null;

  constructor(clock: SequenceClock, chance: Seeded) {
    this.#clock = clock;
    this.#chance = chance;
  }

  /** Of a new process: connections of the old one are dead, and what it still sends goes nowhere. */
  engine(): SequenceEngine {
    this.alive.clear();
    return new SequenceEngine((request) => this.#notified(request));
  }

  flowOf(phone: Phone): Flow {
    if (phone.transport === 'tcp' && !this.alive.has(phone.connection)) {
      phone.connection = `c${++this.#connections}`;
      this.alive.add(phone.connection);
    }
    return {
      transport: phone.transport,
      local: { address: '192.0.2.1', port: 5070 },
      remote: { address: '192.0.2.77', port: phone.port },
      connection: phone.transport === 'udp' ? '' : phone.connection,
    };
  }

  /** A name that nobody had before. */
  name(prefix: string): string {
    return `${prefix}${++this.#names}`;
  }

  dialog(phone: Phone, resource: string): PhoneDialog {
    const dialog: PhoneDialog = {
      phone,
      callId: this.name('call'),
      tag: this.name('tag'),
      resource,
      remoteTag: null,
      target: null,
      cseq: 0,
      heardCseq: 0,
      usages: [],
      connection: '',
    };
    phone.dialogs.push(dialog);
    this.#dialogs.set(`${dialog.callId} ${dialog.tag}`, dialog);
    return dialog;
  }

  /** A SUBSCRIBE of this dialog; `answered` hears what it was answered. */
  subscribe(
    engine: SequenceEngine,
    dialog: PhoneDialog,
    usage: Usage,
    more: { readonly expires: number | null; readonly lines: readonly string[]; readonly body: string },
    answered: (answer: SipAnswer) => void = () => undefined,
  ): void {
    const { phone } = dialog;
    const { port, user, instance } = phone;
    const to = `<sip:${dialog.resource}@${domain}>${dialog.remoteTag === null ? '' : `;tag=${dialog.remoteTag}`}`;
    const uri =
      dialog.remoteTag === null ? `sip:${dialog.resource}@${domain}` : (dialog.target ?? 'sip:192.0.2.1:5070');
    dialog.cseq += 1;
    const own = instance === null ? '' : `;+sip.instance="<urn:uuid:${instance}>"`;
    const text = [
      `SUBSCRIBE ${uri} SIP/2.0`,
      `Via: SIP/2.0/${phone.transport.toUpperCase()} 192.0.2.77:${port};branch=z9hG4bK${this.name('b')}`,
      'Max-Forwards: 70',
      `From: <sip:${user}@${domain}>;tag=${dialog.tag}`,
      `To: ${to}`,
      `Call-ID: ${dialog.callId}`,
      `CSeq: ${dialog.cseq} SUBSCRIBE`,
      `Contact: <sip:${user}@192.0.2.77:${port}>${own}`,
      `Event: ${usage.event}${usage.id === null ? '' : `;id=${usage.id}`}${usage.params}`,
      ...(usage.accept === null ? [] : [`Accept: ${usage.accept}`]),
      ...(more.expires === null ? [] : [`Expires: ${more.expires}`]),
      ...(phone.userAgent === null ? [] : [`User-Agent: ${phone.userAgent}`]),
      ...more.lines,
      `Content-Length: ${Buffer.byteLength(more.body)}`,
      '',
      more.body,
    ].join('\r\n');
    const flow = this.flowOf(phone);
    this.trace?.(`> ${text.replaceAll('\r\n', '\n> ')}`);
    engine.receive(text, flow, (answer) => {
      const { status } = answer;
      this.trace?.(`< ${status} to ${dialog.callId} ${dialog.cseq}`);
      if (status === 500) this.faults.push(`500 to\n${text}`);
      if (status >= 200 && status < 300) {
        dialog.connection = flow.connection;
        dialog.remoteTag ??= answer.toTag ?? null;
        dialog.target = /<([^>]+)>/.exec(valuesOf(answer, 'Contact')[0] ?? '')?.[1] ?? dialog.target;
        usage.until = this.#clock.now() + Number(valuesOf(answer, 'Expires')[0]) * 1000;
        if (more.expires === 0 && status === 204) usage.state = 'over';
        // agreed, and no NOTIFY says so
        if (status === 204 && usage.params.includes('max-rate')) usage.maxRate = Number.MIN_VALUE;
        if (more.expires !== 0 && usage.state === 'asked') usage.state = 'active';
      } else if (status === 481) usage.state = 'over';
      answered(answer);
    });
  }

  /** Called at each step; answers what was too much in so many seconds. */
  tooMany(seconds: number): string | null {
    for (const dialog of this.#dialogs.values()) {
      for (const usage of dialog.usages) {
        const { heard } = usage;
        usage.heard = 0;
        if (heard > 40 + seconds) return `${heard} NOTIFYs of ${usage.event}${usage.params} in ${seconds} s`;
      }
    }
    return null;
  }

  all(): Iterable<PhoneDialog> {
    return this.#dialogs.values();
  }

  async #notified(request: AddressedRequest): Promise<FinalResponse> {
    const { flow } = request;
    this.notifies += 1;
    if (flow.transport === 'tcp' && !this.alive.has(flow.connection)) return final(503, {}, true);
    const header = (name: string) => request.headers.find(([key]) => key === name)?.[1];
    const tag = /;tag=([^;]+)/.exec(request.to)?.[1] ?? '';
    const dialog = this.#dialogs.get(`${request.callId} ${tag}`);
    if (dialog === undefined) {
      this.faults.push(`a NOTIFY of a dialog that never was: ${request.callId}`);
      return final(481);
    }
    const [event = '', ...params] = (header('Event') ?? '').split(/\s*;\s*/);
    const id = params.find((param) => param.startsWith('id='))?.slice(3) ?? null;
    const state = header('Subscription-State') ?? '';
    const what = `${event}${id === null ? '' : `;id=${id}`} ${dialog.callId} CSeq ${request.cseq}`;
    this.trace?.(`< NOTIFY ${what} ${state} ${header('SIP-ETag') ?? ''} ${request.body ?? ''}`);
    if (request.cseq <= dialog.heardCseq) this.faults.push(`${what}: not above ${dialog.heardCseq}`);
    dialog.heardCseq = request.cseq;
    const fits = (one: Usage) => one.event === event && one.id === id;
    const usage = dialog.usages.findLast((one) => fits(one) && one.state !== 'over') ?? dialog.usages.findLast(fits);
    if (usage === undefined) {
      this.faults.push(`${what}: nobody asked for it`);
      return final(481);
    }
    usage.heard += 1;
    usage.maxRate = Number(/max-rate=([\d.]+)/.exec(state)?.[1] ?? Number.NaN) || null;
    if (usage.heard > 20_000) throw new Error(`NOTIFYs without end: ${what} ${usage.params}`);
    const { status, ms, headers } = this.#answer(usage);
    usage.lastAnswer = status;
    // what comes of it the next NOTIFY says
    if (headers['Event']?.includes('max-rate') === true) usage.maxRate = Number.MIN_VALUE;
    if (status < 300) {
      try {
        const type = header('Content-Type');
        if (type !== undefined && (request.body ?? '') !== '') usage.documents.take(type, request.body ?? '');
      } catch (error) {
        this.faults.push(`${what}: ${error instanceof Error ? error.message : String(error)}\n${request.body}`);
      }
      usage.etag = header('SIP-ETag') ?? usage.etag;
    }
    if (state.startsWith('terminated') || status === 481 || status === 489) usage.state = 'over';
    if (status === 404) for (const each of dialog.usages) each.state = 'over'; // RFC 5057 5.1
    if (ms === 0) return final(status, headers);
    return new Promise((resolve) => this.#clock.after(ms, () => resolve(final(status, headers, status === 408))));
  }

  #answer(usage: Usage): { status: number; ms: number; headers: Readonly<Record<string, string>> } {
    const chance = this.#chance;
    if (this.mood === 'well' || !chance.once(4)) return { status: 200, ms: 0, headers: {} };
    switch (chance.below(9)) {
      case 0:
        return { status: 481, ms: 0, headers: {} };
      case 1:
        return { status: 500, ms: 0, headers: {} };
      case 2:
        return { status: 503, ms: 0, headers: { 'Retry-After': String(chance.below(60)) } };
      case 3:
        return { status: 408, ms: 32_000, headers: {} };
      case 4:
      case 5:
        return { status: 200, ms: chance.below(31_000), headers: {} };
      case 6:
        return { status: chance.pick([404, 489, 400, 603, 302]), ms: 0, headers: {} };
      default:
        return { status: 200, ms: chance.pick([0, 0, 700]), headers: { Event: `${usage.event}${rates(chance)}` } };
    }
  }
}

/** RFC 6446 and other parameters of Event, some without sense. */
export function rates(chance: Seeded): string {
  const rate = () => chance.pick(['0', '1', '0.1', '0.01', '99', '0.0000000001', '0.5', '3', 'x', '0.2', '20']);
  const names = ['max-rate', 'min-rate', 'adaptive-min-rate'].filter(() => chance.once(2));
  return names.map((name) => `;${name}=${rate()}`).join('');
}

function final(status: number, headers: Readonly<Record<string, string>> = {}, local = false): FinalResponse {
  return { status, reason: '', local, header: (name) => headers[name] };
}

/** What one daemon has of the network. */
export class SequenceEngine implements SipEngine {
  readonly capabilities: EngineCapabilities = { maxMessage: 65_536, ownsCseq: true, inlineProxy: true };
  readonly #send: (request: AddressedRequest) => Promise<FinalResponse>;
  #onRequest: ((transaction: ServerTransaction) => void) | null = null;
  #dead = false;

  constructor(send: (request: AddressedRequest) => Promise<FinalResponse>) {
    this.#send = send;
  }

  async start(onRequest: (transaction: ServerTransaction) => void): Promise<readonly ListenPoint[]> {
    this.#onRequest = onRequest;
    return [{ transport: 'udp', address: '192.0.2.1', port: 5070 }];
  }

  async stop(): Promise<void> {
    this.#dead = true;
  }

  /** The process is gone. */
  end(): void {
    this.#dead = true;
  }

  request(request: AddressedRequest): Promise<FinalResponse> {
    if (this.#dead) return new Promise(() => undefined);
    return this.#send(request);
  }

  roomBytes(flow: Flow): number {
    return flow.transport === 'udp' ? 1300 : Number.POSITIVE_INFINITY;
  }

  receive(text: string, flow: Flow, answered: (answer: SipAnswer) => void): void {
    if (this.#dead) return;
    let done = false;
    this.#onRequest?.({
      request: requestOf(text, flow),
      respond: (answer) => {
        if (done || this.#dead) return;
        done = true;
        answered(answer);
      },
    });
  }
}
