import type { Aor } from '../../model/aor.ts';
import type { Flow, HeaderEdits, RelayedResponse, SipAnswer, SipRequest } from '../engine.ts';

/** A registration that went through us, as the way to its phone. */
export interface LearntPhone {
  /**
   * Names the registration for as long as its phone keeps it: 16 characters of base64url, made with the store's secret so
   * that nobody can guess it. `lamp` of the Contact that the PBX sees, or the user of our Path.
   */
  readonly id: string;
  readonly aor: Aor;
  /** Its own Contact URI, as it wrote it: the Request-URI of what goes to it. */
  readonly contact: string;
  /** Where it is now: that of its last granted REGISTER. */
  readonly flow: Flow;
}

/** What was learnt; in memory, no look-up waits. */
export interface Registrations {
  /** By `LearntPhone.id`; null: nobody's, or it has ended. */
  forToken(id: string): LearntPhone | null;
  /**
   * A registration whose phone is at this very flow (transport, remote end, connection); that of `aor` where there are
   * several; null: nobody has registered by it.
   */
  ofFlow(flow: Flow, aor: Aor | null): LearntPhone | null;
  /**
   * The registration of `aor` whose phone is at the address of this flow, by whatever port and transport: a phone sends by TCP
   * what is too large for UDP (RFC 3261 18.1.1). null: there is none, or more than one.
   */
  beside(flow: Flow, aor: Aor): LearntPhone | null;
  /** Resolves once the PBX has answered the REGISTER that would make this one, or soon; null: there is none. */
  underWay(id: string): Promise<void> | null;
}

/** What is changed in a REGISTER and its answer. All of it may be asked twice for one request: a second upstream. */
export interface RegisterEdits {
  /** The refusal of a REGISTER that must not go on (Contacts that nobody understands, too many of them); null: it may. */
  refuse(request: SipRequest): SipAnswer | null;
  /**
   * Headers as the PBX sees them: Contact with our address and `lamp`, or Path.
   *
   * @param here our address that the PBX reaches, as it stands in a URI: `192.0.2.1:5060` or `192.0.2.1:5060;transport=tcp`
   */
  outgoing(request: SipRequest, here: string): HeaderEdits;
  /** Learns where it is a 2xx; headers as the phone sees them: its own Contacts, the rest as it came; null: all of it. Must not throw. */
  incoming(request: SipRequest, response: RelayedResponse): HeaderEdits | null;
}
