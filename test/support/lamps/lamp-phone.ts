import type { PhoneProfile } from '../../../src/model/profile.ts';
import { type DialogEntry, type DialogInfo, dialogInfo } from '../phone/bodies.ts';

/** What a key shows. `dark`: no valid subscription. */
export type Lamp = 'dark' | 'off' | 'ringing' | 'busy' | 'held';

/** One call of the watched extension, as the PBX knows it. */
export interface TrueCall {
  readonly phase: 'trying' | 'proceeding' | 'early' | 'confirmed';
  readonly direction: 'initiator' | 'recipient';
  readonly holding: boolean;
}

export interface Truth {
  readonly calls: readonly TrueCall[];
  readonly dnd: boolean;
}

const states = ['trying', 'proceeding', 'early', 'confirmed', 'terminated'];

/** A NOTIFY as it reaches the phone. */
export interface HeardNotify {
  readonly callId: string;
  readonly cseq: number;
  readonly state: string;
  readonly contentType: string | null;
  readonly body: string;
}

/**
 * A lamp key of one make, as published traces and its manual have it: it takes NOTIFYs as that phone does, its
 * faults included, and shows a lamp. What no phone may ever be sent stands in `violations`.
 */
export abstract class LampPhone {
  abstract readonly userAgent: string;
  /** What an admin has to set for it, on top of what Lamplighter knows of such phones itself. */
  readonly profile: Partial<PhoneProfile> = {};
  /** Milliseconds until it answers, at most. */
  readonly slowestAnswerMs: number = 200;
  readonly violations: string[] = [];
  /** A NOTIFY of this subscription, or its answer, got lost; then nobody knows what the phone was shown. */
  missed = false;
  /** The URI subscribed to. */
  readonly entity: string;
  /** Of the subscription it has; null: none. */
  #callId: string | null = null;
  #cseq = 0;
  #version = -1;
  #heard = false;
  /** The furthest state of each dialog, of all that it was ever told in this subscription. */
  readonly #states = new Map<string, number>();

  constructor(entity: string) {
    this.entity = entity;
  }

  /** It subscribes (again): what it knew of the old subscription is over. */
  begin(callId: string): void {
    this.#callId = callId;
    this.#cseq = 0;
    this.#version = -1;
    this.#heard = false;
    this.missed = false;
    this.#states.clear();
    this.forget();
  }

  /** The power fails. */
  reboot(): void {
    this.#callId = null;
    this.#heard = false;
    this.forget();
  }

  get callId(): string | null {
    return this.#callId;
  }

  get lamp(): Lamp {
    return this.#heard ? this.shows() : 'dark';
  }

  /** Gives the status that the phone answers with. */
  take(notify: HeardNotify): number {
    if (notify.callId !== this.#callId) return 481;
    if (notify.cseq < this.#cseq) {
      this.violations.push(`CSeq ${notify.cseq} after ${this.#cseq}`);
      return this.lowerCseq();
    }
    this.#cseq = notify.cseq;
    if (notify.state === 'terminated') {
      this.#callId = null;
      this.#heard = false;
      return 200;
    }
    if (notify.contentType !== 'application/dialog-info+xml') {
      this.violations.push(`no dialog-info but ${notify.contentType}`);
      return 415;
    }
    const info = dialogInfo({ contentType: notify.contentType, body: notify.body });
    if (info.state !== 'full') this.violations.push(`a ${info.state} document`);
    if (info.version <= this.#version) {
      this.violations.push(`version ${info.version} after ${this.#version}`);
      return 200; // RFC 4235 4.3: discarded
    }
    this.#version = info.version;
    for (const dialog of info.dialogs) this.#goesOn(dialog);
    this.#heard = this.read(info) || this.#heard;
    return 200;
  }

  /** RFC 4235 3.7.1: a dialog only goes forward, and what is terminated is over for ever. */
  #goesOn({ id, state }: DialogEntry): void {
    const place = states.indexOf(state);
    const before = this.#states.get(id) ?? -1;
    if (place < 0) this.violations.push(`${id} is ${state}`);
    if (place < before) this.violations.push(`${id} is ${state} after ${states[before]}`);
    this.#states.set(id, Math.max(place, before));
  }

  /** The lamp that this phone should show for a truth. */
  abstract wants(truth: Truth): Lamp;
  /** Takes a document; false: it makes nothing of it, and its lamp stays as it is. */
  protected abstract read(info: DialogInfo): boolean;
  protected abstract shows(): Lamp;
  protected abstract forget(): void;

  protected lowerCseq(): number {
    return 500; // RFC 3261 12.2.2
  }
}

/** Seen from the phone: dialogs that are not over. */
export function living(dialogs: readonly DialogEntry[]): readonly DialogEntry[] {
  return dialogs.filter(({ state }) => state !== 'terminated');
}

/** What most phones make of several calls: a ringing one, else one that talks or dials, else a held one (section 1). */
export function usualLamp(
  calls: readonly { readonly state: string; readonly direction: string; readonly holding: boolean }[],
): Lamp {
  const rings = calls.some(({ state, direction }) => direction === 'recipient' && state === 'early');
  if (rings) return 'ringing';
  if (calls.some(({ state, holding }) => state !== 'trying' && !holding)) return 'busy';
  return calls.some(({ holding }) => holding) ? 'held' : 'off';
}

/** The same of the PBX's own truth: phones are not shown `trying`, and do not disturb is busy. */
export function usualTruth({ calls, dnd }: Truth): Lamp {
  const seen = calls.filter(({ phase }) => phase !== 'trying');
  if (seen.length === 0) return dnd ? 'busy' : 'off';
  return usualLamp(seen.map(({ phase, direction, holding }) => ({ state: phase, direction, holding })));
}
