import type { Aor } from '../../model/aor.ts';
import { isStream, type SipRequest } from '../engine.ts';
import { readParty } from '../message/party.ts';
import type { SipUri } from '../message/uri.ts';
import type { Suspect } from '../security-log.ts';
import type { DigestFacts } from './authenticator.ts';
import type { CredentialEntry } from './credentials.ts';
import { type DigestAuthorization, verifyDigest } from './digest.ts';
import type { NonceVerdict } from './nonce.ts';

/** Credentials that came, and what has been found out of them. */
export interface Shown {
  readonly request: SipRequest;
  readonly given: DigestAuthorization;
  /** Who they say it is. */
  readonly user: Aor;
  readonly nonce: NonceVerdict;
  readonly facts: DigestFacts;
}

export function fromOf(request: SipRequest): SipUri | null {
  return (request.parts?.from ?? readParty(request.header('From') ?? ''))?.uri ?? null;
}

export function isRight({ given, request }: Shown, { secret }: CredentialEntry): boolean {
  return verifyDigest(given, request.method, secret);
}

export function suspectOf({ flow }: SipRequest, nonce: NonceVerdict): Suspect {
  return { address: flow.remote.address, proven: nonce.atHome || isStream(flow.transport) };
}

/**
 * A stranger cannot name a dialog, and its CSeq stops replays. But the last CSeq is good for a retransmission, and after a
 * restart the disk may not know it: a setting needs more. A PUBLISH uses no dialog, even where it names one of ours
 * (RFC 3903 6): no CSeq of it is ever looked at.
 */
export function isGuarded(request: SipRequest): boolean {
  if (request.body.length > 0 || request.method === 'PUBLISH') return false;
  const to = request.parts?.to ?? readParty(request.header('To') ?? '');
  return to !== null && to.tag !== null;
}
