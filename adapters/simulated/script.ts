import type { DialogPhase, Party } from '../../src/model/dialog-state.ts';
import type { FeatureName, FeatureValue } from '../../src/model/feature.ts';
import { granted, type Outcome, refused } from '../../src/model/outcome.ts';
import type { Leg } from '../../src/model/pbx-event.ts';

/** One side of a call; `ext` is null outside this PBX, where nobody has a lamp. */
interface Side {
  readonly ext: string | null;
  /** How the other side sees him. */
  readonly party: Party;
  phase: DialogPhase;
  holding: boolean;
}

interface Call {
  readonly id: string;
  readonly since: number;
  readonly caller: Side;
  readonly callee: Side;
}

/** What the calls must know of the extensions. */
export interface Desks {
  has(ext: string): boolean;
  registered(ext: string): boolean;
  feature(ext: string, feature: FeatureName): FeatureValue;
}

/** Told with each extension whose legs have changed, once per step of the call. */
export type OnLegs = (ext: string) => void;

const mostHops = 10;
const outside = /^[+*#0-9]{1,32}$/;
const anonymous = 'anonymous';

/** The calls of a simulated PBX: nothing happens in them but what its methods say. */
export class Calls {
  readonly #desks: Desks;
  readonly #onLegs: OnLegs;
  readonly #calls = new Map<string, Call>();
  readonly #byExt = new Map<string, Set<Call>>();

  constructor(desks: Desks, onLegs: OnLegs) {
    this.#desks = desks;
    this.#onLegs = onLegs;
  }

  /** The complete list of an extension's legs, oldest first. */
  legs(ext: string): readonly Leg[] {
    return [...(this.#byExt.get(ext) ?? [])].flatMap((call) => [
      ...legOf(call, call.caller, call.callee, ext),
      ...legOf(call, call.callee, call.caller, ext),
    ]);
  }

  /**
   * Rings `to`, or where his forwards lead. `from` is an extension, a number outside, or `anonymous`, which withholds
   * its identity.
   */
  ring(id: string, since: number, from: string, to: string, fromName: string | null): Outcome<null> {
    const inside = this.#desks.has(from);
    if (!inside && from !== anonymous && !outside.test(from)) {
      return refused('unknown-extension', 'the caller is neither an extension nor a number');
    }
    if (inside && !this.#desks.registered(from)) return refused('wrong-state', `${from} is not registered`);
    const reached = this.#route(to);
    if (!reached.ok) return reached;
    const callee = reached.value;
    if (callee === from) return refused('wrong-state', `the call of ${from} leads back to himself`);

    const withheld = from === anonymous && !inside;
    const call: Call = {
      id,
      since,
      caller: side(inside ? from : null, { number: withheld ? null : from, name: fromName, presentable: !withheld }),
      callee: side(this.#desks.has(callee) ? callee : null, { number: callee, name: null, presentable: true }),
    };
    this.#calls.set(id, call);
    this.#index(call.caller, call);
    this.#step(call, [call.caller], 'trying');
    // Somebody who heard of it may have hung up already.
    if (!this.#calls.has(id)) return granted(null);
    this.#index(call.callee, call);
    this.#step(call, [call.callee, call.caller], 'early');
    return granted(null);
  }

  answer(id: string): Outcome<null> {
    const call = this.#calls.get(id);
    if (call === undefined) return unknownCall();
    if (call.callee.phase === 'confirmed') return refused('wrong-state', 'the call has been answered');
    this.#step(call, [call.callee, call.caller], 'confirmed');
    return granted(null);
  }

  hold(id: string, by: string, holding: boolean): Outcome<null> {
    const call = this.#calls.get(id);
    if (call === undefined) return unknownCall();
    if (!this.#desks.has(by)) return refused('unknown-extension', 'no such extension');
    const mine = [call.caller, call.callee].find((one) => one.ext === by);
    if (mine === undefined) return refused('wrong-state', `${by} is not in this call`);
    if (mine.phase !== 'confirmed') return refused('wrong-state', 'the call has not been answered');
    if (mine.holding === holding)
      return refused('wrong-state', `${by} ${holding ? 'already holds' : 'does not hold'} the call`);
    mine.holding = holding;
    this.#onLegs(by);
    return granted(null);
  }

  hangup(id: string): Outcome<null> {
    const call = this.#calls.get(id);
    if (call === undefined) return unknownCall();
    this.#calls.delete(id);
    for (const { ext } of [call.callee, call.caller]) {
      if (ext === null) continue;
      const calls = this.#byExt.get(ext);
      calls?.delete(call);
      if (calls?.size === 0) this.#byExt.delete(ext);
      this.#onLegs(ext);
    }
    return granted(null);
  }

  /** Extensions with a call. */
  busy(): readonly string[] {
    return [...this.#byExt.keys()];
  }

  /** Forgets every call without a word: the PBX has gone. */
  clear(): void {
    this.#calls.clear();
    this.#byExt.clear();
  }

  /** Who rings when `dialled` is called: forward always before do not disturb, as FreePBX has it. */
  #route(dialled: string): Outcome<string> {
    if (!this.#desks.has(dialled)) return refused('unknown-extension', 'the called extension does not exist');
    let ext = dialled;
    for (let hop = 0; hop <= mostHops; hop++) {
      // A forward's target outside this PBX rings where nobody has a lamp.
      if (!this.#desks.has(ext)) return granted(ext);
      const dnd = this.#desks.feature(ext, 'dnd').enabled;
      const registered = this.#desks.registered(ext);
      const next =
        this.#target(ext, 'cfa') ??
        (dnd ? this.#target(ext, 'cfb') : null) ??
        // An unreachable phone cannot answer: forward on no answer is all that is left of it.
        (!dnd && !registered ? this.#target(ext, 'cfna') : null);
      if (next !== null) {
        ext = next;
        continue;
      }
      if (dnd) return refused('wrong-state', `${ext} does not want to be disturbed`);
      if (!registered) return refused('wrong-state', `${ext} is not registered`);
      return granted(ext);
    }
    return refused('wrong-state', `the forwards of ${dialled} lead nowhere: stopped after ${mostHops}`);
  }

  #target(ext: string, feature: FeatureName): string | null {
    const value = this.#desks.feature(ext, feature);
    return value.enabled ? value.target : null;
  }

  #index(one: Side, call: Call): void {
    if (one.ext === null) return;
    const calls = this.#byExt.get(one.ext);
    if (calls === undefined) this.#byExt.set(one.ext, new Set([call]));
    else calls.add(call);
  }

  #step(call: Call, sides: readonly Side[], phase: DialogPhase): void {
    for (const one of sides) {
      one.phase = phase;
      if (one.ext !== null && this.#calls.has(call.id)) this.#onLegs(one.ext);
    }
  }
}

function side(ext: string | null, party: Party): Side {
  return { ext, party, phase: 'trying', holding: false };
}

function legOf(call: Call, mine: Side, other: Side, ext: string): readonly Leg[] {
  if (mine.ext !== ext) return [];
  const initiator = mine === call.caller;
  return [
    {
      id: `${call.id}-${initiator ? 'a' : 'b'}`,
      call: call.id,
      phase: mine.phase,
      direction: initiator ? 'initiator' : 'recipient',
      holding: mine.holding,
      remote: other.party,
      since: call.since,
    },
  ];
}

function unknownCall(): Outcome<null> {
  return refused('unknown-call', 'no such call');
}
