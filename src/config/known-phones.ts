import { defaultProfile, type PhoneProfile } from '../model/profile.ts';

/** Phones of which it is known that they want otherwise than most. */
export const knownPhones: readonly { readonly match: RegExp; readonly profile: PhoneProfile }[] = [
  {
    // COMPAT(Cisco SPA, Linksys): stops on several dialogs (SPA962), flashes where a neighbour dials, and leaves a NOTIFY
    // unanswered now and then.
    match: /^(?:Cisco|Linksys|Sipura)\/SPA/i,
    profile: { ...defaultProfile, name: 'Cisco SPA', dialogs: 'single', callerConfirmed: true, notifyTimeouts: 10 },
  },
];
