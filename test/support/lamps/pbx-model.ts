import { type Aor, aorOf } from '../../../src/model/aor.ts';
import type { Leg, PbxEvent, Snapshot } from '../../../src/model/pbx-event.ts';
import type { Truth } from './lamp-phone.ts';

export const domain = 'lamps.test';
export const source = 'model';

/** One side of a call: an extension, with a leg for each of its phones that ring or the one that talks. */
interface Side {
  readonly ext: string;
  readonly direction: 'initiator' | 'recipient';
  phase: 'trying' | 'early' | 'confirmed';
  holding: boolean;
  other: string;
  legs: string[];
  /** The PBX's name for the call; a transfer gives the side that stays another one. */
  key: string;
}

interface Talk {
  readonly a: Side;
  readonly b: Side;
}

/** A PBX as far as lamps go: its own truth, and the events it would tell. */
export class PbxModel {
  readonly extensions: readonly string[];
  #epoch = 1;
  #leg = 0;
  #key = 0;
  #talks: Talk[] = [];
  readonly #dnd = new Set<string>();
  readonly #tell: (event: PbxEvent) => void;

  constructor(extensions: readonly string[], tell: (event: PbxEvent) => void) {
    this.extensions = extensions;
    this.#tell = tell;
  }

  truth(ext: string): Truth {
    const sides = this.#sides().filter((side) => side.ext === ext);
    return {
      calls: sides.map(({ phase, direction, holding }) => ({ phase, direction, holding })),
      dnd: this.#dnd.has(ext),
    };
  }

  /** One extension dials another, which rings on so many phones. */
  ring(from: string, to: string, branches: number): void {
    if (from === to) return;
    const key = this.#newKey();
    const a: Side = {
      ext: from,
      direction: 'initiator',
      phase: 'trying',
      holding: false,
      other: to,
      legs: [this.#newLeg()],
      key,
    };
    this.#say(from, a);
    const legs = Array.from({ length: branches }, () => this.#newLeg());
    const b: Side = { ext: to, direction: 'recipient', phase: 'early', holding: false, other: from, legs, key };
    this.#talks.push({ a, b });
    this.#say(to);
    a.phase = 'early';
    this.#say(from);
  }

  answer(which: number, branch: number): void {
    const talk = this.#pick(which, ({ b }) => b.phase === 'early');
    if (talk === null) return;
    const { a, b } = talk;
    b.legs = [b.legs[branch % b.legs.length] ?? ''];
    b.phase = 'confirmed';
    a.phase = 'confirmed';
    this.#say(b.ext);
    this.#say(a.ext);
  }

  /** One of several phones that ring is switched off or says busy; the others ring on. */
  dropBranch(which: number, branch: number): void {
    const talk = this.#pick(which, ({ b }) => b.phase === 'early' && b.legs.length > 1);
    if (talk === null) return;
    talk.b.legs.splice(branch % talk.b.legs.length, 1);
    this.#say(talk.b.ext);
  }

  hold(which: number, byCaller: boolean): void {
    const talk = this.#pick(which, ({ b }) => b.phase === 'confirmed');
    if (talk === null) return;
    const side = byCaller ? talk.a : talk.b;
    side.holding = !side.holding;
    this.#say(side.ext);
  }

  hangUp(which: number): void {
    const talk = this.#pick(which, () => true);
    if (talk === null) return;
    this.#talks = this.#talks.filter((other) => other !== talk);
    this.#say(talk.a.ext);
    this.#say(talk.b.ext);
  }

  /** The callee sends the caller on to somebody else, who rings; his leg stays, under the name of a new call. */
  blindTransfer(which: number, to: string): void {
    const talk = this.#pick(which, ({ b }) => b.phase === 'confirmed');
    if (talk === null || talk.a.ext === to) return;
    const { a, b } = talk;
    a.key = this.#newKey();
    a.other = to;
    a.holding = false;
    const target: Side = {
      ext: to,
      direction: 'recipient',
      phase: 'early',
      holding: false,
      other: a.ext,
      legs: [this.#newLeg()],
      key: a.key,
    };
    this.#talks = this.#talks.map((other) => (other === talk ? { a, b: target } : other));
    this.#say(a.ext);
    this.#say(b.ext);
    this.#say(to);
  }

  /** Who talks twice puts the two others together and is out. */
  attendedTransfer(which: number): void {
    const first = this.#pick(which, ({ b }) => b.phase === 'confirmed');
    if (first === null) return;
    const second = this.#talks.find(
      (talk) => talk !== first && talk.a.ext === first.b.ext && talk.b.phase === 'confirmed',
    );
    if (second === undefined || second.b.ext === first.a.ext) return;
    const by = first.b.ext;
    const joined: Talk = { a: first.a, b: second.b };
    joined.a.other = joined.b.ext;
    joined.b.other = joined.a.ext;
    joined.b.key = joined.a.key;
    this.#talks = [...this.#talks.filter((talk) => talk !== first && talk !== second), joined];
    this.#say(joined.a.ext);
    this.#say(by);
    this.#say(joined.b.ext);
  }

  /** Somebody else answers what rings at his neighbour's. */
  pickUp(which: number, by: string): void {
    const talk = this.#pick(which, ({ b }) => b.phase === 'early');
    if (talk === null || talk.a.ext === by || talk.b.ext === by) return;
    const { a, b } = talk;
    const taker: Side = {
      ext: by,
      direction: 'recipient',
      phase: 'confirmed',
      holding: false,
      other: a.ext,
      legs: [this.#newLeg()],
      key: b.key,
    };
    a.phase = 'confirmed';
    a.other = by;
    this.#talks = this.#talks.map((other) => (other === talk ? { a, b: taker } : other));
    this.#say(b.ext);
    this.#say(by);
    this.#say(a.ext);
  }

  dnd(ext: string): void {
    if (!this.#dnd.delete(ext)) this.#dnd.add(ext);
    const value = { enabled: this.#dnd.has(ext), target: null, ringCount: null };
    this.#tell({ source, type: 'feature', aor: aor(ext), feature: 'dnd', value });
  }

  /** The PBX is started again: all calls are over. */
  restart(): void {
    this.#talks = [];
    this.#epoch += 1;
    this.sync();
  }

  /** Tells the whole picture, as after a lost connection. */
  sync(): void {
    const snapshot: Snapshot = {
      extensions: this.extensions.map((ext) => ({ aor: aor(ext), displayName: `Desk ${ext}` })),
      dialogs: this.extensions.map((ext) => ({ aor: aor(ext), legs: this.#legs(ext) })),
      features: this.extensions.map((ext) => ({
        aor: aor(ext),
        feature: 'dnd',
        value: { enabled: this.#dnd.has(ext), target: null, ringCount: null },
      })),
      registrations: this.extensions.map((ext) => ({ aor: aor(ext), contacts: 1 })),
      mailboxes: [],
    };
    this.#tell({ source, type: 'snapshot', epoch: String(this.#epoch), snapshot });
  }

  #sides(): readonly Side[] {
    return this.#talks.flatMap(({ a, b }) => [a, b]);
  }

  #pick(which: number, suits: (talk: Talk) => boolean): Talk | null {
    const talks = this.#talks.filter(suits);
    return talks[which % Math.max(talks.length, 1)] ?? null;
  }

  #say(ext: string, extra?: Side): void {
    const legs = extra === undefined ? this.#legs(ext) : [...this.#legs(ext), ...legsOf(extra)];
    this.#tell({ source, type: 'dialogs', aor: aor(ext), legs });
  }

  #legs(ext: string): readonly Leg[] {
    return this.#sides()
      .filter((side) => side.ext === ext)
      .flatMap(legsOf);
  }

  #newLeg(): string {
    this.#leg += 1;
    return `leg-${this.#epoch}-${this.#leg}`;
  }

  #newKey(): string {
    this.#key += 1;
    return `call-${this.#key}`;
  }
}

function legsOf({ direction, phase, holding, other, legs, key }: Side): Leg[] {
  const remote = { number: other, name: `<&"${other}'>`, presentable: other !== '1003' };
  return legs.map((id) => ({ id, call: key, phase, direction, holding, remote, since: 0 }));
}

export function aor(ext: string): Aor {
  return aorOf(ext, domain);
}
