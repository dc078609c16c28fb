import { type Aor, aorOf, domainOf } from '../model/aor.ts';
import type { FeatureValue, Origin } from '../model/feature.ts';
import type { PbxEvent } from '../model/pbx-event.ts';
import type { AnyValue, AnyWish } from './context.ts';

/** A wish that has been put to the PBX and not been answered. */
export interface Asked {
  readonly origin: Origin;
  readonly wished: AnyValue;
  /** A hook wants no NOTIFY of it. */
  readonly quiet: boolean;
  /** The PBX reported the change by itself, and the report was given the wish's name. */
  attributed: boolean;
}

/** What is under way between the gate and the PBX. */
export class InFlight {
  readonly #asked = new Map<string, Asked>();
  /** User to the target of the cfa that may be his in a moment. */
  readonly #forwards = new Map<Aor, string>();

  asked(aor: Aor, feature: AnyWish['feature']): Asked | null {
    return this.#asked.get(`${aor}\0${feature}`) ?? null;
  }

  ask(aor: Aor, feature: AnyWish['feature'], asked: Asked): void {
    this.#asked.set(`${aor}\0${feature}`, asked);
  }

  /**
   * Counts as an edge of the forward graph from the judgement on, so that of A→B and B→A, wished at once, one is refused
   * – without making every forward of the company wait for one slow answer.
   */
  plan(aor: Aor, target: string): void {
    this.#forwards.set(aor, target);
  }

  planned(aor: Aor): string | null {
    return this.#forwards.get(aor) ?? null;
  }

  done(aor: Aor, feature: AnyWish['feature']): void {
    this.#asked.delete(`${aor}\0${feature}`);
    if (feature === 'cfa') this.#forwards.delete(aor);
  }

  /** Most PBXs report a change before they answer the wish that made it: that report is the wish's, not the PBX's own. */
  attribute(event: PbxEvent): PbxEvent {
    if (event.type !== 'feature' || event.origin !== undefined) return event;
    const asked = this.asked(event.aor, event.feature);
    if (asked === null) return event;
    const { origin, wished, quiet } = asked;
    if (wished === null || !('enabled' in wished) || !fits(event.value, wished)) return event;
    asked.attributed = true;
    return { ...event, origin, wished, ...(quiet ? { quiet } : {}) };
  }
}

function fits(told: FeatureValue, wished: FeatureValue): boolean {
  return told.enabled === wished.enabled && (!told.enabled || told.target === wished.target);
}

/** The AOR of another user of the same domain. */
export function neighbour(aor: Aor, user: string): Aor {
  return aorOf(user, domainOf(aor));
}
