import type { AgentView } from '../model/agent.ts';
import type { Aor } from '../model/aor.ts';
import type { Change, DialogView, ResourceView } from '../model/views.ts';

/** The user parts of lamps that show a key of a user: `dnd+1001`, `forward+1001` (forward always), `agent+1001`. */
const prefixes = { dnd: 'dnd+', cfa: 'forward+', agent: 'agent+' } as const;

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
 * The truth with three more resources for each user, `dnd+1001`, `forward+1001` and `agent+1001`, unless his PBX has such
 * lamps itself. They are made when somebody asks, so that they cost nothing. Whoever watches one learns that a forward is on,
 * not where it leads, and that an agent is on a break, not why.
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
    const user = this.#truths.view(key.of);
    const { stale, features } = user;
    const off = { ...features.dnd, assigned: false, enabled: false };
    return {
      aor,
      displayName: null,
      known: true,
      lamp: true,
      stale,
      contacts: 0,
      dialogs: callsOf(key.lit, user),
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
  #keyOf(aor: Aor): { readonly of: Aor; readonly lit: Shown } | null {
    const lit = shownBy(aor);
    if (lit === null || this.#truths.isExtension(aor) || this.#truths.view(aor).lamp === true) return null;
    const of = aor.slice(prefixes[lit].length) as Aor;
    // `has`, not `isExtension`: before a PBX has told, the last truth stands for whomever it may have.
    return this.#truths.has(of) && this.#truths.view(of).lamp !== true ? { of, lit } : null;
  }
}

const lastDigit = '9'.charCodeAt(0);

/** Asked for every resource, several times: nearly all begin with a digit. */
function shownBy(aor: Aor): Shown | null {
  if (aor.charCodeAt(0) <= lastDigit) return null;
  if (aor.startsWith(prefixes.dnd)) return 'dnd';
  if (aor.startsWith(prefixes.agent)) return 'agent';
  return aor.startsWith(prefixes.cfa) ? 'cfa' : null;
}

function lampChanges({ topic, aor, aspects }: Change): readonly Change[] {
  if (topic === 'extension' && aspects.includes('known')) {
    return shown.map((lit) => ({ topic, aor: lampFor(aor, lit), aspects: ['known'] }));
  }
  if (topic !== 'features' && topic !== 'agent') return [];
  const moved = shown.filter((lit) => aspects.includes(lit));
  return moved.map((lit) => ({ topic: 'dialogs', aor: lampFor(aor, lit), aspects: [] }));
}

/** A call with nobody as long as it is lit; each time another one (RFC 4235 4.1.1), as `rev` and `since` grow. */
function callsOf(lit: Shown, { features, agent }: ResourceView): readonly DialogView[] {
  if (lit === 'agent') return agent === undefined ? [] : callOfAgent(agent);
  const { assigned, enabled, rev, updatedAt } = features[lit];
  return assigned && enabled ? [callWithNobody(`${lit}-${rev}`, 'confirmed', updatedAt)] : [];
}

/**
 * COMPAT(FusionPBX): on while he takes calls, after-call work included, dark when he is logged off. On a break it blinks, as
 * our lamps of mod_callcenter do; FusionPBX's is dark then.
 */
function callOfAgent({ phase, since }: AgentView): readonly DialogView[] {
  if (phase === 'loggedOff') return [];
  return [callWithNobody(`agent-${since}`, phase === 'notReady' ? 'early' : 'confirmed', since)];
}

function callWithNobody(id: string, phase: DialogView['phase'], since: number): DialogView {
  const remote = { number: null, name: null, presentable: true };
  return { id, phase, direction: 'recipient', holding: false, remote, since };
}

function lampFor(aor: Aor, lit: Shown): Aor {
  return `${prefixes[lit]}${aor}` as Aor;
}
