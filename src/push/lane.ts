import type { Scope } from '../event-packages/event-package.ts';
import type { Aor } from '../model/aor.ts';
import type { Timer } from '../model/clock.ts';
import type { PushView } from '../model/push-view.ts';
import { joinScopes } from '../notifier/subscription.ts';
import type { Wanted } from './rules.ts';

/** What the phones are owed of one resource. */
export interface Debt {
  readonly scope: Scope;
  /** `initial`: whatever they know. */
  readonly occasion: 'initial' | 'change';
}

/** One package on its way to the phones of one user: one NOTIFY at a time, and of each resource the last state. */
export class Lane {
  readonly phone: Aor;
  readonly wanted: Wanted;
  /** The PBX that has the user; empty: none. */
  source = '';
  readonly #debts = new Map<Aor, Debt>();
  readonly #restsUntil = new Map<Aor, number>();
  /** Ids of the dialogs that the last document of a resource showed as alive. */
  readonly #shown = new Map<Aor, readonly string[]>();
  /** It waits for its turn, or a NOTIFY is on its way to the PBX. */
  busy = false;
  /** No phone of the user is registered any more. */
  gone = false;
  /** Clock time before which nothing is sent. */
  notBefore = 0;
  timer: Timer | null = null;
  /** How often everything was owed because of a registration, or a PBX that came back. */
  rounds = 0;
  /** Clock time when everything was owed last. */
  wholeAt = 0;
  /** In a row. */
  failures = 0;
  state: PushView['state'] = 'waiting';
  reason: string | null = null;
  notifies = 0;
  lastNotifyAt: number | null = null;

  constructor(phone: Aor, wanted: Wanted) {
    this.phone = phone;
    this.wanted = wanted;
  }

  get owes(): boolean {
    return this.#debts.size > 0;
  }

  /** Something has changed since; the rest can wait for its turn. */
  get isUrgent(): boolean {
    return [...this.#debts.values()].some(({ occasion }) => occasion === 'change');
  }

  owe(resource: Aor, { scope, occasion }: Debt): void {
    const before = this.#debts.get(resource);
    this.#debts.set(resource, {
      scope: before === undefined ? scope : (joinScopes(before.scope, scope) ?? 'full'),
      occasion: before?.occasion === 'initial' ? 'initial' : occasion,
    });
  }

  oweEverything(now: number): void {
    this.wholeAt = now;
    for (const resource of this.wanted.resources) this.owe(resource, { scope: 'full', occasion: 'initial' });
  }

  /** Clock time at which the next may go; Infinity: nothing is owed. */
  get dueAt(): number {
    let soonest = Number.POSITIVE_INFINITY;
    for (const resource of this.#debts.keys()) soonest = Math.min(soonest, this.#restsUntil.get(resource) ?? 0);
    return Math.max(soonest, this.notBefore);
  }

  /** Nothing of this resource goes before that clock time. */
  rest(resource: Aor, until: number): void {
    this.#restsUntil.set(resource, until);
  }

  /** The next that may go, changes first; it is owed no more. null: nothing may. */
  take(now: number): { readonly resource: Aor; readonly debt: Debt } | null {
    const debts = [...this.#debts].filter(([resource]) => (this.#restsUntil.get(resource) ?? 0) <= now);
    const [resource, debt] = debts.find(([, { occasion }]) => occasion === 'change') ?? debts[0] ?? [];
    if (resource === undefined || debt === undefined) return null;
    this.#debts.delete(resource);
    return { resource, debt };
  }

  forgive(): void {
    this.#debts.clear();
  }

  shown(resource: Aor): readonly string[] {
    return this.#shown.get(resource) ?? [];
  }

  /** What the phones may show: with `sure` no more than this. */
  show(resource: Aor, ids: readonly string[], sure: boolean): void {
    const all = sure ? ids : [...new Set([...this.shown(resource), ...ids])].slice(-mostShown);
    this.#shown.set(resource, all);
  }
}

/** Dialogs one phone may remember, as for subscriptions. */
const mostShown = 100;
