import { mayAdvance } from '../../src/model/dialog-state.ts';
import type { Leg } from '../../src/model/pbx-event.ts';
import type { LampCaller, LampFact, LampKind } from './facts.ts';

/** A PBX with more lamps than these is somebody's game, or writes states that nobody watches. */
export const mostLamps = 20_000;

/** What lights a lamp, as first told. */
interface Light {
  readonly id: string;
  readonly since: number;
  readonly phase: 'early' | 'confirmed';
  readonly holding: boolean;
  readonly caller: LampCaller | null;
}

/** Lamps that are no phone: what lights each, as legs of the resource. */
export class LampTable {
  readonly #now: () => number;
  /** Each lamp there is, and what lights it, oldest first. Dark ones are empty. */
  readonly #lamps = new Map<string, Map<string, Light>>();
  /** Channels to the lamps they light. */
  readonly #byChannel = new Map<string, Set<string>>();
  /** Channels to whether they withhold their callers; one that is not here has not been asked. */
  readonly #withheld = new Map<string, boolean>();
  /** What is told now, while what happened during a reading is played on this one. */
  #told: LampTable | null = null;
  #count = 0;

  constructor(now: () => number, known: Iterable<string>) {
    this.#now = now;
    for (const lamp of known) this.#note(lamp);
  }

  has(lamp: string): boolean {
    return this.#lamps.has(lamp);
  }

  /** No lamp more is known or lit. */
  get isFull(): boolean {
    return this.#lamps.size >= mostLamps;
  }

  get names(): Iterable<string> {
    return this.#lamps.keys();
  }

  /** False: nothing new, or too many lamps. */
  apply({ lamp, subject, phase, holding, caller, sole }: LampFact): boolean {
    const lights = this.#note(lamp);
    if (lights === null) return false;
    let changed = false;
    if (sole)
      for (const other of [...lights.keys()]) if (other !== subject) changed = this.#dark(lamp, other) || changed;
    if (phase === null) return this.#dark(lamp, subject) || changed;
    const before = lights.get(subject) ?? this.#take(lamp, subject);
    if (before === undefined) {
      const since = this.#now();
      // Never the same twice: a lamp that goes on again is another dialog.
      const id = `${lamp} ${since.toString(36)}.${(this.#count++).toString(36)}`;
      this.#put(lamp, subject, { id, since, phase, holding, caller });
      return true;
    }
    const next = mayAdvance(before.phase, phase) ? phase : before.phase;
    if (next === before.phase && holding === before.holding && sameCaller(caller, before.caller)) return changed;
    this.#put(lamp, subject, { ...before, phase: next, holding, caller });
    return true;
  }

  /** Its dialog where it was told as lit already, during the reading. */
  #take(lamp: string, subject: string): Light | undefined {
    const older = this.#told;
    const told = older === null ? undefined : older.#lamps.get(lamp)?.get(subject);
    if (older === null || told === undefined) return undefined;
    this.#put(lamp, subject, told);
    const channel = told.caller?.channel ?? '';
    const withheld = older.#withheld.get(channel);
    if (withheld !== undefined) this.#withheld.set(channel, withheld);
    return told;
  }

  /** All that happened during the reading has been played. */
  settle(): void {
    this.#told = null;
  }

  /** Whether a channel withholds its caller. The lamps it lights. */
  withhold(channel: string, withheld: boolean): readonly string[] {
    const lamps = [...(this.#byChannel.get(channel) ?? [])];
    if (lamps.length > 0) this.#withheld.set(channel, withheld);
    return lamps;
  }

  /** A channel is gone: what it lit is dark. The lamps it lit. */
  drop(channel: string): readonly string[] {
    return [...(this.#byChannel.get(channel) ?? [])].filter((lamp) => this.#dark(lamp, channel));
  }

  /** Which subjects light a lamp. */
  subjects(lamp: string): readonly string[] {
    return [...(this.#lamps.get(lamp)?.keys() ?? [])];
  }

  /** Callers of whom is not known whether they may be shown. */
  get unasked(): readonly LampCaller[] {
    return [...this.#lamps.values()].flatMap((lights) =>
      [...lights.values()].flatMap(({ caller }) => {
        if (caller === null || this.#withheld.has(caller.channel)) return [];
        return caller.number === null && caller.name === null ? [] : [caller];
      }),
    );
  }

  /** Oldest first. Who calls is told once it is known that he may be. */
  legs(lamp: string): readonly Leg[] {
    return [...(this.#lamps.get(lamp)?.values() ?? [])].map(({ id, since, phase, holding, caller }) => {
      const withheld = caller === null || caller.channel === '' ? false : (this.#withheld.get(caller.channel) ?? true);
      const shown = caller === null || withheld ? { number: null, name: null } : caller;
      const remote = { number: shown.number, name: shown.name, presentable: !withheld };
      return { id, call: id, phase, direction: 'recipient', holding, remote, since };
    });
  }

  /**
   * Takes over from an older table: which lamps there are, the ids as told, whom to withhold; and what lights the lamps of
   * kinds that could not be read anew, as long as `lives` says that their channels are there. What comes to be lit before
   * `settle` keeps its id, too.
   */
  inherit(older: LampTable, unread: readonly LampKind[], lives: (channel: string) => boolean): void {
    for (const [lamp, lights] of older.#lamps) {
      const mine = this.#note(lamp);
      if (mine === null) continue;
      const kept = unread.some((kind) => lamp.startsWith(`${kind}+`));
      for (const [subject, before] of lights) {
        const now = mine.get(subject);
        if (now === undefined && !(kept && (before.caller === null || lives(before.caller.channel)))) continue;
        const light = now ?? before;
        const phase = mayAdvance(before.phase, light.phase) ? light.phase : before.phase;
        this.#put(lamp, subject, { ...light, id: before.id, since: before.since, phase });
      }
    }
    for (const [channel, withheld] of older.#withheld) {
      if (!this.#withheld.has(channel)) this.withhold(channel, withheld);
    }
    this.#count = Math.max(this.#count, older.#count);
    this.#told = older;
  }

  #put(lamp: string, subject: string, light: Light): void {
    this.#lamps.get(lamp)?.set(subject, light);
    const channel = light.caller?.channel ?? '';
    if (channel !== '') this.#byChannel.set(channel, (this.#byChannel.get(channel) ?? new Set<string>()).add(lamp));
  }

  #dark(lamp: string, subject: string): boolean {
    const lights = this.#lamps.get(lamp);
    const channel = lights?.get(subject)?.caller?.channel ?? '';
    if (lights?.delete(subject) !== true) return false;
    const lamps = this.#byChannel.get(channel);
    lamps?.delete(lamp);
    if (lamps?.size === 0) {
      this.#byChannel.delete(channel);
      this.#withheld.delete(channel);
    }
    return true;
  }

  #note(lamp: string): Map<string, Light> | null {
    const lights = this.#lamps.get(lamp);
    if (lights !== undefined) return lights;
    if (this.#lamps.size >= mostLamps) return null;
    const dark = new Map<string, Light>();
    this.#lamps.set(lamp, dark);
    return dark;
  }
}

function sameCaller(a: LampCaller | null, b: LampCaller | null): boolean {
  return a?.channel === b?.channel && a?.number === b?.number && a?.name === b?.name;
}
