import { domainOf } from '../../model/aor.ts';
import { type Random, token } from '../../model/random.ts';
import type { Challenge } from '../auth/challenge.ts';
import { newTag } from '../dialog.ts';
import type { AddressedRequest, FinalResponse, Flow, HeaderList } from '../engine.ts';
import type { PhoneDialog, PhoneDialogSeed } from '../front.ts';
import { readContact, splitLines } from '../headers.ts';
import { parseNameAddr } from '../message/name-addr.ts';
import { readParty } from '../message/party.ts';
import { parseUri, withoutHeaders, withoutMethod } from '../message/uri.ts';
import { detached, fromText } from '../message/wire-text.ts';
import { sourceOf } from '../source.ts';
import type { NotifyMessageIn } from './notify-message.ts';

/** RFC 3261 12 for the subscriber's side (UAC of the SUBSCRIBE). */
export class WatchDialog implements PhoneDialog {
  readonly seed: PhoneDialogSeed;
  readonly callId: string;
  readonly localTag: string;
  /** Moves to a new connection where the old one is gone; never to another address. */
  flow: Flow;
  /** null: neither a 2xx nor a NOTIFY has come. */
  remoteTag: string | null = null;
  /** What the phone challenged with, and how often it was answered: later requests bring the answer along. */
  challenge: { readonly offer: Challenge; uses: number } | null = null;
  readonly #from: string;
  readonly #to: string;
  #remoteTarget: string;
  #routeSet: readonly string[];
  #cseq = 0;
  #remoteCseq = -1;

  constructor(seed: PhoneDialogSeed, flow: Flow, random: Random) {
    const { aor, place } = seed;
    this.seed = seed;
    this.flow = flow;
    this.callId = token(random, 128);
    this.localTag = newTag(random);
    this.#remoteTarget = withoutMethod(withoutHeaders(place.uri));
    this.#from = `<sip:lamplighter@${fromText(domainOf(aor))}>;tag=${this.localTag}`;
    this.#to = `<${this.#remoteTarget}>`;
    // A proxy that asked to stay in the way (RFC 3327) says so by `lr`; a mere address of a NAT is only where to send.
    const via = place.via === null ? null : parseUri(place.via);
    this.#routeSet = place.via !== null && via?.params.has('lr') === true ? [`<${place.via}>`] : [];
  }

  get source(): string {
    return sourceOf(this.flow);
  }

  get remoteTarget(): string {
    return this.#remoteTarget;
  }

  get routeSet(): readonly string[] {
    return this.#routeSet;
  }

  /** The next request of ours. */
  request(method: string, headers: HeaderList): AddressedRequest {
    this.#cseq += 1;
    return {
      method,
      uri: this.#remoteTarget,
      from: this.#from,
      to: this.remoteTag === null ? this.#to : `${this.#to};tag=${this.remoteTag}`,
      callId: this.callId,
      cseq: this.#cseq,
      routeSet: this.#routeSet,
      headers,
      flow: this.flow,
    };
  }

  /** A 2xx to our SUBSCRIBE. One of another branch, after a NOTIFY made the dialog, changes nothing: there is one dialog. */
  accept(response: FinalResponse): void {
    const tag = readParty(response.header('To') ?? '')?.tag ?? null;
    if (tag === null) return;
    const isFirst = this.remoteTag === null;
    if (isFirst) this.remoteTag = detached(tag);
    else if (this.remoteTag !== tag) return;
    const contact = readContact(response.headers?.('Contact') ?? []);
    if (contact.ok) this.#remoteTarget = detached(contact.value.remoteTarget);
    const lines = response.headers?.('Record-Route');
    // RFC 3261 12.1.2: of the UAC, reversed; empty where nobody has written one, whatever led here. The flow stays.
    if (isFirst && lines !== undefined) this.#routeSet = lines.length === 0 ? [] : (routesIn(lines) ?? this.#routeSet);
  }

  /** Another branch of a SUBSCRIBE that forked: not the dialog. */
  isOf(fromTag: string): boolean {
    return this.remoteTag === null || this.remoteTag === fromTag;
  }

  /** False: it came out of order (RFC 3261 12.2.2), and nothing is changed. A first NOTIFY makes the dialog (RFC 6665 4.4.1). */
  take({ addressing, remoteTarget, recordRoute }: NotifyMessageIn): boolean {
    if (addressing.cseq <= this.#remoteCseq) return false;
    this.#remoteCseq = addressing.cseq;
    if (this.remoteTag === null) {
      this.remoteTag = detached(addressing.fromTag);
      this.#routeSet = recordRoute.map(detached); // RFC 3261 12.1.1: of the UAS, as they stand; empty where there are none
    }
    if (remoteTarget !== null) this.#remoteTarget = detached(remoteTarget);
    return true;
  }
}

/** Reversed; null: not readable. */
function routesIn(lines: readonly string[]): string[] | null {
  const routes = splitLines(lines);
  const isGood = routes !== null && routes.length > 0 && routes.every((route) => parseNameAddr(route) !== null);
  return isGood ? routes.map(detached).reverse() : null;
}
