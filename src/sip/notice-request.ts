import type { PhoneNotice } from '../model/phone-notice.ts';
import { type Random, token } from '../model/random.ts';
import { type DialogState, newTag } from './dialog.ts';
import type { AddressedRequest } from './engine.ts';
import { parseNameAddr } from './message/name-addr.ts';
import { withoutMethod } from './message/uri.ts';

/** Where a phone is, and in whose name it is told. */
export type NoticePath = Pick<DialogState, 'remoteParty' | 'remoteTarget' | 'routeSet' | 'flow'>;

/**
 * A NOTIFY outside of any dialog, to the phone at the other end of one: by its path, and in the name of its own user, as
 * PBXs do it. COMPAT(all phones that know `check-sync`): RFC 6665 8.2.1 leaves no room for such a NOTIFY; with the
 * `Subscription-State` it demands, it says that nothing is subscribed.
 *
 * @param contact ours, with angle brackets.
 */
export function noticeRequest(
  dialog: NoticePath,
  { event, contentType, body }: PhoneNotice,
  contact: string,
  random: Random,
): AddressedRequest {
  const user = parseNameAddr(dialog.remoteParty)?.uri ?? dialog.remoteTarget;
  const headers: (readonly [name: string, value: string])[] = [
    ['Contact', contact],
    ['Event', event],
    ['Subscription-State', 'terminated'],
  ];
  if (contentType !== null) headers.push(['Content-Type', contentType]);
  return {
    method: 'NOTIFY',
    uri: withoutMethod(dialog.remoteTarget), // that of a registration may have one (RFC 3261 19.1.1)
    from: `<${user}>;tag=${newTag(random)}`,
    to: `<${user}>`,
    callId: token(random, 128),
    cseq: 1,
    routeSet: dialog.routeSet,
    headers,
    body: contentType === null ? '' : body,
    flow: dialog.flow,
  };
}
