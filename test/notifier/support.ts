import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { EventPackage, RenderRequest } from '../../src/event-packages/event-package.ts';
import { type Aor, aorOf } from '../../src/model/aor.ts';
import { type FeatureName, type FeatureState, featureNames, type Wish } from '../../src/model/feature.ts';
import { granted, refused } from '../../src/model/outcome.ts';
import { defaultProfile, type PhoneProfile } from '../../src/model/profile.ts';
import type { Random } from '../../src/model/random.ts';
import type { SubscriptionPulse, SubscriptionRow } from '../../src/model/subscription-row.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import type { Change, DialogView, ResourceView } from '../../src/model/views.ts';
import { Notifier, type NotifierDeps } from '../../src/notifier/notifier.ts';
import type { SubscriptionStore } from '../../src/notifier/ports.ts';
import { type DialogState, DialogTable } from '../../src/sip/dialog.ts';
import type {
  NotifyMessage,
  NotifyResult,
  NotifySender,
  SubscribeAnswer,
  SubscribeRequest,
} from '../../src/sip/front.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/silent-logger.ts';

export const domain = 'pbx.test';
export const alice = aorOf('1001', domain);
export const bob = aorOf('1002', domain);
const offState = { assigned: true, rev: 0, updatedBy: 'pbx', updatedAt: 0 } as const;
const off: FeatureState = { enabled: false, target: null, ringCount: null, ...offState };

/** A truth that tests write. */
export class FakeState {
  readonly views = new Map<Aor, ResourceView>();
  readonly missing = new Set<Aor>();
  readonly #listeners = new Set<(change: Change) => void>();

  view(aor: Aor): ResourceView {
    const known = this.views.get(aor);
    if (known !== undefined) return known;
    const features = { dnd: off, cfa: off, cfb: off, cfna: off };
    const idle = { displayName: null, known: true, stale: false, contacts: 1, dialogs: [], mailbox: null };
    return { aor, ...idle, features };
  }

  has(aor: Aor): boolean {
    return !this.missing.has(aor);
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  emit(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }

  feature(aor: Aor, feature: FeatureName, enabled: boolean): void {
    const view = this.view(aor);
    this.views.set(aor, { ...view, features: { ...view.features, [feature]: { ...off, enabled } } });
    this.emit({ topic: 'features', aor, aspects: [feature] });
  }

  calls(aor: Aor, ...ids: readonly string[]): void {
    const remote = { number: '1009', name: null, presentable: true };
    const dialogs = ids.map(
      (id): DialogView => ({ id, phase: 'early', direction: 'recipient', holding: false, remote, since: 0 }),
    );
    this.views.set(aor, { ...this.view(aor), dialogs });
    this.emit({ topic: 'dialogs', aor, aspects: [] });
  }
}

const ok: NotifyResult = { status: 200, local: false, retryAfter: null };

export interface SentNotify {
  readonly dialog: DialogState;
  readonly cseq: number;
  readonly message: NotifyMessage;
  /** Clock time. */
  readonly at: number;
  readonly flow: DialogState['flow'];
  /** Answers it; only the first answer counts. */
  answer(result?: Partial<NotifyResult> | number): Promise<void>;
  readonly open: () => boolean;
}

/** A SIP side that records, and answers 200 at once unless `hold` is set. */
export class FakeSender implements NotifySender {
  readonly sent: SentNotify[] = [];
  readonly restored: DialogState[] = [];
  readonly released: DialogState[] = [];
  readonly #clock: FakeClock;
  readonly #known = new DialogTable();
  #underWay: SentNotify[] = [];
  crowded = false;
  /** True: tests answer by hand. */
  hold = false;
  /** What an unheld NOTIFY is answered with. */
  script: (notify: SentNotify) => Partial<NotifyResult> | number = () => 200;
  /** In one dialog; one that was overtaken is not repeated, and does not count. */
  mostInFlight = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  notify(dialog: DialogState, message: NotifyMessage): Promise<NotifyResult> {
    dialog.localCseq += 1;
    if (dialog.localCseq > dialog.localCseqLimit) throw new Error('CSeq beyond its reservation');
    this.#underWay = this.#underWay.filter((other) => other.open() && other.message.awaited?.over !== true);
    const flying = this.#underWay.filter((other) => other.dialog === dialog).length + 1;
    this.mostInFlight = Math.max(this.mostInFlight, flying);
    return new Promise((resolve) => {
      let open = true;
      const notify: SentNotify = {
        dialog,
        cseq: dialog.localCseq,
        message,
        at: this.#clock.now(),
        flow: dialog.flow,
        open: () => open,
        answer: (result = 200) => {
          if (open) {
            open = false;
            resolve({ ...ok, ...(typeof result === 'number' ? { status: result } : result) });
          }
          return settle();
        },
      };
      this.sent.push(notify);
      this.#underWay.push(notify);
      if (!this.hold) void notify.answer(this.script(notify));
    });
  }

  roomBytes(): number {
    return 1000;
  }

  restore(dialog: DialogState): DialogState {
    const known = this.#known.join(dialog);
    if (known === dialog) this.restored.push(dialog);
    return known;
  }

  release(dialog: DialogState): void {
    this.#known.remove(dialog);
    this.released.push(dialog);
  }

  /** Takes what was sent since the last call. */
  take(): SentNotify[] {
    return this.sent.splice(0);
  }
}

/** A disk in RAM. */
export class FakeStore implements SubscriptionStore {
  readonly rows = new Map<number, SubscriptionRow>();
  readonly reserved: { id: number; cseqLimit: number; versionLimit: number }[] = [];
  touches = 0;
  full = false;

  async putSubscription(row: SubscriptionRow): Promise<void> {
    await settle();
    this.#check();
    this.rows.set(row.id, row);
  }

  async deleteSubscription(id: number): Promise<void> {
    this.#check();
    this.rows.delete(id);
  }

  touchSubscription(row: SubscriptionRow): void {
    this.touches += 1;
    const { expiresAt, dialog, shown } = row;
    const before = this.rows.get(row.id);
    if (before !== undefined) this.rows.set(row.id, { ...before, expiresAt, dialog, shown });
  }

  pulseSubscription({ id, expiresAt, remoteCseq, shown }: SubscriptionPulse): void {
    this.touches += 1;
    const before = this.rows.get(id);
    if (before !== undefined) this.rows.set(id, { ...before, expiresAt, remoteCseq, shown });
  }

  reserve(id: number, cseqLimit: number, versionLimit: number): void {
    this.#check();
    this.reserved.push({ id, cseqLimit, versionLimit });
    const before = this.rows.get(id);
    if (before !== undefined) this.rows.set(id, { ...before, cseqLimit, versionLimit });
  }

  reserveAll(cseqs: number, versions: number): void {
    this.#check();
    for (const [id, row] of this.rows) {
      this.rows.set(id, { ...row, cseqLimit: row.cseqLimit + cseqs, versionLimit: row.versionLimit + versions });
    }
  }

  #check(): void {
    if (this.full) throw new Error('disk full');
  }
}

const zeros: Random = { bytes: (count) => Buffer.alloc(count, 7), fraction: () => 0 };

/** Lamps: one body, rate by profile. */
export const lamps: EventPackage = {
  event: 'lamps',
  contentTypes: ['application/lamps+xml', 'application/lamps-old'],
  expires: { min: 60, default: 3600, max: 7200 },
  reads: ['dialogs', 'extension'],
  watchers: 'domain',
  implements: [],
  maxRequestBytes: 0,
  render: (view, request) => {
    const ids = view.dialogs.map(({ id }) => id);
    const ended = request.shown.filter((id) => !ids.includes(id));
    const content = JSON.stringify({ ids, ended, ...facts(request) });
    return { bodies: [{ contentType: request.contentType, content, covers: 'full' }], shown: ids };
  },
};

/** Keys: one body a feature, no rate, wishes in the body as `dnd=on,cfa=off`, or `tell:dnd`, `bad`. */
export const keys: EventPackage = {
  event: 'keys',
  contentTypes: ['application/keys'],
  expires: { min: 60, default: 3600, max: 3600 },
  reads: ['features'],
  rate: 'none',
  watchers: 'owner',
  implements: [],
  maxRequestBytes: 40,
  requestTypes: ['application/keys', 'text/keys'],
  request: (body) => {
    const text = body.toString();
    if (text === 'bad') return refused('not-well-formed', 'nonsense', 400);
    if (text.startsWith('tell:')) return granted({ wishes: [], tell: [text.slice(5)] });
    if (text === 'what?') return granted({ wishes: [], tell: 'full' });
    const wishes = text.split(',').map((part) => {
      const [feature, value] = part.split('=');
      return { feature: feature as FeatureName, enabled: value === 'on' };
    });
    return granted({ wishes, tell: wishes.map(({ feature }) => feature) });
  },
  render: (view, request) => {
    const wanted = featureNames.filter((name) => request.scope === 'full' || request.scope.includes(name));
    const one = (names: readonly FeatureName[]) => {
      const values = Object.fromEntries(names.map((name) => [name, view.features[name].enabled]));
      return { contentType: 'application/keys', content: JSON.stringify({ values, ...facts(request) }), covers: names };
    };
    const bodies =
      request.occasion === 'final' || wanted.length < 2 ? [one(wanted)] : wanted.map((name) => one([name]));
    return { bodies, shown: [] };
  },
};

function facts({ version, occasion, scope, entity, own }: RenderRequest): object {
  return { version, occasion, scope, entity, own };
}

export interface Told {
  readonly version: number;
  readonly occasion: string;
  readonly scope: unknown;
  readonly entity: string;
  readonly own: boolean;
  readonly ids: readonly string[];
  readonly ended: readonly string[];
  readonly values: { readonly [feature: string]: boolean };
}

/** The document of a NOTIFY, as the test packages write it. */
export function told(notify: SentNotify | undefined): Told {
  if (notify === undefined) throw new Error('no NOTIFY was sent');
  return JSON.parse(notify.message.content) as Told;
}

let dialogs = 0;

export function udp(port: number, address = '192.0.2.1'): DialogState['flow'] {
  const remote = { address, port };
  return { transport: 'udp', local: { address: '192.0.2.100', port: 5070 }, remote, connection: '' };
}

export function tcp(connection: string): DialogState['flow'] {
  return { ...udp(40_000), transport: 'tcp', connection };
}

export function newDialog(flow: DialogState['flow'] = udp(5060)): DialogState {
  dialogs += 1;
  return {
    callId: `call-${dialogs}`,
    localTag: `ours-${dialogs}`,
    remoteTag: `theirs-${dialogs}`,
    localParty: `<sip:1001@${domain}>;tag=ours-${dialogs}`,
    remoteParty: `<sip:1002@${domain}>;tag=theirs-${dialogs}`,
    remoteTarget: `sip:phone@${flow.remote.address}`,
    routeSet: [],
    localCseq: 0,
    localCseqLimit: 0,
    remoteCseq: 1,
    flow,
    moved: false,
    note: null,
    user: '1002',
  };
}

/** A notifier with everything around it. */
export class World {
  readonly clock = new FakeClock();
  readonly state = new FakeState();
  readonly logger = new RecordingLogger();
  readonly sender = new FakeSender(this.clock);
  readonly wishes: Wish[] = [];
  /** What the gate does with a wish. */
  gate: (wish: Wish) => Promise<unknown> | unknown = () => undefined;
  profile: PhoneProfile = defaultProfile;
  readonly store: FakeStore;
  readonly notifier: Notifier;

  constructor(store = new FakeStore(), overrides: Partial<NotifierDeps> = {}) {
    this.store = store;
    this.notifier = new Notifier({
      clock: this.clock,
      random: zeros,
      logger: this.logger,
      packages: [lamps, keys],
      state: this.state,
      sender: this.sender,
      store,
      grant: async (wish) => {
        assert.ok(wish.feature !== 'agent', 'the package of these tests knows no agents');
        this.wishes.push(wish);
        await this.gate(wish);
        return { decision: 'granted', refusal: null, state: off } satisfies Verdict;
      },
      profileFor: () => this.profile,
      limits: { perUser: 300, perAddress: 3000 },
      ...overrides,
    });
  }

  request(over: Partial<SubscribeRequest> = {}): SubscribeRequest {
    const dialog = over.dialog ?? newDialog();
    return {
      dialog,
      initial: true,
      path: { remoteTarget: dialog.remoteTarget, flow: dialog.flow },
      requestUri: `sip:1001@${domain};x=1`,
      resource: alice,
      watcher: { aor: bob, how: 'digest' },
      event: 'lamps',
      eventId: null,
      eventParams: {},
      supported: [],
      suppressIfMatch: null,
      expires: 600,
      accept: null,
      contentType: null,
      body: Buffer.alloc(0),
      userAgent: 'Desk 1',
      device: dialog.callId,
      source: 'udp:192.0.2.1:5060',
      ...over,
    };
  }

  /** Answers the SUBSCRIBE, then lets the 200 leave. */
  async subscribe(over: Partial<SubscribeRequest> = {}): Promise<SubscribeAnswer> {
    const answer = await this.notifier.onSubscribe(this.request(over));
    answer.after?.();
    await settle();
    return answer;
  }

  /** A SUBSCRIBE within a dialog: the Request-URI is our Contact and names nothing. */
  again(dialog: DialogState, over: Partial<SubscribeRequest> = {}): Promise<SubscribeAnswer> {
    dialog.remoteCseq += 1;
    return this.subscribe({ dialog, initial: false, resource: null, requestUri: 'sip:192.0.2.100', ...over });
  }

  /** A phone with a lamp on 1001, its first NOTIFY answered and out of the way. */
  async lamp(over: Partial<SubscribeRequest> = {}): Promise<DialogState> {
    const dialog = over.dialog ?? newDialog();
    await this.subscribe({ ...over, dialog });
    this.sender.take();
    return dialog;
  }

  /** The user's own phone with feature keys. */
  keysRequest(dialog: DialogState, over: Partial<SubscribeRequest> = {}): Partial<SubscribeRequest> {
    return { dialog, event: 'keys', watcher: { aor: alice, how: 'digest' }, ...over };
  }

  /** The same with a body that wishes something. */
  press(dialog: DialogState, text: string, over: Partial<SubscribeRequest> = {}): Partial<SubscribeRequest> {
    return this.keysRequest(dialog, { contentType: 'application/keys', body: Buffer.from(text), ...over });
  }
}

export { settle };
