/** The states of RFC 4235 3.7.1. They only move forward; `terminated` is final. */
export type DialogPhase = 'trying' | 'proceeding' | 'early' | 'confirmed' | 'terminated';

export type Direction = 'initiator' | 'recipient';

/** The other side of a call, as the PBX reports it. Names come from the network: hostile until escaped. */
export interface Party {
  readonly number: string | null;
  readonly name: string | null;
  /** The presentation bit: false = the caller withholds his identity. */
  readonly presentable: boolean;
}

const order: Record<DialogPhase, number> = { trying: 0, proceeding: 1, early: 2, confirmed: 3, terminated: 4 };

/** RFC 4235 3.7.1: true where a dialog may go from `from` to `to`. */
export function mayAdvance(from: DialogPhase, to: DialogPhase): boolean {
  return order[to] >= order[from];
}

export function isLater(a: DialogPhase, b: DialogPhase): boolean {
  return order[a] > order[b];
}
