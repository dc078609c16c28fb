/**
 * Kinds of calls, for the order in which a phone that shows one call chooses it. `ringing` and `calling` are a callee's and a
 * caller's unanswered calls (early or proceeding), `talking` and `holding` answered ones (confirmed); the others are states of
 * RFC 4235, for either side.
 */
export const callKinds = [
  'ringing',
  'calling',
  'talking',
  'holding',
  'early',
  'proceeding',
  'confirmed',
  'trying',
] as const;

export type CallKind = (typeof callKinds)[number];

/** How a kind of phone wants its lamps; chosen by User-Agent. */
export interface PhoneProfile {
  readonly name: string;
  /** The document for a phone without calls at (re)subscription: a constant terminated dialog, or none. */
  readonly idleAtSubscribe: 'dummy' | 'empty';
  /** The document when a call ends: that dialog as terminated; the constant dummy where it was the last; or nothing of it. */
  readonly idleAtEnd: 'last' | 'dummy' | 'empty';
  /** `single`: only the most interesting call, for phones that cannot take more. */
  readonly dialogs: 'multi' | 'single';
  /** Which call that is: the first kind here that there is, of equals the newest; what is not here comes last. */
  readonly rank: readonly CallKind[];
  /** Show a phone's own unanswered outgoing call as confirmed (phones that blink for initiators). */
  readonly callerConfirmed: boolean;
  /** Show `trying` at all (Snom shows it as off-hook). */
  readonly trying: 'hide' | 'show';
  /** How do-not-disturb looks on the extension's lamp: like a call, or not at all. */
  readonly dndOnBlf: 'busy' | 'off';
  /** Who called, in the document: only where presentation is allowed, never, always. */
  readonly identities: 'number-if-allowed' | 'none' | 'full';
  /** Name of the attribute in `<param>`: RFC 4235's, or what Asterisk and FreeSWITCH send. */
  readonly paramAttr: 'pval' | 'pvalue';
  /**
   * What a phone is given to take a call that rings here, where its user may: nothing; `code`: a remote target that it can
   * dial, `pickupCode` and the extension; `replaces`: Call-ID and tags, for an INVITE with Replaces (RFC 3891).
   */
  readonly pickup: 'none' | 'code' | 'replaces';
  readonly pickupCode: string;
  /** RFC 4235 3.10: no two NOTIFYs of a change sooner than this; milliseconds. */
  readonly notifyMinIntervalMs: number;
  /** as-feature-event: one multipart body, one NOTIFY a feature, or by size of a UDP datagram. */
  readonly initialNotify: 'auto' | 'multipart' | 'sequential';
  /** NOTIFYs in a row that may go unanswered before the subscription is dropped. */
  readonly notifyTimeouts: number;
  /** Packages that Lamplighter subscribes to at the phone itself, while it is registered. */
  readonly watch: readonly string[];
  /** What shows that a NOTIFY is the phone's: the address it comes from, or a digest with its user's password. */
  readonly watchProof: 'address' | 'digest';
}

const usual: PhoneProfile = {
  name: 'default',
  idleAtSubscribe: 'dummy',
  idleAtEnd: 'last',
  dialogs: 'multi',
  rank: ['ringing', 'talking', 'holding', 'calling', 'trying'],
  callerConfirmed: false,
  trying: 'hide',
  dndOnBlf: 'busy',
  identities: 'number-if-allowed',
  paramAttr: 'pval',
  pickup: 'none',
  pickupCode: '**',
  notifyMinIntervalMs: 1000,
  initialNotify: 'auto',
  notifyTimeouts: 3,
  watch: [],
  watchProof: 'address',
};

/** A copy, as all other profiles are copies of it: V8 gives copies one shape, and what is read a million times wants one. */
export const defaultProfile: PhoneProfile = { ...usual };
