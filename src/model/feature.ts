import type { Aor } from './aor.ts';

/** Do not disturb; call forwarding always, on busy, on no answer. */
export const featureNames = ['dnd', 'cfa', 'cfb', 'cfna'] as const;

export type FeatureName = (typeof featureNames)[number];

/** What a PBX holds for one feature of one user. */
export interface FeatureValue {
  readonly enabled: boolean;
  /** The forward's target as the PBX would dial it; null where it has none (always null for dnd). */
  readonly target: string | null;
  /** Rings before a cfna forward, 1 to 20; null where unknown or not cfna. */
  readonly ringCount: number | null;
}

/** The hub's truth about one feature: the PBX's value, plus the remembered target of an inactive forward. */
export interface FeatureState extends FeatureValue {
  /** False: the user does not have this feature; phones are not told about it. */
  readonly assigned: boolean;
  /** Grows by one with each committed change; 0 = never seen to change. */
  readonly rev: number;
  readonly updatedBy: OriginKind;
  /** Milliseconds since the epoch; 0 = never changed. */
  readonly updatedAt: number;
}

/** A feature as it is stored. */
export interface FeatureRow extends FeatureValue {
  readonly aor: Aor;
  readonly feature: FeatureName;
  readonly rev: number;
  readonly updatedBy: OriginKind;
  readonly updatedAt: number;
}

/** `hook`: the admin's own program said so by itself, as an answer to `get`. */
export type OriginKind = 'phone' | 'api' | 'rpc' | 'cli' | 'pbx' | 'simulator' | 'hook';

/** Who asked, and from where: for the audit trail and the echo guard. */
export interface Origin {
  readonly kind: OriginKind;
  /** The authenticated user, the token's name, or the PBX's name. */
  readonly who: string;
  /** `transport:address:port` of a phone, the address of an HTTP client; null from a PBX. */
  readonly from: string | null;
  readonly userAgent: string | null;
}

/** What somebody wishes for a feature. It becomes truth only when the PBX says so. */
export interface Wish {
  readonly aor: Aor;
  readonly feature: FeatureName;
  readonly enabled: boolean;
  /** undefined: not mentioned, the stored target is meant. */
  readonly target?: string | undefined;
  /** undefined: not mentioned, the stored count is kept. */
  readonly ringCount?: number | undefined;
  /** A word of the admin for his hooks (OpenSIPS `route_param`); nobody else reads it. */
  readonly param?: string | undefined;
  readonly origin: Origin;
}

/** A call that rings longer is one that nobody takes. */
export const mostRings = 20;

export const featureOff: FeatureValue = { enabled: false, target: null, ringCount: null };

export function sameFeature(a: FeatureValue, b: FeatureValue): boolean {
  return a.enabled === b.enabled && a.target === b.target && a.ringCount === b.ringCount;
}
