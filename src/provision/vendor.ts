import type { PhoneTransport, ProvisionWay } from '../model/provision.ts';

/**
 * How sure we are: `seen` in the traffic of a real phone; `vendor document`, its maker writes so; `template`, others provision
 * such phones so (FusionPBX, Wazo and the like); `unverified`, none of these.
 */
export type Sureness = 'seen' | 'vendor document' | 'template' | 'unverified';

/** What is known of one thing, for people; Markdown. */
export interface Fact {
  readonly text: string;
  readonly sure: Sureness;
}

export function fact(sure: Sureness, text: string): Fact {
  return { sure, text };
}

/** One lamp key. Texts are cleaned, and not yet escaped for any form. */
export interface Lamp {
  /** What is watched. */
  readonly name: string;
  readonly label: string;
}

/** Whose phone it is and what it shall do. Texts are cleaned, and not yet escaped for any form. */
export interface Order {
  readonly ext: string;
  readonly domain: string;
  /** Lamplighter; IPv6 in brackets. */
  readonly host: string;
  readonly port: number;
  readonly transport: PhoneTransport;
  readonly way: ProvisionWay;
  readonly lamps: readonly Lamp[];
  readonly list: string | null;
  readonly pickup: string;
}

/** Settings that belong together, in the order in which they are written. `T`: one setting of the form. */
export interface Parts<T> {
  /** Lamplighter as outbound proxy. */
  readonly inline: readonly T[];
  /** Lamplighter as the server of subscriptions alone; absent: no such setting is known, or each key says it. */
  readonly sidecar?: readonly T[];
  /** Turns feature synchronisation on, and off what would work against it; empty: it has none that is known. */
  readonly sync: readonly T[];
  /** How long subscriptions last. */
  readonly expiry?: readonly T[];
  readonly list?: readonly T[];
  readonly pickup?: readonly T[];
  readonly lamps: readonly T[];
}

/** Parts that a snippet has, each with what it is for. */
export interface Section<T> {
  readonly about: string;
  readonly settings: readonly T[];
}

/** A make of phone: what is known, and how its configuration is written. */
export interface Vendor {
  readonly id: string;
  readonly name: string;
  /** Models and firmware. */
  readonly holdsFor: string;
  /** Where the snippet belongs. */
  readonly file: string;
  readonly syntax: 'ini' | 'xml';
  /** What turns feature synchronisation on; null: it has none that is known. */
  readonly sync: Fact | null;
  readonly lamps: Fact | null;
  readonly list: Fact | null;
  readonly pickup: Fact | null;
  readonly expiry: Fact;
  /** How the account is brought by Lamplighter. */
  readonly inline: Fact;
  /** How subscriptions alone are brought here; null: not known. `features`: those of feature keys, too. */
  readonly sidecar: (Fact & { readonly features: boolean }) | null;
  /** What its lamps and keys do when Lamplighter stops. */
  readonly stops: Fact;
  readonly traps: readonly string[];
  readonly sources: readonly string[];
  /** @param brings what comes here by the way of the order; the rest is left out. */
  write(order: Order, brings: Brings): string;
}

/** Which subscriptions of a phone come to Lamplighter. */
export interface Brings {
  readonly lamps: boolean;
  readonly features: boolean;
}

/** The sections of a snippet. What would be sent to a server that does not know it is not turned on. */
export function sectionsOf<T>(order: Order, brings: Brings, parts: Parts<T>): readonly Section<T>[] {
  const { way, list } = order;
  const sections: readonly Section<T>[] = [
    { about: 'everything goes by way of Lamplighter', settings: way === 'inline' ? parts.inline : [] },
    { about: 'subscriptions go to Lamplighter', settings: way === 'sidecar' ? (parts.sidecar ?? []) : [] },
    {
      about: 'DND and forwards in step with the PBX; no feature codes beside it',
      settings: brings.features ? parts.sync : [],
    },
    { about: 'how long a subscription lasts', settings: brings.lamps ? (parts.expiry ?? []) : [] },
    { about: 'a list of lamps', settings: brings.lamps && list !== null ? (parts.list ?? []) : [] },
    { about: "how to take another's call", settings: brings.lamps ? (parts.pickup ?? []) : [] },
    { about: 'lamps', settings: brings.lamps ? parts.lamps : [] },
  ];
  return sections.filter(({ settings }) => settings.length > 0);
}
