import type { Aor } from './aor.ts';

/** A publication as it survives a restart. */
export interface PublicationRow {
  /** Handed out by the compositor, growing: the order of publications. */
  readonly id: number;
  readonly aor: Aor;
  readonly event: string;
  /** null: the API. */
  readonly publisher: Aor | null;
  /** The entity tag of the last 200; null: nobody was given one. */
  readonly etag: string | null;
  /** JSON of the `Published` that stands, or of null; opaque to the store. */
  readonly said: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** null: until it is removed. */
  readonly expiresAt: number | null;
  /** `udp:192.0.2.1:5060`, or the address of an HTTP client. */
  readonly source: string;
  readonly userAgent: string | null;
}
