import { type Aor, domainOf, userOf } from '../../src/model/aor.ts';
import { granted, type Outcome, refused } from '../../src/model/outcome.ts';
import { isPlainEvent, type NotifiedPhone, type PhoneNotice } from '../../src/model/phone-notice.ts';
import type { EslCommands } from './esl/commands.ts';

/** A phone that is registered, as mod_sofia keeps it. */
export interface Registration {
  readonly profile: string;
  /** Names it within its profile; from the network. */
  readonly callId: string;
  /** The Contact, without FreeSWITCH's own parameters. */
  readonly uri: string;
}

/** Of one user: each is an event. */
const most = 20;

/**
 * `sendevent NOTIFY` for each registration. By its Call-ID: user and host, which are the other way, must be those of the
 * REGISTER, byte by byte, and a profile without a forced domain keeps whatever the phone wrote. mod_sofia adds
 * `Subscription-State: terminated;reason=noresource` and tells nobody what the phone answered. Rejects like `sendEvent`.
 */
export async function notifyRegistrations(
  esl: EslCommands,
  aor: Aor,
  registrations: readonly Registration[],
  { event, contentType, body }: PhoneNotice,
  deadlineMs: number,
): Promise<Outcome<readonly NotifiedPhone[]>> {
  if (!isPlainEvent(event)) return refused('pbx-refused', 'not a plain event');
  const phones: NotifiedPhone[] = [];
  for (const { profile, callId, uri } of registrations.slice(0, most)) {
    const headers = {
      profile,
      'event-string': event,
      'call-id': callId,
      user: userOf(aor),
      host: domainOf(aor),
      // mod_sofia sends nothing without one, be there a body or not
      'content-type': contentType ?? 'text/plain',
    };
    await esl.sendEvent('NOTIFY', headers, contentType === null ? '' : body, deadlineMs);
    phones.push({ contact: uri, userAgent: null, source: null, answer: null });
  }
  return granted(phones);
}
