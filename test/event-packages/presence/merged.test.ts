import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { presence } from '../../../src/event-packages/presence/presence.ts';
import type { PublishedPresence } from '../../../src/model/publication.ts';
import type { ResourceView } from '../../../src/model/views.ts';
import { childOf, textOf } from '../read-xml.ts';
import { call, requestWith, viewWith } from '../views.ts';
import { validPidf, validXpidf } from './schema.ts';

/** `open meeting,busy "In a meeting" "Room 3" | open away`, both formats; fails where the lamp's note differs. */
function shown(view: ResourceView): string {
  const [write, old] = presence.contentTypes.map(
    (contentType) => presence.render(view, requestWith({ contentType })).bodies[0]?.content ?? '',
  );
  const root = validPidf(write ?? '');
  const [tuple, person] = [childOf(root, 'tuple'), childOf(root, 'person')];
  assert.equal(tuple.attributes.get('id'), 'phones', 'the same tuple in every document');
  const activities = person.children.find(({ name }) => name === 'activities')?.children.map(({ name }) => name) ?? [
    '-',
  ];
  const notes = person.children.filter(({ name }) => name === 'note').map(({ text }) => text);
  assert.equal(notes[0], textOf(tuple, 'note'));
  const address = childOf(childOf(validXpidf(old ?? ''), 'atom'), 'address');
  const status = `${childOf(address, 'status').attributes.get('status')} ${childOf(address, 'msnsubstatus').attributes.get('substatus')}`;
  return `${textOf(childOf(tuple, 'status'), 'basic')} ${activities.join()} ${notes.map((note) => `"${note}"`).join(' ')} | ${status}`;
}

function says(parts: Partial<PublishedPresence> = {}): PublishedPresence {
  return { kind: 'presence', basic: 'open', activities: [], notes: [], ...parts };
}

const meeting = says({ activities: ['meeting'], notes: ['Room 3'] });
const dnd = { dnd: { enabled: true } };

describe('presence of a user who publishes', () => {
  const rows: readonly (readonly [string, ResourceView, string])[] = [
    ['that he is available', viewWith({ published: [says()] }), 'open - "Available" | open online'],
    ['what he does, and where', viewWith({ published: [meeting] }), 'open meeting "Room 3" | open away'],
    [
      'a call of another phone',
      viewWith({ published: [says({ activities: ['on-the-phone'] })] }),
      'open on-the-phone "On the phone" | inuse onthephone',
    ],
    ['that he is busy', viewWith({ published: [says({ activities: ['busy'] })] }), 'open busy "Busy" | inuse busy'],
    [
      'what he does, without a note',
      viewWith({ published: [says({ activities: ['looking-for-work'] })] }),
      'open looking-for-work "Looking for work" | open away',
    ],
    [
      'only a note',
      viewWith({ published: [says({ basic: null, notes: ['Back at 3'] })] }),
      'open - "Back at 3" | open online',
    ],
    [
      'from two phones, the first first',
      viewWith({ published: [meeting, says({ activities: ['busy', 'meeting'], notes: ['Room 3', 'Call me'] })] }),
      'open meeting,busy "Room 3" "Call me" | inuse busy',
    ],
    [
      'that he is gone, from one of his phones',
      viewWith({ published: [says({ basic: 'closed' })] }),
      'open - "Available" | open online',
    ],
    [
      'that he is gone, and no phone is registered',
      viewWith({
        contacts: 0,
        published: [says({ basic: 'closed', activities: ['vacation'], notes: ['Back on Monday'] })],
      }),
      'closed vacation "Back on Monday" | closed offline',
    ],
    [
      'nothing of a status, and no phone is registered',
      viewWith({ contacts: 0, published: [says({ basic: null })] }),
      'closed away "Unavailable" | closed offline',
    ],
    [
      'from a phone that is registered nowhere here',
      viewWith({ contacts: 0, published: [says()] }),
      'open - "Available" | open online',
    ],
    [
      'though no PBX has him',
      viewWith({ known: false, contacts: 0, published: [meeting] }),
      'open meeting "Room 3" | open away',
    ],
  ];
  for (const [what, view, expected] of rows) {
    it(`${what}: ${expected}`, () => assert.equal(shown(view), expected));
  }

  it('says what is true at the PBX first: a call and do not disturb beat what is published, words and notes', () => {
    const early = call('c', { phase: 'early' });
    assert.equal(shown(viewWith({ dialogs: [early], published: [meeting] })), 'open busy "Ringing" | inuse onthephone');
    assert.equal(
      shown(viewWith({ dialogs: [call('c')], features: dnd, published: [says()] })),
      'open on-the-phone "On the phone" | inuse onthephone',
    );
    assert.equal(
      shown(viewWith({ features: dnd, published: [says({ notes: ['Online'] })] })),
      'open busy "DND" | inuse busy',
    );
    assert.equal(shown(viewWith({ contacts: 0, features: dnd, published: [says()] })), 'open busy "DND" | inuse busy');
  });

  it('never says do not disturb because it is published: the PBX says whether it is on', () => {
    assert.doesNotMatch(shown(viewWith({ published: [says({ dnd: true })] })), /DND|busy/);
  });

  it('makes an element of no word that it does not know, and keeps to limits', () => {
    const words = ['x/><evil', 'dnd', 'other', 'BUSY', ''];
    assert.match(
      shown(viewWith({ published: [says({ activities: words, notes: ['<b>&"', '\u0000', ''] })] })),
      /^open busy "<b>&"" \|/,
    );
    const many = Array.from({ length: 40 }, (_, at) =>
      says({
        activities: ['meal', 'tv', 'worship', 'travel', 'away', 'playing', 'sleeping', 'shopping', 'meeting'],
        notes: [`note ${at} ${'x'.repeat(500)}`],
      }),
    );
    const line = shown(viewWith({ published: many }));
    assert.equal(line.split(' ')[1]?.split(',').length, 8);
    assert.equal(line.match(/note /g)?.length, 4);
    assert.ok(line.length < 700);
  });

  it('is read by the presence package: a publication concerns it', () => {
    assert.ok(presence.reads.includes('published'));
    assert.ok(presence.concerns!({ topic: 'published', aor: viewWith().aor, aspects: [] }));
  });
});
