import type { Aor } from '../model/aor.ts';
import type { AuditRow } from '../model/audit.ts';
import type { Clock } from '../model/clock.ts';
import {
  type FeatureName,
  type FeatureRow,
  type FeatureState,
  type FeatureValue,
  featureNames,
  featureOff,
  type Origin,
  type OriginKind,
  sameFeature,
} from '../model/feature.ts';
import type { Logger } from '../model/logger.ts';
import type { ChangeSet } from './change-set.ts';
import type { HubStore } from './hub-store.ts';

/** A feature without `assigned`, which belongs to the extension. */
export type HeldFeature = Omit<FeatureState, 'assigned'>;

/** What is told of a feature; `origin` absent: the PBX itself. */
export interface FeatureNews {
  readonly aor: Aor;
  readonly feature: FeatureName;
  readonly value: FeatureValue;
  readonly origin?: Origin | undefined;
  readonly wished?: FeatureValue | undefined;
}

type FeatureStates = Readonly<Record<FeatureName, FeatureState>>;

function statesOf(assigned: readonly FeatureName[], held: (feature: FeatureName) => HeldFeature): FeatureStates {
  const state = (feature: FeatureName): FeatureState => ({ assigned: assigned.includes(feature), ...held(feature) });
  return { dnd: state('dnd'), cfa: state('cfa'), cfb: state('cfb'), cfna: state('cfna') };
}

const untouched: HeldFeature = { ...featureOff, rev: 0, updatedBy: 'pbx', updatedAt: 0 };
const wishers: ReadonlySet<OriginKind> = new Set<OriginKind>(['phone', 'api', 'rpc', 'cli']);

export interface FeaturesTools {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly store: Pick<HubStore, 'commitFeature'>;
}

/** The PBX's features, plus what a PBX forgets: the target of an inactive forward. One value each, the last one told. */
export class Features {
  readonly #tools: FeaturesTools;
  readonly #held = new Map<Aor, Partial<Record<FeatureName, HeldFeature>>>();
  readonly #untouched = new WeakMap<readonly FeatureName[], FeatureStates>();

  constructor(tools: FeaturesTools) {
    this.#tools = tools;
  }

  of(aor: Aor, feature: FeatureName): HeldFeature {
    return this.#held.get(aor)?.[feature] ?? untouched;
  }

  /** All of one resource. Who never touched any shares an object with all who have the same: a call makes a new view. */
  states(aor: Aor, assigned: readonly FeatureName[]): FeatureStates {
    if (this.#held.has(aor)) return statesOf(assigned, (feature) => this.of(aor, feature));
    const known = this.#untouched.get(assigned);
    if (known !== undefined) return known;
    const states = statesOf(assigned, () => untouched);
    this.#untouched.set(assigned, states);
    return states;
  }

  aors(): Iterable<Aor> {
    return this.#held.keys();
  }

  /** All that is held, as the store has it. */
  rows(): readonly FeatureRow[] {
    return [...this.#held].flatMap(([aor, held]) =>
      featureNames.flatMap((feature) => {
        const state = held[feature];
        return state === undefined ? [] : { aor, feature, ...state };
      }),
    );
  }

  load(row: FeatureRow): void {
    const { enabled, target, ringCount, rev, updatedBy, updatedAt } = row;
    this.#hold(row.aor, row.feature, { enabled, target, ringCount, rev, updatedBy, updatedAt });
  }

  set(source: string, news: FeatureNews, changes: ChangeSet): void {
    const { aor, feature } = news;
    const before = this.of(aor, feature);
    const value = merge(feature, before, news.value);
    if (sameFeature(before, value)) return;
    const origin = news.origin ?? { kind: 'pbx', who: source, from: null, userAgent: null };
    const at = this.#tools.clock.now();
    const after: HeldFeature = { ...value, rev: before.rev + 1, updatedBy: origin.kind, updatedAt: at };
    const wish = wishers.has(origin.kind);
    this.#commit(
      { aor, feature, ...after },
      {
        at,
        aor,
        feature,
        origin,
        before: bareValue(before),
        after: value,
        wished: wish ? (news.wished ?? value) : null,
        decision: wish ? 'granted' : 'observed',
        reason: null,
      },
    );
    this.#hold(aor, feature, after);
    changes.add('features', aor, feature);
  }

  /** Before anybody is told. A full disk must not make lamps lie: it is logged and the truth is told all the same. */
  #commit(row: FeatureRow, audit: AuditRow): void {
    try {
      this.#tools.store.commitFeature(row, audit);
    } catch (error) {
      this.#tools.logger.error({ err: error, aor: row.aor, feature: row.feature }, 'feature not stored');
    }
  }

  #hold(aor: Aor, feature: FeatureName, held: HeldFeature): void {
    this.#held.set(aor, { ...this.#held.get(aor), [feature]: held });
  }
}

/** What the PBX says, without what the feature cannot have, and with what a PBX forgets on deactivation. */
function merge(feature: FeatureName, before: FeatureValue, told: FeatureValue): FeatureValue {
  if (feature === 'dnd') return { enabled: told.enabled, target: null, ringCount: null };
  const target = told.target === '' ? null : told.target;
  return {
    enabled: told.enabled,
    // FreePBX deletes the key of a forward that is switched off; phones want to offer the number again.
    target: told.enabled ? target : (target ?? before.target),
    ringCount: feature === 'cfna' ? (told.ringCount ?? before.ringCount) : null,
  };
}

function bareValue({ enabled, target, ringCount }: FeatureValue): FeatureValue {
  return { enabled, target, ringCount };
}
