import { createHmac } from 'node:crypto';
import type { Aor } from '../model/aor.ts';
import { type DialogPhase, type Direction, isLater, mayAdvance } from '../model/dialog-state.ts';
import type { Leg } from '../model/pbx-event.ts';
import type { DialogView } from '../model/views.ts';

type LivePhase = Exclude<DialogPhase, 'terminated'>;
export type LiveLeg = Leg & { readonly phase: LivePhase };

export function isLive(leg: Leg): leg is LiveLeg {
  return leg.phase !== 'terminated';
}

/**
 * One logical call of one extension: all branches of a fork. It rings while any branch rings, talks from the first answer
 * on and lives until the last branch has ended. Its phase never goes back, as RFC 4235 3.7.1 wants it for one dialog id.
 */
export class Call {
  readonly id: string;
  readonly source: string;
  /** The leg the call began with; it names the call and may have ended since. */
  readonly first: Leg;
  readonly #branches = new Map<string, LiveLeg>();
  #phase: LivePhase;

  /** @param secret keeps ids opaque: who knows a channel or Call-ID must not find the dialog, nor the reverse. */
  constructor(source: string, aor: Aor, first: Leg, secret: Buffer) {
    this.id = createHmac('sha256', secret).update(`${source}\0${aor}\0${first.id}`).digest('base64url').slice(0, 22);
    this.source = source;
    this.first = first;
    this.#phase = 'trying';
    if (isLive(first)) this.put(first);
  }

  get direction(): Direction {
    return this.first.direction;
  }

  get branches(): ReadonlyMap<string, LiveLeg> {
    return this.#branches;
  }

  get ended(): boolean {
    return this.#branches.size === 0;
  }

  /** True where a new leg is a branch of this call. The key it began with counts, and those its legs were moved to. */
  takes(source: string, leg: Leg): boolean {
    if (source !== this.source || leg.direction !== this.direction) return false;
    if (leg.call === this.first.call) return true;
    for (const branch of this.#branches.values()) if (branch.call === leg.call) return true;
    return false;
  }

  /** Adds a branch or renews it; answers whether anything differs. */
  put(leg: LiveLeg): boolean {
    const before = this.#branches.get(leg.id);
    const phase = before !== undefined && !mayAdvance(before.phase, leg.phase) ? before.phase : leg.phase;
    const after = phase === leg.phase ? leg : { ...leg, phase };
    if (isLater(phase, this.#phase)) this.#phase = phase;
    if (before !== undefined && sameLeg(before, after)) return false;
    this.#branches.set(leg.id, after);
    return true;
  }

  end(leg: string): void {
    this.#branches.delete(leg);
  }

  /**
   * What a restart needs to build the same call again: its first leg, ended or not, then the live ones, all under the key
   * the call began with.
   */
  stored(): readonly Leg[] {
    const { first } = this;
    const live = [...this.#branches.values()].map((leg) => ({ ...leg, call: first.call }));
    return this.#branches.has(first.id) ? live : [{ ...first, phase: 'terminated' }, ...live];
  }

  view(): DialogView {
    const branches = [...this.#branches.values()];
    const lead = branches.reduce((a, b) => (isLater(b.phase, a.phase) ? b : a), branches[0] as LiveLeg);
    // Tags of one branch of many would let a pickup by Replaces take the wrong phone's call.
    const named = branches.filter((leg) => leg.callId !== undefined);
    const sip = named.length === 1 ? named[0] : undefined;
    return {
      id: this.id,
      phase: this.#phase,
      direction: this.direction,
      holding: lead.holding,
      remote: lead.remote,
      since: this.first.since,
      ...(sip === undefined ? {} : { callId: sip.callId, localTag: sip.localTag, remoteTag: sip.remoteTag }),
    };
  }
}

function sameLeg(a: Leg, b: Leg): boolean {
  return a.call === b.call && a.phase === b.phase && sameFacts(a, b);
}

/** Compares what legs and dialogs have in common. */
function sameFacts(a: Leg | DialogView, b: Leg | DialogView): boolean {
  return (
    a.holding === b.holding &&
    a.since === b.since &&
    a.remote.number === b.remote.number &&
    a.remote.name === b.remote.name &&
    a.remote.presentable === b.remote.presentable &&
    a.callId === b.callId &&
    a.localTag === b.localTag &&
    a.remoteTag === b.remoteTag
  );
}

export function sameDialogs(a: readonly DialogView[], b: readonly DialogView[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, index) => {
      const other = b[index];
      return other !== undefined && one.id === other.id && one.phase === other.phase && sameFacts(one, other);
    })
  );
}
