import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readAmi } from '../../../adapters/asterisk/events.ts';
import { Picture } from '../../../adapters/asterisk/picture.ts';
import { play, type Told } from './recording.ts';

const callFrom1001 = ['trying>1002', 'early>1002', 'confirmed>1002', '-'];
const callTo1002 = ['early<1001', 'confirmed<1001', '-'];
const dialsACode = (code: string) => [`trying>${code}`, `confirmed>${code}`, '-'];

const at = (ext: string) => [ext, new Set([`sip:${ext}@127.0.0.1:516${ext.at(-1)}`])] as const;
const registered = new Map([at('1001'), at('1002'), at('1003')]);

/** One key per logical call and side: what the hub calls branches. */
function calls(told: Told): readonly string[] {
  return [...new Set(told.legs.map((it) => `${it.id} of ${it.call}`))];
}

for (const source of ['ari', 'ari-only', 'ami'] as const) {
  describe(`calls as ${source} tells them`, () => {
    test('a call that the callee ends shows trying, early, confirmed and idle on both lamps', () => {
      const told = play('call-answer-callee-hangs-up', source);
      assert.deepEqual(told.dialogs, { 1001: callFrom1001, 1002: callTo1002 });
      assert.deepEqual(calls(told), ['x1.1 of x1.1', 'x2.2 of x1.1']);
    });

    test('a call that the caller ends shows the same', () => {
      assert.deepEqual(play('call-answer-caller-hangs-up', source).dialogs, { 1001: callFrom1001, 1002: callTo1002 });
    });

    test('hold is shown on the phone whose user pressed it, not on the one that is held', () => {
      const { dialogs } = play('call-hold-by-caller', source);
      const held = ['confirmed>1002', 'confirmed>1002 holding', 'confirmed>1002', '-'];
      assert.deepEqual(dialogs, { 1001: ['trying>1002', 'early>1002', ...held], 1002: callTo1002 });
    });

    test('a phone that answers busy at once shows nothing', () => {
      assert.deepEqual(play('call-busy', source).dialogs, { 1001: ['trying>1002', '-'] });
    });

    test('a cancelled call ends on both lamps, whatever its cause', () => {
      const { dialogs } = play('call-cancelled', source);
      assert.deepEqual(dialogs, { 1001: ['trying>1002', 'early>1002', '-'], 1002: ['early<1001', '-'] });
    });

    test('a call that nobody takes ends on both lamps', () => {
      const { dialogs } = play('call-no-answer', source);
      assert.deepEqual(dialogs, { 1001: ['trying>1002', 'early>1002', '-'], 1002: ['early<1001', '-'] });
    });

    test('a call to an unregistered phone lights the caller only', () => {
      assert.deepEqual(play('call-to-unregistered', source).dialogs, { 1001: ['trying>1004', '-'] });
    });

    test('a second call to a talking phone is a second dialog, of another call', () => {
      const told = play('call-second-to-busy-callee', source);
      assert.deepEqual(told.dialogs['1002'], [
        'early<1001',
        'confirmed<1001',
        'confirmed<1001 | early<1003',
        'confirmed<1001',
        '-',
      ]);
      assert.deepEqual(told.dialogs['1003'], ['trying>1002', 'early>1002', '-']);
      assert.deepEqual(calls(told), ['x1.1 of x1.1', 'x2.2 of x1.1', 'x3.3 of x3.3', 'x4.4 of x3.3']);
    });

    test('a call forwarded by the PBX is one call through both halves of the Local channel, and leaves 1002 dark', () => {
      const told = play('call-forwarded-by-pbx', source);
      assert.deepEqual(told.dialogs['1001'], ['trying>1002', 'trying>1003', 'early>1003', 'confirmed>1003', '-']);
      assert.deepEqual(told.dialogs['1002'], [...dialsACode('*721003'), ...dialsACode('*73')]);
      assert.deepEqual(told.dialogs['1003'], ['early<1001', 'confirmed<1001', '-']);
      assert.ok(calls(told).includes('x5.5 of x2.2'), calls(told).join());
    });

    test('a call to a phone that wants none lights the caller only', () => {
      const told = play('call-to-dnd', source);
      assert.deepEqual(told.dialogs['1001'], ['trying>1002', '-']);
      assert.deepEqual(told.dialogs['1002'], [...dialsACode('*78'), ...dialsACode('*79')]);
      assert.ok(told.looks > 0);
    });

    test('a blind transfer keeps the leg of who was transferred and changes its remote party', () => {
      const told = play('transfer-blind', source);
      assert.deepEqual(told.dialogs['1001'], ['trying>1002', 'early>1002', 'confirmed>1002', 'confirmed>1003', '-']);
      assert.deepEqual(told.dialogs['1002'], callTo1002);
      assert.deepEqual(told.dialogs['1003'], ['early<1001', 'confirmed<1001', '-']);
      assert.deepEqual(calls(told), ['x1.1 of x1.1', 'x2.2 of x1.1', 'x3.3 of x1.1']);
    });

    test('a dialled feature code makes the features be read again', () => {
      const told = play('feature-code-dnd-on-off', source);
      assert.deepEqual(told.dialogs, { 1001: [...dialsACode('*78'), ...dialsACode('*79')] });
      assert.ok(told.looks >= 2, String(told.looks));
    });
  });
}

describe('registrations, features and mailboxes as AMI tells them', () => {
  test('registering tells one reachable contact for each phone', () => {
    assert.deepEqual(play('register', 'ari').contacts, { 1001: [1], 1002: [1], 1003: [1] });
  });

  test('a refreshed registration tells nothing', () => {
    assert.deepEqual(play('register-refresh', 'ari', registered).events, []);
  });

  test('unregistering tells no contact', () => {
    assert.deepEqual(play('unregister', 'ari', registered).contacts, { 1001: [0], 1002: [0], 1003: [0] });
  });

  test('a contact that does not answer OPTIONS is not reachable until it does', () => {
    assert.deepEqual(play('contact-qualify-lost', 'ari').contacts, { 1004: [1, 0, 1, 0] });
  });

  test('a Custom state of a feature makes the features be read again, any other does not', () => {
    const told = play('custom-devstate', 'ari');
    assert.equal(told.looks, 2);
    // The state itself is a lamp too, whatever it stands for.
    assert.deepEqual(
      told.events.map((event) => (event.type === 'dialogs' ? [event.aor, event.legs.length] : [event.type])),
      [
        ['custom+DND1001@lab.test', 1],
        ['custom+DND1001@lab.test', 0],
      ],
    );
    assert.deepEqual([play('presence-state', 'ari').looks, play('register', 'ari').looks], [0, 0]);
  });

  test('a message that comes and goes tells the counts of its mailbox', () => {
    assert.deepEqual(play('mwi', 'ari').mailboxes, ['1001 1/0', '1001 0/0']);
  });

  test('urgent messages are counted when they are read, and never more of them than there are new ones', () => {
    const read = { new: 3, old: 1, newUrgent: 2, oldUrgent: 0 };
    const facts = [{ fact: 'mailbox', mailbox: '1001@default', counts: read }] as const;
    const phones = [{ user: '1001', displayName: null, mailbox: '1001@default' }];
    const picture = new Picture('main', 'lab.test', { phones, contacts: new Map(), facts }, () => 0, null);
    assert.deepEqual(picture.snapshot().mailboxes[0]?.counts, read);
    const told = (fresh: number) => {
      const event = { Event: 'MessageWaiting', Mailbox: '1001@default', New: String(fresh), Old: '1' };
      const events = readAmi(event, false).facts.flatMap((fact) => picture.apply(fact));
      return events.map((it) => (it.type === 'mailbox' ? `${it.counts.new} (${it.counts.newUrgent})` : it.type));
    };
    assert.deepEqual([told(3), told(4), told(1), told(0), told(1)], [[], ['4 (2)'], ['1 (1)'], ['0 (0)'], ['1 (0)']]);
  });

  test('without AMI the contacts come from ARI', () => {
    assert.deepEqual(play('contact-qualify-lost', 'ari-only').contacts, { 1004: [1, 0, 1, 0] });
  });
});
