import { parseAuthorization } from '../auth/digest.ts';
import { isSameFlow } from '../dialog.ts';
import { Recent } from '../embedded/recent.ts';
import type { Flow, SipRequest } from '../engine.ts';
import { detached } from '../message/wire-text.ts';

/** Digests that are remembered: twice as many at most. Each is of a REGISTER that the PBX has granted. */
const generation = 10_000;

/** What the digest of a granted REGISTER is worth as a proof that its user is where it came from. */
export interface DigestWorth {
  /** Another path by which the very same digest came before; null: none. */
  readonly usedBy: Flow | null;
  /** It is of no other request (RFC 7616 3.4: nc): nobody who has heard it can use it again. */
  readonly counted: boolean;
}

/**
 * The PBX sees one address behind us, and Asterisk counts no nc: who has listened to a REGISTER could send it again from
 * where he is. What was granted by one path is no proof for another.
 */
export class UsedDigests {
  readonly #usedBy = new Recent<Flow>(generation);

  /** Of a REGISTER that was granted; its digests are used from now on. */
  take(request: SipRequest): DigestWorth {
    let usedBy: Flow | null = null;
    const values = request.headers('Authorization');
    let counted = values.length > 0;
    // all of them: which one the PBX has looked at is not known here
    for (const value of values) {
      const given = parseAuthorization(value);
      if (given === null || given.auth === null) {
        counted = false;
        continue;
      }
      const key = `${given.response} ${given.nonce}`;
      const before = this.#usedBy.get(key);
      if (before === undefined) this.#usedBy.set(detached(key), request.flow);
      else if (!isSameFlow(before, request.flow)) usedBy = before;
    }
    return { usedBy, counted };
  }
}
