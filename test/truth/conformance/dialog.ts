import { type Chapter, rowsOf } from './row.ts';

const flow = 'test/flows/conformance-dialog.test.ts';
const lamps = 'test/flows/lamps.test.ts';
const notify = 'test/flows/subscription-rules-notify.test.ts';
const unit = 'test/event-packages/dialog/dialog.test.ts';
const outbox = 'test/notifier/outbox.test.ts';
const property = 'test/flows/lamp-property.test.ts';
const documents = 'test/event-packages/documents.test.ts';

const { held, differs, later, foreign } = rowsOf('RFC 4235');

const states =
  'D42-06, D42-07, D42-08: an id is one call from its birth to its end, its state only goes forward, ringing is recipient and early';
const sides =
  'D42-09, D42-15: one identity and one target a side, in the order of the schema, well-formed whatever the caller is called';
const hold =
  'D42-09a, D42-11: hold is sip.rendering no on the local target of the holder, resume is the target without it';

export const dialogChapter: Chapter = {
  title: 'RFC 4235: dialog',
  rows: [
    differs(
      'D42-01',
      '3.2',
      'Event parameters may name one dialog, which alone is then reported',
      'Call-ID and tags are told only while a call may be picked up: whoever names one is served with all of the extension',
      {
        [flow]: [
          'D42-01: a SUBSCRIBE that names one dialog is served with all of them, whatever stands in call-id and the tags',
        ],
      },
    ),
    held('D42-02', '3.4', 'default 3600 s for all dialogs (7200 s for one: see D42-01)', {
      [flow]: ['D42-02: all dialogs of an extension are granted 3600 s where nothing is asked, one dialog alone too'],
    }),
    held('D42-03', '3.5', 'Accept, where present, holds application/dialog-info+xml', {
      [flow]: ['D42-03: an Accept that does not hold application/dialog-info+xml is answered 406, one that does 200'],
    }),
    held('D42-04', '3.7, 4.3', 'full after a SUBSCRIBE; version from 0, one more each time', {
      [notify]: ['E65-30, D42-04: the version starts at 0 and grows by one with each NOTIFY of dialog'],
      [unit]: ['D42-04 are full and carry the version of the subscription: Asterisk counts in its renderer'],
    }),
    held('D42-05', '3.10', 'changes are told not faster than once a second', {
      [outbox]: [
        'the first change is told at once, the next not before a second has passed, and then the last state (D42-05)',
      ],
      [lamps]: ['changes faster than once a second are told once, and the last one always arrives'],
    }),
    held('D42-06', '4.1.1', 'an id is unique and stable; direction is told', { [flow]: [states] }),
    held('D42-07', '4.1.2, 3.7.1', 'states go forward only and end once (event and code, which may be left out, are)', {
      [flow]: [states],
      [unit]: [
        'knows after each what is alive, sees nothing end that it did not see alive, and nothing end twice',
        'D42-07: is another dialog each time it goes on: what ended never comes back',
      ],
      [property]: ['show at the end what the PBX says (seed 1)'],
    }),
    held('D42-08', '3.7.1', 'ringing is recipient and early', { [flow]: [states] }),
    held('D42-09', '4.1.6', 'at most one identity and one target a side, parameters as param elements', {
      [flow]: [sides],
    }),
    held('D42-09a', '4.1.6.2', 'a target is sent again to take a parameter back', {
      [flow]: [hold],
      [unit]: ['D42-09a is taken back by the target without it'],
    }),
    foreign(
      'D42-10',
      '4.1.3–5',
      'duration, replaces and referred-by',
      'optional: a call that replaced another is a call like any other, and who forwarded it is not told',
    ),
    held('D42-11', '5.2', 'hold is sip.rendering no on the local target of the holder', {
      [flow]: [hold],
      [unit]: ['D42-11 stands on the local target of the holder: Asterisk has it on the wrong side'],
    }),
    later('D42-12', 'RFC 7463 5.2', 'elements of shared lines', 'shared lines are not built: dialog;shared is dialog', {
      [flow]: [
        'D42-12: what belongs to shared lines is asked for in vain: dialog;shared is dialog, and no element of RFC 7463 is sent',
      ],
    }),
    held('D42-13', '3.6, 3.7.2', 'a policy says what others see: users of the domain, identities by phone profile', {
      [flow]: [
        'D42-13: where a profile keeps identities back a watcher sees states only; nobody is told a Call-ID or a tag',
      ],
    }),
    held('D42-14', '4.3', 'what a subscriber does with versions', {
      'test/flows/watched-phones.test.ts': [
        'D42-14: of dialog-info an older version is passed over, a partial one adds, and after a gap everything is asked for',
      ],
    }),
    held('D42-15', '4, 3.8', 'UTF-8, well-formed and valid', {
      [flow]: [sides],
      [unit]: ['give a valid document with the same dialogs, whatever they are'],
      [documents]: ['of dialog are valid by their schema'],
    }),
  ],
};
