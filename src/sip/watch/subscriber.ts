import { type Aor, domainOf, userOf } from '../../model/aor.ts';
import type { Logger } from '../../model/logger.ts';
import { granted, type Outcome } from '../../model/outcome.ts';
import type { Random } from '../../model/random.ts';
import type { Authenticator, AuthResult } from '../auth/authenticator.ts';
import { answerChallenge, type Challenge, readChallenges } from '../auth/challenge.ts';
import type { Credentials } from '../auth/credentials.ts';
import { Secret } from '../auth/digest.ts';
import {
  type FinalResponse,
  type HeaderList,
  isStream,
  isSuccess,
  type ListenPoint,
  type ServerTransaction,
  type SipAnswer,
  type SipEngine,
} from '../engine.ts';
import type { PhoneAnswer, PhoneAsked, PhoneDialog, PhoneDialogSeed, SubscribeSender } from '../front.ts';
import { readExpires, readRetryAfter } from '../headers.ts';
import { fromText } from '../message/wire-text.ts';
import { isSecureTarget, ownContact } from '../own-contact.ts';
import type { Places } from '../places.ts';
import type { SecurityReports } from '../security-log.ts';
import { readAddressing } from '../subscribe-message.ts';
import { type NotifyMessageIn, readNotify } from './notify-message.ts';
import { WatchDialog } from './phone-dialog.ts';
import type { PhonePaths } from './phone-paths.ts';

export interface SubscriberOptions {
  readonly engine: Pick<SipEngine, 'request'>;
  readonly paths: PhonePaths;
  readonly authenticator: Pick<Authenticator, 'check' | 'issued'>;
  /** What the PBX knows of a user: phones ask for the password they registered with. Rejects where it cannot be asked. */
  readonly credentials: (user: string, domain: string) => Promise<Credentials | null>;
  readonly places: Pick<Places, 'addresses'>;
  readonly advertise: string | null;
  readonly random: Random;
  readonly logger: Logger;
  readonly security?: SecurityReports;
}

/** The first challenge, and one more where only the nonce was too old (RFC 7616 3.3). */
const mostChallenges = 2;
/** No document of a phone is larger. */
const largestBody = 65_536;

/** The subscriber's side of SIP: writes SUBSCRIBEs to phones and takes their NOTIFYs; what they mean is the watcher's affair. */
export class Subscriber implements SubscribeSender {
  readonly #options: SubscriberOptions;
  /** By the tag we gave. */
  readonly #dialogs = new Map<string, WatchDialog>();

  constructor(options: SubscriberOptions) {
    this.#options = options;
  }

  /** Dialogs asked for and not closed. */
  get dialogCount(): number {
    return this.#dialogs.size;
  }

  /** Where our listeners are bound; before it no phone is reached. */
  listen(points: readonly ListenPoint[]): void {
    this.#options.paths.listen(points);
  }

  async open(seed: PhoneDialogSeed): Promise<Outcome<PhoneDialog>> {
    const flow = await this.#options.paths.to(seed.aor, seed.place);
    if (!flow.ok) return flow;
    const dialog = new WatchDialog(seed, flow.value, this.#options.random);
    this.#dialogs.set(dialog.localTag, dialog); // before anything is sent: the NOTIFY may overtake the 2xx
    return granted(dialog);
  }

  async subscribe(dialog: PhoneDialog, asked: PhoneAsked): Promise<PhoneAnswer> {
    const known = dialog as WatchDialog;
    try {
      return answerOf(await this.#authenticated(known, asked));
    } catch (error) {
      this.#options.logger.error({ err: error, phone: known.source }, 'a phone could not be asked');
      return { status: 500, expires: null, minExpires: null, retryAfter: null };
    }
  }

  close(dialog: PhoneDialog): void {
    this.#dialogs.delete((dialog as WatchDialog).localTag);
  }

  /** False: no subscription of ours asked for this NOTIFY; the caller answers 481 (RFC 6665 4.1.3). */
  serve(transaction: ServerTransaction): boolean {
    const { request } = transaction;
    const addressing = this.#dialogs.size === 0 ? null : readAddressing(request);
    if (addressing === null || !addressing.ok) return false;
    const { callId, fromTag, toTag } = addressing.value;
    const dialog = this.#dialogs.get(toTag ?? '');
    if (dialog === undefined || dialog.callId !== callId || !dialog.isOf(fromTag)) return false;
    const read = readNotify(request, addressing.value);
    if (!read.ok) {
      transaction.respond({ status: read.refusal.status ?? 400, reason: read.refusal.message });
      return true;
    }
    // RFC 6665 4.1.3: of a subscription that is none of ours. `id` was never asked for.
    if (read.value.event !== dialog.seed.event || read.value.eventId !== null) return false;
    const proven = this.#proves(transaction, dialog, read.value);
    const taken = (verdict: SipAnswer | null) => transaction.respond(verdict ?? this.#take(dialog, read.value));
    if (proven instanceof Promise) {
      proven.then(taken).catch((error: unknown) => {
        this.#options.logger.error({ err: error, phone: dialog.source }, 'a NOTIFY could not be taken');
        transaction.respond({ status: 500 });
      });
    } else taken(proven);
    return true;
  }

  /** null: it is the phone's; else the answer. Before any state. */
  #proves(
    { request }: ServerTransaction,
    { seed: { aor, proof }, flow }: WatchDialog,
    { addressing }: NotifyMessageIn,
  ): SipAnswer | null | Promise<SipAnswer | null> {
    if (proof === 'digest') {
      const checked = this.#options.authenticator.check(request, addressing.fromUri ?? undefined);
      return checked instanceof Promise ? checked.then((late) => ofUser(late, aor)) : ofUser(checked, aor);
    }
    const { address } = request.flow.remote;
    if (address === flow.remote.address) return null;
    const suspect = { address, proven: isStream(request.flow.transport) };
    this.#options.security?.report('not-trusted', suspect, {
      user: aor,
      detail: 'a NOTIFY from where nobody was asked',
    });
    return { status: 403 };
  }

  #take(dialog: WatchDialog, notify: NotifyMessageIn): SipAnswer {
    if (this.#dialogs.get(dialog.localTag) !== dialog) return { status: 481 }; // it ended while the PBX was asked
    if (notify.require.length > 0) return { status: 420, headers: [['Unsupported', notify.require.join(', ')]] };
    if (notify.encoded) return { status: 415, headers: [['Accept-Encoding', 'identity']] };
    if (notify.body.length > largestBody) return { status: 413 };
    if (!dialog.take(notify)) return { status: 500, reason: 'CSeq Out Of Order' };
    return dialog.seed.hear(notify);
  }

  async #authenticated(dialog: WatchDialog, asked: PhoneAsked): Promise<FinalResponse> {
    for (let challenges = 0; ; challenges += 1) {
      const response = await this.#send(dialog, asked);
      if (isSuccess(response.status)) dialog.accept(response);
      if ((response.status !== 401 && response.status !== 407) || challenges === mostChallenges) return response;
      const before = dialog.challenge;
      const offers = this.#offers(dialog, response);
      // The same password is not tried twice, unless only the nonce was old; an old answer brought along is no try.
      if (challenges > 0 && !offers.some(({ stale }) => stale)) return response;
      const offer = await this.#chosen(dialog, offers);
      if (offer === null) return response;
      dialog.challenge = { offer, uses: 0 };
      if (before?.offer.nonce === offer.nonce && before.uses > 0) return response;
    }
  }

  /**
   * Without challenges of our own: who hands one on, as the phone that he is taken for, wants its answer to show it to us,
   * with a body of his.
   */
  #offers({ seed: { aor }, flow }: WatchDialog, response: FinalResponse): readonly Challenge[] {
    const { authenticator, security } = this.#options;
    const isProxy = response.status === 407;
    const all = readChallenges(response.headers?.(isProxy ? 'Proxy-Authenticate' : 'WWW-Authenticate') ?? [], isProxy);
    const offers = all.filter(({ nonce }) => !authenticator.issued(nonce, domainOf(aor)));
    if (offers.length < all.length) {
      const suspect = { address: flow.remote.address, proven: isStream(flow.transport) };
      security?.report('not-trusted', suspect, { user: aor, detail: 'a challenge of ours came back from a phone' });
    }
    return offers;
  }

  async #send(dialog: WatchDialog, asked: PhoneAsked): Promise<FinalResponse> {
    const { engine, paths } = this.#options;
    const response = await engine.request(await this.#written(dialog, asked));
    if (!response.local || response.status !== 503) return response;
    const flow = await paths.again(dialog.flow); // a connection that was closed for its silence
    if (flow === null) return response;
    dialog.flow = flow;
    return engine.request(await this.#written(dialog, asked));
  }

  async #written(dialog: WatchDialog, { event, expires, accept }: PhoneAsked) {
    const { places, advertise } = this.#options;
    const secure = isSecureTarget(dialog.remoteTarget, dialog.routeSet);
    const headers: HeaderList = [
      ['Contact', ownContact(dialog.flow, advertise, places.addresses, secure)],
      ['Event', event],
      ['Expires', String(expires)],
      ['Accept', accept.join(', ')],
    ];
    const credentials = await this.#answer(dialog);
    return dialog.request('SUBSCRIBE', credentials === null ? headers : [...headers, credentials]);
  }

  async #answer(dialog: WatchDialog): Promise<readonly [string, string] | null> {
    const { challenge, seed } = dialog;
    if (challenge === null) return null;
    const secret = await this.#secretFor(seed.aor, challenge.offer);
    if (secret === null) return null;
    challenge.uses += 1;
    const using = { username: userOf(seed.aor), secret, method: 'SUBSCRIBE', uri: dialog.remoteTarget };
    return answerChallenge(challenge.offer, { ...using, count: challenge.uses }, this.#options.random);
  }

  /** RFC 8760 2.4: the first that can be answered. */
  async #chosen({ seed }: WatchDialog, offers: readonly Challenge[]): Promise<Challenge | null> {
    for (const offer of offers) if ((await this.#secretFor(seed.aor, offer)) !== null) return offer;
    return null;
  }

  /** null: nobody knows the password, or only an MD5 of it that is of no use for this offer. */
  async #secretFor(aor: Aor, { realm, algorithm }: Challenge): Promise<Secret | null> {
    const found = await this.#options.credentials(userOf(aor), domainOf(aor)).catch(() => null);
    if (found?.password !== undefined) return new Secret({ password: found.password });
    if (found?.ha1 === undefined || algorithm !== 'MD5' || fromText(found.realm) !== realm) return null;
    return new Secret({ ha1: found.ha1 });
  }
}

function ofUser(checked: AuthResult, aor: Aor): SipAnswer | null {
  if (!checked.ok) return checked.answer;
  return checked.who === aor ? null : { status: 403, reason: 'Not Your Dialog' };
}

function answerOf(response: FinalResponse): PhoneAnswer {
  return {
    status: response.status,
    expires: seconds(response.header('Expires')),
    minExpires: seconds(response.header('Min-Expires')),
    retryAfter: readRetryAfter(response.header('Retry-After')),
  };
}

function seconds(line: string | undefined): number | null {
  const read = readExpires(line === undefined ? [] : [line]);
  return read.ok ? read.value : null;
}
