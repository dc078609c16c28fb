import { type Aor, domainOf } from '../../model/aor.ts';
import type { Clock } from '../../model/clock.ts';
import type { Logger } from '../../model/logger.ts';
import type { Outcome } from '../../model/outcome.ts';
import type { Random } from '../../model/random.ts';
import { parseAuthorization } from '../auth/digest.ts';
import {
  type HeaderEdits,
  isStream,
  isSuccess,
  type RelayedResponse,
  type SipAnswer,
  type SipRequest,
} from '../engine.ts';
import { withoutHeaders } from '../message/uri.ts';
import type { Places } from '../places.ts';
import type { SecurityReports } from '../security-log.ts';
import { UserAgents } from '../user-agents.ts';
import type { RegisterEdits } from './ports.ts';
import {
  type AskedRegister,
  grantedSeconds,
  heedsPath,
  incomingEdits,
  outgoingEdits,
  type RegisterTerms,
  readRegister,
} from './register.ts';
import type { LearntPhones } from './registrations.ts';
import { UsedDigests } from './used-digests.ts';

export interface LearningOptions extends Omit<RegisterTerms, 'idOf'> {
  readonly places: Pick<Places, 'aorFor' | 'namedBy' | 'domain' | 'several'>;
  readonly phones: LearntPhones;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly security: SecurityReports;
}

/** Edits the REGISTERs of phones and learns from the PBX's answers: a 2xx makes a record, everything else makes none. */
export class RegisterLearner implements RegisterEdits {
  readonly #options: LearningOptions;
  readonly #terms: RegisterTerms;
  readonly #userAgents = new UserAgents();
  /** Each is asked about three times. */
  readonly #read = new WeakMap<SipRequest, Outcome<AskedRegister>>();
  readonly #digests = new UsedDigests();
  #warned = false;

  constructor(options: LearningOptions) {
    this.#options = options;
    const { reach, places, phones } = options;
    this.#terms = { reach, places, idOf: (aor, device) => phones.idOf(aor, device) };
  }

  refuse(request: SipRequest): SipAnswer | null {
    const asked = this.#asked(request);
    if (!asked.ok) return { status: asked.refusal.status ?? 400, reason: asked.refusal.message };
    const { phones, random } = this.#options;
    const { address } = request.flow.remote;
    const isFull = asked.value.contacts.some(
      ({ id, uri, removed }) => uri !== null && !removed && !phones.hasRoom(id, address),
    );
    // Better than a phone that the PBX has and nobody reaches. Spread, or all of them come back in the same second.
    const seconds = 30 + Math.floor(random.fraction() * 60);
    return isFull ? { status: 503, headers: [['Retry-After', String(seconds)]] } : null;
  }

  outgoing(request: SipRequest, here: string): HeaderEdits {
    const asked = this.#asked(request);
    if (!asked.ok) return new Map();
    for (const { id, uri, removed } of asked.value.contacts) {
      if (uri !== null && !removed) this.#options.phones.expect(id);
    }
    return outgoingEdits(request, asked.value, here);
  }

  incoming(request: SipRequest, response: RelayedResponse): HeaderEdits | null {
    const asked = this.#asked(request);
    if (!asked.ok) return null;
    const { phones } = this.#options;
    const { aor } = asked.value;
    const edits = incomingEdits(asked.value, response, (id) => {
      const phone = phones.forToken(id);
      return phone?.aor === aor ? phone.contact : null;
    });
    if (isSuccess(response.status)) this.#learn(request, asked.value, response);
    if (response.status >= 200) for (const { id } of asked.value.contacts) phones.answered(id);
    return edits;
  }

  #learn(request: SipRequest, asked: AskedRegister, response: RelayedResponse): void {
    const { phones, clock } = this.#options;
    const { aor } = asked;
    if (asked.everything) phones.forgetAll(aor);
    const stays = grantedSeconds(asked, response);
    if (asked.byPath && stays.size > 0) this.#watchPath(aor, heedsPath(asked, response), [...stays.values()]);
    const alive = new Set([...stays.keys()].map(({ id }) => id));
    for (const { id, uri, removed } of asked.contacts) {
      if (removed && uri !== null && !alive.has(id)) phones.forget(id);
    }
    const { usedBy, counted } = this.#digests.take(request);
    const isReplay = usedBy !== null && phones.isOpen(usedBy);
    if (isReplay) this.#report(request, aor);
    const userAgent = this.#userAgents.of(request.header('User-Agent'));
    const proven = asked.proven && counted && usedBy === null && this.#isOfDomain(request, aor);
    const told = { aor, flow: request.flow, userAgent, proven };
    for (const [{ id, uri }, seconds] of stays) {
      if (seconds === 0 || uri === null) phones.forget(id);
      else if (!isReplay) {
        phones.learn({ ...told, id, contact: withoutHeaders(uri), expiresAt: clock.now() + seconds * 1000 });
      }
    }
  }

  /**
   * The password was that of a user of this domain. COMPAT(Asterisk): it looks at the user alone and takes any domain, so that
   * its 1001 could pass for the 1001 of another tenant; what tells is the realm.
   */
  #isOfDomain(request: SipRequest, aor: Aor): boolean {
    const { places } = this.#options;
    if (!places.several) return true;
    return request.headers('Authorization').every((value) => {
      const realm = parseAuthorization(value)?.realm ?? '';
      return (places.namedBy(realm) ?? places.domain) === domainOf(aor);
    });
  }

  #report({ flow }: SipRequest, user: Aor): void {
    const suspect = { address: flow.remote.address, proven: isStream(flow.transport) };
    this.#options.security.report('nonce-replay', suspect, { user, detail: 'a REGISTER that came by another path' });
  }

  #watchPath(aor: Aor, heeds: boolean, seconds: readonly number[]): void {
    if (!heeds) {
      const fix = 'Asterisk: support_path=yes in the aor; or sip.inline.reach: contact';
      this.#warn({ aor, fix }, 'the PBX does not heed Path: it calls phones directly, or not at all');
    } else if (seconds.includes(0)) {
      // COMPAT(Asterisk, rewrite_contact=yes): it lists the address that the REGISTER came from, which is ours
      const fix = 'Asterisk: rewrite_contact=no in the endpoint; or sip.inline.reach: contact';
      this.#warn({ aor, fix }, 'the PBX took a Path and another Contact than it was given: it cannot call the phone');
    }
  }

  /** Once: it is the PBX's settings, and so the same for every phone. */
  #warn(about: { readonly aor: Aor; readonly fix: string }, message: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#options.logger.warn(about, message);
  }

  #asked(request: SipRequest): Outcome<AskedRegister> {
    const known = this.#read.get(request);
    if (known !== undefined) return known;
    const read = readRegister(request, this.#terms);
    this.#read.set(request, read);
    return read;
  }
}
