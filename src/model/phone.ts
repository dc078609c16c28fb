import type { Aor } from './aor.ts';

/** A registration that went through us to the PBX, as it survives a restart. */
export interface RegistrationRow {
  /** Names it for as long as its phone keeps it; unguessable. */
  readonly id: string;
  readonly aor: Aor;
  /** The phone's own Contact URI, byte by byte as it wrote it. */
  readonly contact: string;
  /** JSON of the path its last granted REGISTER came by; opaque to the store. */
  readonly flow: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly expiresAt: number;
  readonly userAgent: string | null;
  /** The PBX granted it to digest credentials of this very user, who sent it without a proxy in between. */
  readonly proven: boolean;
}

/** A phone that has registered through us, as an admin sees it. Contact and User-Agent come from the network. */
export interface PhoneView {
  readonly aor: Aor;
  readonly contact: string;
  /** `udp:192.0.2.1:5060` */
  readonly source: string;
  readonly transport: string;
  readonly userAgent: string | null;
  /** Milliseconds since the epoch: when it came, and until when the PBX has granted it. */
  readonly since: number;
  readonly expiresAt: number;
  /** False: its connection is gone, and it has not come back yet. */
  readonly reachable: boolean;
}
