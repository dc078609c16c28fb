import type { Aor } from '../../src/model/aor.ts';
import { mayAdvance } from '../../src/model/dialog-state.ts';
import type { Leg } from '../../src/model/pbx-event.ts';
import type { LampFact, LampKind } from './facts.ts';

/** Lamps that were lit once stay known; more than these are somebody's game. */
const mostSpokenOf = 1000;

/** Lamps of feature keys follow the features, which are read every time. */
const settled: readonly LampKind[] = ['dnd', 'forward'];
/** Lamps whose subjects are channels. */
const channelLamps: readonly LampKind[] = ['park', 'queue'];
/** Lamps that only events put out, which may have been missed. */
const eventLamps: readonly LampKind[] = ['conf'];

/** Lamps that are no phone: what lights each, as legs of the resource. */
export class LampTable {
  readonly #now: () => number;
  /** Lamps that exist even while dark. */
  readonly #known: Set<Aor>;
  readonly #spokenOf = new Set<Aor>();
  readonly #lit = new Map<Aor, Map<string, Leg>>();
  /** What lights them, to the lamps. */
  readonly #bySubject = new Map<string, Set<Aor>>();
  /** What is told now, while what happened during a reading is played on this one. */
  #told: LampTable | null = null;
  #count = 0;

  constructor(now: () => number, known: Iterable<Aor>) {
    this.#now = now;
    this.#known = new Set(known);
  }

  know(aor: Aor): void {
    this.#known.add(aor);
  }

  has(aor: Aor): boolean {
    return this.#known.has(aor) || this.#spokenOf.has(aor) || this.#lit.has(aor);
  }

  get aors(): readonly Aor[] {
    return [...new Set([...this.#known, ...this.#spokenOf, ...this.#lit.keys()])];
  }

  /** Oldest first. */
  legs(aor: Aor): readonly Leg[] {
    return [...(this.#lit.get(aor)?.values() ?? [])];
  }

  /** False: nothing new. */
  apply({ aor, subject, phase, remote, sole }: LampFact): boolean {
    this.#note(aor);
    let changed = false;
    if (sole) {
      for (const other of [...(this.#lit.get(aor)?.keys() ?? [])]) {
        if (other !== subject || phase === null) changed = this.#dark(aor, other) || changed;
      }
    }
    if (phase === null) return this.#dark(aor, subject) || changed;
    const before = this.#lit.get(aor)?.get(subject) ?? this.#take(aor, subject);
    const party = { number: remote.number, name: remote.name, presentable: true };
    if (before === undefined) {
      const since = this.#now();
      // Never the same twice: a lamp that goes on again is another dialog.
      const id = `${aor} ${since.toString(36)}.${(this.#count++).toString(36)}`;
      const leg: Leg = { id, call: id, phase, direction: 'recipient', holding: false, remote: party, since };
      this.#put(aor, subject, leg);
      return true;
    }
    const next = mayAdvance(before.phase, phase) ? phase : before.phase;
    const same = before.remote.number === party.number && before.remote.name === party.name;
    if (same && next === before.phase) return changed;
    this.#put(aor, subject, { ...before, phase: next, remote: party });
    return true;
  }

  /** Its dialog where it was told as lit already, during the reading. */
  #take(aor: Aor, subject: string): Leg | undefined {
    const older = this.#told;
    const told = older === null ? undefined : older.#lit.get(aor)?.get(subject);
    if (told !== undefined) this.#put(aor, subject, told);
    return told;
  }

  /** All that happened during the reading has been played. */
  settle(): void {
    this.#told = null;
  }

  /** A channel is gone: what it lit is dark. The lamps it lit. */
  drop(subject: string): readonly Aor[] {
    return [...(this.#bySubject.get(subject) ?? [])].filter((aor) => this.#dark(aor, subject));
  }

  /**
   * Takes over from an older table: the ids as told, and what lights the lamps of kinds that were not `read` anew. A
   * parked or waiting channel must still be there; after a `gap` in the events a conference may be over. What comes to be
   * lit before `settle` keeps its id, too.
   */
  inherit(older: LampTable, read: readonly LampKind[], gap: boolean, isChannel: (id: string) => boolean): void {
    for (const aor of older.#spokenOf) this.#note(aor);
    const fresh = [...settled, ...read, ...(gap ? eventLamps : [])];
    for (const [aor, subjects] of older.#lit) {
      const anew = fresh.some((kind) => aor.startsWith(`${kind}+`));
      const ofChannels = channelLamps.some((kind) => aor.startsWith(`${kind}+`));
      for (const [subject, before] of subjects) {
        const now = this.#lit.get(aor)?.get(subject);
        if (now === undefined && (anew || (ofChannels && !isChannel(subject)))) continue;
        const phase = now !== undefined && mayAdvance(before.phase, now.phase) ? now.phase : before.phase;
        // A list may name whom an event withheld.
        this.#put(aor, subject, { ...before, phase });
      }
    }
    this.#count = Math.max(this.#count, older.#count);
    this.#told = older;
  }

  #note(aor: Aor): void {
    if (!this.#known.has(aor) && this.#spokenOf.size < mostSpokenOf) this.#spokenOf.add(aor);
  }

  #put(aor: Aor, subject: string, leg: Leg): void {
    const subjects = this.#lit.get(aor) ?? new Map<string, Leg>();
    this.#lit.set(aor, subjects.set(subject, leg));
    this.#bySubject.set(subject, (this.#bySubject.get(subject) ?? new Set<Aor>()).add(aor));
  }

  #dark(aor: Aor, subject: string): boolean {
    const subjects = this.#lit.get(aor);
    if (subjects === undefined || !subjects.delete(subject)) return false;
    if (subjects.size === 0) this.#lit.delete(aor);
    const lamps = this.#bySubject.get(subject);
    lamps?.delete(aor);
    if (lamps?.size === 0) this.#bySubject.delete(subject);
    return true;
  }
}
