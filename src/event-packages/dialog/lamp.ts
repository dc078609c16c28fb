import type { DialogPhase, Direction, Party } from '../../model/dialog-state.ts';
import type { PhoneProfile } from '../../model/profile.ts';
import type { DialogView, ResourceView } from '../../model/views.ts';
import type { RenderRequest } from '../event-package.ts';
import { mostInteresting } from '../rank.ts';
import { dndPrefix, idleId } from './words.ts';

/** A dialog as one phone shall see it. */
export interface LampDialog {
  readonly id: string;
  readonly phase: DialogPhase;
  readonly direction: Direction | undefined;
  readonly holding: boolean;
  /** undefined: no word about the other side. */
  readonly remote: Party | undefined;
  /** The SIP dialog between PBX and phone, where all of it is known. */
  readonly sip: SipKeys | undefined;
}

export interface SipKeys {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
}

export interface Lamp {
  readonly dialogs: readonly LampDialog[];
  /** Ids the phone takes for alive once it has read them. */
  readonly shown: readonly string[];
}

type LampRequest = Pick<RenderRequest, 'profile' | 'shown' | 'occasion'>;

/**
 * What of a resource's calls a phone is shown, by its profile. Set-based: the outcome depends on what is true and on what
 * this phone was shown, never on the order of events. Ended dialogs are told once, and only to those who saw them alive.
 */
export function lampOf(view: ResourceView, request: LampRequest): Lamp {
  const { profile } = request;
  const calls = view.dialogs.filter((call) => profile.trying === 'show' || call.phase !== 'trying');
  const { assigned, enabled, rev } = view.features.dnd;
  const dnd = profile.dndOnBlf === 'busy' && assigned && enabled;
  const dndId = `${dndPrefix}${rev}`;
  const alive = new Set(view.dialogs.map((call) => call.id));
  if (dnd) alive.add(dndId); // covered by a call, not over
  const ended = profile.idleAtEnd === 'last' ? request.shown.filter((id) => !alive.has(id)) : [];

  if (calls.length === 0 && !dnd) return { dialogs: idle(request, ended), shown: [] };
  if (profile.dialogs === 'single') {
    // One dialog and no other, not even an ended one: COMPAT(Cisco SPA962): stops on several. The document is full, so the
    // old winner is over for the phone (RFC 4235 4.3); called terminated, it could not win again (3.7.1).
    const call = mostInteresting(calls, profile.rank);
    const winner = call === undefined ? doNotDisturb(dndId) : lampDialog(call, profile);
    return { dialogs: [winner], shown: [winner.id] };
  }
  const live = calls.length === 0 ? [doNotDisturb(dndId)] : calls.map((call) => lampDialog(call, profile));
  const covered = dnd && calls.length > 0 && request.shown.includes(dndId) ? [dndId] : [];
  // Ended ones began earlier: first, so that a phone that keeps the last word keeps the live one.
  return { dialogs: [...ended.map(terminated), ...live], shown: [...live.map(({ id }) => id), ...covered] };
}

/** Nobody calls: what ended since, else what the phone wants to see for nothing. */
function idle({ profile, shown, occasion }: LampRequest, ended: readonly string[]): LampDialog[] {
  if (profile.dialogs === 'single' && ended.length > 1) return ended.slice(-1).map(terminated);
  if (ended.length > 0) return ended.map(terminated);
  const ends = occasion === 'change' && shown.length > 0;
  if (ends && profile.idleAtEnd === 'empty') return [];
  if (ends && profile.idleAtEnd === 'dummy') return [dummy];
  return profile.idleAtSubscribe === 'dummy' ? [dummy] : [];
}

function doNotDisturb(id: string): LampDialog {
  return { id, phase: 'confirmed', direction: 'recipient', holding: false, remote: undefined, sip: undefined };
}

const dummy: LampDialog = { ...doNotDisturb(idleId), phase: 'terminated' };

function terminated(id: string): LampDialog {
  return { id, phase: 'terminated', direction: undefined, holding: false, remote: undefined, sip: undefined };
}

function lampDialog(call: DialogView, profile: PhoneProfile): LampDialog {
  // COMPAT(Cisco SPA): flashes for a call its neighbour makes; a caller is shown as busy at once.
  const phase = profile.callerConfirmed && call.direction === 'initiator' ? 'confirmed' : call.phase;
  const { id, direction, holding, remote } = call;
  return { id, phase, direction, holding, remote, sip: sipKeys(call) };
}

/** Some without the others are of no use to a phone. */
function sipKeys({ callId, localTag, remoteTag }: DialogView): SipKeys | undefined {
  const known = callId !== undefined && localTag !== undefined && remoteTag !== undefined;
  return known ? { callId, localTag, remoteTag } : undefined;
}
