import { type Chapter, otherwise, same } from './row.ts';

const subscriptions = 'test/flows/prior-systems-subscriptions.test.ts';
const watched = 'test/flows/watched-phones.test.ts';
const packages = 'test/flows/packages.test.ts';
const presenceFlow = 'test/flows/presence.test.ts';

const documents: Chapter = {
  title: 'babble-drachtio-presence 3.0.9: what phones see',
  rows: [
    same('`application/dialog-info+xml`', 'the package `dialog`; always full documents', {
      'test/flows/lamps.test.ts': ['two calls of one extension are two dialogs, and the end of one leaves the other'],
    }),
    same('target `sip:**…` in dialog-info, for pickup', '`pickup: code` and `pickupCode` of a phone profile', {
      'test/flows/pickup.test.ts': [
        'by code: the target of a ringing call is what a phone dials, and the caller again after the answer',
      ],
    }),
    same('`application/pidf+xml`, `application/xpidf+xml`', 'the package `presence`', {
      [presenceFlow]: [
        'X-01: an old Polycom is answered in xpidf, whichever of the two it names first; without Accept it is pidf',
      ],
    }),
    same('`application/simple-message-summary`', 'the package `message-summary`', {
      [packages]: ['M38-01: the message lamp follows the mailbox: nothing, two new, heard, nothing'],
    }),
    otherwise('the package by Accept', 'by Event (RFC 6665 8.2.1), the form by Accept', {
      [subscriptions]: [
        'a phone that takes nothing we write is answered 406 (Kamailio and OpenSIPS: Accept ignored; Asterisk: 489; babble-drachtio: Event ignored)',
      ],
    }),
    otherwise('at least 90 s, at most 3600 s', 'at least 60 s, at most 3600 s or the package’s', {
      'test/notifier/subscribe.test.ts': [
        'E65-06: 423 with Min-Expires only where 0 < asked < 3600 and asked < the minimum',
      ],
    }),
    same(
      '`presence.checksync.out`: `check-sync` within the message-summary dialog',
      '`POST /api/v1/extensions/{ext}/check-sync`: by the PBX, or outside of dialogs',
      {
        'test/flows/check-sync.test.ts': [
          'every phone of the user is told once, outside of its dialogs, and the answer says what each said',
        ],
      },
    ),
    same(
      'SUBSCRIBE to the phone when it registers, DND from its pidf or xpidf',
      '`watch` of a phone profile: presence, dialog, as-feature-event ([watching-phones.md](watching-phones.md))',
      {
        [watched]: [
          'a phone that registers is subscribed to as its profile says, and what it says of do not disturb becomes a wish',
        ],
      },
    ),
  ],
};

const events: Chapter = {
  title: 'babble-drachtio-presence 3.0.9: its events and options',
  rows: [
    otherwise('`options.srf`, `options.em`', 'a program of its own: `npm start -- --config FILE`', {
      'test/flows/start-stop.test.ts': [
        'a wrong configuration ends with exit code 2 and names path, line and nearest key',
      ],
    }),
    otherwise('`presence.subscribe.in`, `presence.voicemail.in`', 'nothing to answer: the PBX has said it already', {
      'test/notifier/subscribe.test.ts': [
        'E65-08, E65-10, D42-04: a SUBSCRIBE is answered 200 and followed by a full NOTIFY with version 0',
      ],
    }),
    otherwise('`presence.dialog.out {entity, display, update, all}`', 'the PBX’s adapter', {
      'test/flows/lamps.test.ts': [
        'a lamp follows a call: dark, ringing, busy, held by the side that pressed hold, busy, dark',
      ],
    }),
    otherwise('`registrar` events', 'registrations come from the PBX', {
      [packages]: ['R36-01: a registration that ends is told as terminated, and as active when it comes back'],
    }),
    otherwise(
      '`presence.status.in {status, note, dnd, onthephone}`',
      'DND is a wish put to the PBX, the rest presence: `GET /api/v1/events` and `GET /api/v1/watched`',
      {
        [watched]: [
          'a phone that registers is subscribed to as its profile says, and what it says of do not disturb becomes a wish',
        ],
      },
    ),
    same(
      '`presence.voicemail.out {entity, newcount, oldcount, newurgent, oldurgent}`',
      'the PBX, `Event: message-summary` by PUBLISH, or `PUT /api/v1/extensions/{ext}/mailbox`',
      {
        'test/flows/publish-restart.test.ts': [
          'counts are published by a voicemail elsewhere and by the admin: the youngest are told, and each goes by itself',
        ],
      },
    ),
    same('`presence.status.out {entity, status, note, dnd, onthephone}`', '`Event: presence` by PUBLISH', {
      'test/flows/publish.test.ts': [
        'presence with do not disturb sets the feature, its note is shown to others, and goes with it',
      ],
    }),
  ],
};

export const babble: readonly Chapter[] = [documents, events];
