import type { Aor } from './aor.ts';
import type { Outcome } from './outcome.ts';

/**
 * How a phone's SUBSCRIBEs are to come here: `sidecar`, they alone, to a server of their own; `inline`, with everything else,
 * by Lamplighter as outbound proxy; `proxy`, the phone changes nothing, as a proxy brings them or Lamplighter has the PBX's port.
 */
export const provisionWays = ['sidecar', 'inline', 'proxy'] as const;
export type ProvisionWay = (typeof provisionWays)[number];

/** What phones can be told to talk SIP over; browsers' transports are none of them. */
export const phoneTransports = ['udp', 'tcp', 'tls'] as const;
export type PhoneTransport = (typeof phoneTransports)[number];

/** What a phone is to be provisioned with. Every text is foreign. */
export interface ProvisionWish {
  readonly aor: Aor;
  /** What its keys shall watch: `1002`, `park+701`. */
  readonly lamps: readonly { readonly name: string; readonly label: string }[];
  /** A list to watch as a whole; null: none. */
  readonly list: string | null;
  /** The PBX's code for taking another's call. */
  readonly pickup: string;
  /** undefined: the first that the daemon listens on. */
  readonly transport?: PhoneTransport | undefined;
  /** undefined: as the daemon is set up. */
  readonly way?: ProvisionWay | undefined;
}

/** A make of phone in a list. */
export interface VendorView {
  /** `cisco-spa` */
  readonly vendor: string;
  /** For people. */
  readonly name: string;
}

/** A piece of a phone's configuration, in the form its maker reads. It holds no password. */
export interface Snippet {
  readonly vendor: string;
  readonly name: string;
  readonly way: ProvisionWay;
  /** Where it belongs. */
  readonly file: string;
  readonly text: string;
  /** What to know about it. */
  readonly notes: readonly string[];
}

/** Writes snippets for this daemon. */
export interface ProvisionDesk {
  vendors(): readonly VendorView[];
  /** Refusals: `unknown-vendor`, which names those there are; `no-listener`: nothing listens on that transport. */
  snippet(vendor: string, wish: ProvisionWish): Outcome<Snippet>;
}
