import type { Aor } from '../model/aor.ts';
import type { FeatureState } from '../model/feature.ts';
import type { Change, DialogView, ResourceView } from '../model/views.ts';

/** The user parts of lamps that show a feature of a user: `dnd+1001`, `forward+1001` (forward always). */
const prefixes = { dnd: 'dnd+', cfa: 'forward+' } as const;

type Shown = keyof typeof prefixes;
const shown = Object.keys(prefixes) as Shown[];

/** What a lamp of a key is made from: `Hub` has it. */
export interface Truths {
  view(aor: Aor): ResourceView;
  has(aor: Aor): boolean;
  isExtension(aor: Aor): boolean;
  onChange(listener: (change: Change) => void): () => void;
}

/**
 * The truth with two more resources for each user, `dnd+1001` and `forward+1001`, unless his PBX has such lamps itself. They
 * are made when somebody asks, so that they cost nothing. Whoever watches one learns that a forward is on, not where it leads.
 */
export class KeyLamps {
  readonly #truths: Truths;

  constructor(truths: Truths) {
    this.#truths = truths;
  }

  has(aor: Aor): boolean {
    return this.#truths.has(aor) || this.#keyOf(aor) !== null;
  }

  view(aor: Aor): ResourceView {
    const key = this.#keyOf(aor);
    if (key === null) return this.#truths.view(aor);
    const { stale, features } = this.#truths.view(key.of);
    const off = { ...features.dnd, assigned: false, enabled: false };
    return {
      aor,
      displayName: null,
      known: true,
      lamp: true,
      stale,
      contacts: 0,
      dialogs: callsOf(key.feature, features[key.feature]),
      features: { dnd: off, cfa: off, cfb: off, cfna: off },
      mailbox: null,
    };
  }

  /** A change of a user, then those of his lamps. */
  onChange(listener: (change: Change) => void): () => void {
    return this.#truths.onChange((change) => {
      listener(change);
      for (const lamp of lampChanges(change)) if (this.#keyOf(lamp.aor) !== null) listener(lamp);
    });
  }

  /** Which key of whom a resource shows; null: it is no such lamp, or its PBX has it. */
  #keyOf(aor: Aor): { readonly of: Aor; readonly feature: Shown } | null {
    const feature = featureOf(aor);
    if (feature === null || this.#truths.isExtension(aor) || this.#truths.view(aor).lamp === true) return null;
    const of = aor.slice(prefixes[feature].length) as Aor;
    // `has`, not `isExtension`: before a PBX has told, the last truth stands for whomever it may have.
    return this.#truths.has(of) && this.#truths.view(of).lamp !== true ? { of, feature } : null;
  }
}

/** Asked for every resource, several times: nearly always by its first letter. */
function featureOf(aor: Aor): Shown | null {
  if (aor.startsWith(prefixes.dnd)) return 'dnd';
  return aor.startsWith(prefixes.cfa) ? 'cfa' : null;
}

function lampChanges({ topic, aor, aspects }: Change): readonly Change[] {
  if (topic === 'extension' && aspects.includes('known')) {
    return shown.map((feature) => ({ topic, aor: lampFor(aor, feature), aspects: ['known'] }));
  }
  if (topic !== 'features') return [];
  const moved = shown.filter((feature) => aspects.includes(feature));
  return moved.map((feature) => ({ topic: 'dialogs', aor: lampFor(aor, feature), aspects: [] }));
}

/** A call with nobody as long as the feature is on; each time another one (RFC 4235 4.1.1), as `rev` grows. */
function callsOf(feature: Shown, { assigned, enabled, rev, updatedAt }: FeatureState): readonly DialogView[] {
  if (!assigned || !enabled) return [];
  const remote = { number: null, name: null, presentable: true };
  const id = `${feature}-${rev}`;
  return [{ id, phase: 'confirmed', direction: 'recipient', holding: false, remote, since: updatedAt }];
}

function lampFor(aor: Aor, feature: Shown): Aor {
  return `${prefixes[feature]}${aor}` as Aor;
}
