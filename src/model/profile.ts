/** How a kind of phone wants its lamps; chosen by User-Agent. */
export interface PhoneProfile {
  readonly name: string;
  /** The document for a phone without calls at (re)subscription: a constant terminated dialog, or none. */
  readonly idleAtSubscribe: 'dummy' | 'empty';
  /** The document when the last call ends: that dialog as terminated, or none. */
  readonly idleAtEnd: 'last' | 'empty';
  /** `single`: only the most interesting call, for phones that cannot take more. */
  readonly dialogs: 'multi' | 'single';
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
  /** RFC 4235 3.10: no two NOTIFYs of a change sooner than this; milliseconds. */
  readonly notifyMinIntervalMs: number;
  /** as-feature-event: one multipart body, one NOTIFY a feature, or by size of a UDP datagram. */
  readonly initialNotify: 'auto' | 'multipart' | 'sequential';
  /** NOTIFYs in a row that may go unanswered before the subscription is dropped. */
  readonly notifyTimeouts: number;
}

export const defaultProfile: PhoneProfile = {
  name: 'default',
  idleAtSubscribe: 'dummy',
  idleAtEnd: 'last',
  dialogs: 'multi',
  callerConfirmed: false,
  trying: 'hide',
  dndOnBlf: 'busy',
  identities: 'number-if-allowed',
  paramAttr: 'pval',
  notifyMinIntervalMs: 1000,
  initialNotify: 'auto',
  notifyTimeouts: 3,
};
