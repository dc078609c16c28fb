import { type Chapter, rowsOf } from './row.ts';
import { granted, refused, rules } from './subscription-table.ts';

const notify = 'test/flows/subscription-rules-notify.test.ts';
const wire = 'test/flows/subscription-rules-wire.test.ts';
const events = 'test/flows/conformance-events.test.ts';
const inlineRequests = 'test/flows/inline-requests.test.ts';
const inlineEngine = 'test/sip/inline/inline-engine.test.ts';
const front = 'test/sip/front/subscribe.test.ts';
const inDialog = 'test/sip/front/in-dialog.test.ts';
const subscribe = 'test/notifier/subscribe.test.ts';
const usage = 'test/notifier/dialog-usage.test.ts';
const answers = 'test/notifier/answers.test.ts';
const expiry = 'test/notifier/expiry.test.ts';

const { held } = rowsOf('RFC 6665');

const accepting: Chapter = {
  title: 'RFC 6665: accepting a SUBSCRIBE',
  rows: [
    held('E65-01', '3.1.2, 8.2.1', 'exactly one Event header with one package, else 400', {
      [rules]: [refused('E65-01: two Event headers', 400), refused('E65-01: two packages in one Event', 400)],
    }),
    held('E65-02', '4.2.1.1, 4.2.3', 'unknown package or none: 489 with Allow-Events', {
      [rules]: [refused('E65-02: an unknown package', 489), refused('E65-02: no Event', 489)],
    }),
    held('E65-03', '3.1.1', 'no Expires: the default of the package', {
      [rules]: [
        granted('E65-03: no Expires is the default of dialog'),
        granted('E65-03: no Expires is the default of as-feature-event'),
      ],
    }),
    held('E65-04', '3.1.1, 4.2.1.1', 'a 2xx has Expires, never more than was asked', {
      [rules]: [
        granted('E65-04: less than the default is granted as asked'),
        granted('E65-04: more than the maximum is cut'),
      ],
      'test/flows/dialog-rules.test.ts': [
        'E65-04: of sixty phones that subscribe at once for an hour many are granted different intervals, none above what was asked',
      ],
    }),
    held('E65-05', '3.1.1', 'expires in Contact means nothing', {
      [rules]: ['W-08, E65-05: expires in Contact means nothing'],
    }),
    held('E65-06', '4.2.1.1, 4.2.1.4', '423 with Min-Expires only below the minimum, which is below an hour', {
      [rules]: [
        refused('W-09, E65-06: Expires 5', 423),
        refused('E65-06: Expires 59', 423),
        granted('E65-06: exactly the minimum is granted'),
      ],
      [subscribe]: ['E65-06: 423 with Min-Expires only where 0 < asked < 3600 and asked < the minimum'],
    }),
    held(
      'E65-07',
      '4.1.2.1, 3.2.1',
      'Accept without a type of ours: 406; none: the default; bodies only of accepted types',
      {
        [rules]: [
          refused('E65-07: Accept without a type of ours', 406),
          refused('E65-07: our type with q=0', 406),
          refused('E65-07, RFC 3261 20.1: our type with q=0 beside a wildcard', 406),
          granted('E65-07: no Accept means the default of the package'),
          'E65-07: a NOTIFY of dialog has the type that was accepted',
        ],
      },
    ),
    held('E65-08', '8.3', '200, never 202', {
      [events]: [
        'E65-08: a SUBSCRIBE is answered 200 at first, at a refresh, at an unsubscribe and at a fetch, never 202',
      ],
    }),
    held('E65-09', '4.2.1.3', 'challenge with 401, refuse with 403', {
      [rules]: ['E65-09, T-10: the challenge is a 401 with SHA-256 first and MD5 second; who may not look is told 403'],
    }),
    held('E65-20', '4.5.2, 8.2.1', 'package and id are compared byte by byte, id is in every NOTIFY', {
      [notify]: [
        'E65-20: dialog: the Event id is in every NOTIFY and takes part in matching, byte by byte',
        'E65-20: as-feature-event: a request with an id never meets the subscription without one',
      ],
    }),
    held(
      'E65-21',
      '4.5.2',
      'a SUBSCRIBE in the dialog of a call is refused (403 allowed; ours 481: we hold no calls)',
      {
        [rules]: [refused('E65-21: a dialog of somebody else', 481)],
      },
    ),
    held('E65-22', '4.6', 'CANCEL is answered and changes nothing', {
      [rules]: ['E65-22: a CANCEL of a SUBSCRIBE is answered and otherwise ignored'],
    }),
    held('E65-23', '4.4.4', 'Allow-Events, complete, in a 2xx to SUBSCRIBE and OPTIONS; a proxy adds none', {
      [rules]: [
        'W-23, E65-23: OPTIONS is answered 200 with Allow, Allow-Events and Accept',
        granted('E65-04: less than the default is granted as asked'),
      ],
      [inlineRequests]: ['E65-23: what the PBX answers goes back without an Allow-Events of ours'],
    }),
    held('E65-24', '4.3', 'inline: the first SUBSCRIBE of a dialog and every NOTIFY are record-routed', {
      [inlineRequests]: ['E65-24: a subscription at the PBX is told and renewed along our Routes'],
      [inlineEngine]: [
        'E65-24: INVITE, SUBSCRIBE, REFER, UPDATE and every NOTIFY carry our Record-Route, and nothing else does',
      ],
      [events]: ['E65-24: no Record-Route of our own stands in a 200 or a NOTIFY: we are the end, not a proxy'],
    }),
    held('E65-25', '8.4', 'compact forms o and u', {
      [rules]: ['E65-25: every compact name is read as its long one'],
    }),
    held('E65-26', '6.3–6.5', 'authenticated, no replay', {
      [wire]: [
        'E65-26: the same nonce count again is a replay and answered 401 stale=true; a higher one, even with gaps, is taken',
        'amplification: one SUBSCRIBE without credentials is one 401 of about its own size, and no NOTIFY',
      ],
    }),
    held('E65-31', '4.5.1, RFC 7621', 'one Contact with a user part that leads back to us', {
      [events]: ['E65-31: the Contact of a 200 and of each NOTIFY is one SIP URI with a user that leads back to us'],
      [front]: ['E65-31: Contact names the transport, the advertised address, or the address that faces the phone'],
    }),
    held('E65-32', 'RFC 3261 12.2.2', 'a lower CSeq is 500 and changes nothing, the same again is the same answer', {
      [notify]: [
        'E65-32: a CSeq below the last is answered 500 and changes nothing; the same CSeq again is answered 200',
        'a retransmitted SUBSCRIBE gets the same bytes, no second subscription and no second NOTIFY',
      ],
      [inDialog]: ['E65-32: a lower CSeq is 500 and changes nothing; an equal one and a jump are taken'],
    }),
    held('E65-33', 'RFC 3261 12.1.1', 'Record-Route comes back in the 2xx and is the route set of NOTIFY', {
      [wire]: [
        'E65-33: Record-Route is copied to the 200 in order and is the route set of NOTIFY, sent back over the flow',
      ],
    }),
    held('E65-34', 'RFC 3261 8.1.1.8', 'exactly one usable Contact, else 400', {
      [rules]: [
        refused('E65-34: no Contact', 400),
        refused('E65-34: two Contacts', 400),
        refused('E65-34: two Contacts in one line', 400),
        refused('E65-34: Contact *', 400),
      ],
    }),
  ],
};

const telling: Chapter = {
  title: 'RFC 6665: sending NOTIFY',
  rows: [
    held('E65-10', '4.2.1.2, 4.2.2', 'a NOTIFY after every 2xx, at once', {
      [notify]: [
        'E65-10, E65-12: dialog: first, refresh and unsubscribe are each followed by the full state',
        'E65-10, E65-12: as-feature-event: first, refresh and unsubscribe are each followed by the full state',
      ],
    }),
    held('E65-11', '4.2.1.4, 4.4.3', 'Expires 0 ends in a dialog and fetches outside: one terminated NOTIFY', {
      [notify]: [
        'W-13, E65-11: dialog: Expires 0 outside of a dialog is one terminated NOTIFY with everything, and nothing is kept',
        'W-13, E65-11: as-feature-event: Expires 0 outside of a dialog is one terminated NOTIFY with everything, and nothing is kept',
      ],
      [usage]: [
        'E65-11, E65-17: Expires 0 in the dialog gives one final NOTIFY, and the dialog lives until that has ended',
      ],
    }),
    held('E65-12', '4.2.2', 'Event and Subscription-State in every NOTIFY, with the seconds left', {
      [notify]: ['E65-10, E65-12: dialog: first, refresh and unsubscribe are each followed by the full state'],
      [subscribe]: ['E65-12: every NOTIFY has Event, id and the seconds left, never more than granted'],
    }),
    held('E65-13', '4.2.1.4', 'what runs out is terminated;reason=timeout', {
      [expiry]: ['E65-13: a subscription that runs out gets one NOTIFY terminated;reason=timeout and is gone'],
      'test/flows/restart.test.ts': [
        'E65-13: a subscription that ran out while nobody ran is told so in its dialog at the start, and its phone begins anew',
      ],
      'test/flows/prior-systems-restart.test.ts': [
        'a subscription that lapses is told so when it does (Kamailio and OpenSIPS: nothing within 9 s, the timer looks every 100 s)',
      ],
    }),
    held('E65-14', '4.2.2', 'NOTIFY answered 404, 405, 410, 416, 480–485, 489, 501, 604 ends the subscription', {
      [notify]: [
        'E65-14: NOTIFYs answered 404 405 410 416 480-485 489 501 604 end the subscription at once; others do not',
        'E65-14: a phone that answers 481 is gone from the list and its dialog is unknown',
      ],
    }),
    held(
      'E65-15',
      '4.2.2',
      'a NOTIFY nobody answers: repeated until Timer F, then dropped after as many as the profile forgives',
      {
        [notify]: ['E65-15: a NOTIFY that gets lost is repeated byte by byte, and the subscription goes on'],
        [answers]: [
          'E65-15: unanswered NOTIFYs are forgiven as often as the profile says, with the newest state, then it is dropped',
        ],
      },
    ),
    held('E65-16', 'RFC 3261 21.5.4', 'Retry-After in a 5xx is kept to, then the newest state is sent', {
      [notify]: ['E65-16: Retry-After in a 503 is kept to; a SUBSCRIBE ends the wait, and the newest state is told'],
      [answers]: ['E65-16: Retry-After is honoured, changes included, and the newest state is sent then'],
    }),
    held('E65-17', '4.4.1, 4.2.1.4', 'the dialog lives until the last NOTIFY has ended', {
      [usage]: [
        'E65-11, E65-17: Expires 0 in the dialog gives one final NOTIFY, and the dialog lives until that has ended',
        'E65-17: an unsubscribe during a NOTIFY waits for its answer, then sends the final one',
      ],
    }),
    held(
      'E65-18',
      '4.4.2',
      'a planned move is deactivated; overload is told by 503 with Retry-After to the SUBSCRIBE',
      {
        [notify]: ['E65-18, E65-19: a subscription that the admin removes ends with deactivated'],
        [usage]: [
          'E65-18: an admin ends a subscription with terminated;reason=deactivated, and may ask for everything again',
        ],
      },
    ),
    held(
      'E65-19',
      '4.1.3',
      'reasons say what the phone shall do: timeout and deactivated, never noresource for what still is',
      {
        [notify]: ['E65-18, E65-19: a subscription that the admin removes ends with deactivated'],
        'test/sip/front/notify.test.ts': [
          'E65-12, E65-19: the state of the subscription is written as the RFC wants it',
        ],
      },
    ),
    held('E65-30', '5.3.2', 'the version grows by one with each document', {
      [notify]: ['E65-30, D42-04: the version starts at 0 and grows by one with each NOTIFY of dialog'],
    }),
  ],
};

const watch = 'test/watcher/watch.test.ts';
const watched = 'test/flows/watched-phones.test.ts';
const subscribing: Chapter = {
  title: 'RFC 6665: as subscriber',
  rows: [
    held('E65-27', '4.1.2.4', 'Timer N ends a subscription that hears no NOTIFY; 204 ends Timer N', {
      [watch]: [
        'E65-27: without a NOTIFY within Timer N the subscription has failed, whatever the 2xx said, and is begun anew later',
        'E65-27: a NOTIFY, or a 204, ends Timer N',
        'E65-27: Timer N runs for a refresh too',
      ],
    }),
    held('E65-28', '4.1.3', 'a NOTIFY for no subscription of ours is 481; a shorter time in one that is counts', {
      [events]: ['E65-28: a NOTIFY is answered 481, in a dialog of ours and outside of any, and ends nothing'],
      [watched]: [
        'E65-28: a NOTIFY that nobody asked for is 481: another tag, another Call-ID, another package, an id',
        'a stop unsubscribes everywhere; after kill -9 the NOTIFY of a phone gets 481, and the phone is asked anew',
      ],
      [watch]: [
        'refreshed well before it ends, for no longer than granted; a shorter time in a NOTIFY counts (E65-28)',
      ],
    }),
    held('E65-29', '4.1.2.2', 'which answers to a refresh end a subscription, and which leave it until it runs out', {
      [watch]: [
        'E65-29: a refresh answered 489 ends the subscription',
        'E65-29: a refresh answered 503 keeps it until it runs out, and is tried again meanwhile',
      ],
    }),
  ],
};

export const eventChapters: readonly Chapter[] = [accepting, telling, subscribing];
