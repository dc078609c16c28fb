import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { reg } from '../../../src/event-packages/reg/reg.ts';
import { aorOf } from '../../../src/model/aor.ts';
import type { ResourceView } from '../../../src/model/views.ts';
import { renderRequest, resourceView } from '../arbitraries.ts';
import { requestWith, viewWith } from '../views.ts';
import { validRegInfo } from './schema.ts';

const type = 'application/reginfo+xml';

function render(parts: Partial<Pick<ResourceView, 'aor' | 'contacts' | 'contactUris'>>, shown: readonly string[] = []) {
  const aor = aorOf('joe', 'example.com');
  const told = reg.render(viewWith({ aor, ...parts }), requestWith({ contentType: type, shown, version: 3 }));
  assert.deepEqual([told.bodies.length, told.bodies[0]?.contentType], [1, type]);
  const xml = told.bodies[0]!.content;
  const registration = validRegInfo(xml).children[0]!;
  const uris = registration.children.map(({ children }) => children[0]?.text);
  return { xml, registration, uris, state: registration.attributes.get('state'), shown: told.shown };
}

describe('registration information', () => {
  it('R36-01: is a full document with a contact as in RFC 3680 6, byte by byte', () => {
    assert.equal(
      render({ contacts: 1, contactUris: ['sip:joe@pc34.example.com'] }).xml,
      `<?xml version="1.0" encoding="UTF-8"?>
<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="3" state="full"><registration aor="sip:joe@example.com" id="r" state="active"><contact id="Ajyfuy4yW2Bu3cUj" state="active" event="registered"><uri>sip:joe@pc34.example.com</uri></contact></registration></reginfo>`,
    );
  });

  it('R36-01: goes from init to active, and after the last contact over terminated back to init', () => {
    const before = render({ contacts: 0 });
    const there = render({ contacts: 2 }, before.shown);
    const gone = render({ contacts: 0 }, there.shown);
    const after = render({ contacts: 0 }, gone.shown);
    assert.deepEqual([before.state, there.state, gone.state, after.state], ['init', 'active', 'terminated', 'init']);
  });

  it('R36-01: tells once that a contact has ended, and then nothing of it', () => {
    const [one, two] = ['sip:a@192.0.2.1', 'sip:a@192.0.2.2'];
    const told = (contactUris: readonly string[], before: readonly string[]) => {
      const { registration, shown } = render({ contacts: contactUris.length, contactUris }, before);
      const rows = registration.children.map(
        ({ attributes, children }) => `${children[0]?.text} ${attributes.get('state')} ${attributes.get('event')}`,
      );
      return { rows, shown, ids: registration.children.map(({ attributes }) => attributes.get('id')) };
    };
    const both = told([one!, two!], []);
    assert.deepEqual(both.rows, [`${one} active registered`, `${two} active registered`]);
    const gone = told([two!], both.shown);
    assert.deepEqual(gone.rows, [`${one} terminated expired`, `${two} active registered`]);
    assert.deepEqual(gone.ids, both.ids);
    assert.deepEqual(told([two!], gone.shown).rows, [`${two} active registered`]);
    const none = told([], gone.shown);
    assert.deepEqual([none.rows, none.shown], [[`${two} terminated expired`], []]);
    // Only counted from now on: nobody knows which one has gone.
    assert.deepEqual(render({ contacts: 1 }, gone.shown).registration.children, []);
  });

  it('of contacts that the PBX only counts says that there is one', () => {
    const { state, uris } = render({ contacts: 2 });
    assert.deepEqual([state, uris], ['active', []]);
  });

  it('gives a contact the same id whatever stands beside it', () => {
    const ids = (...contactUris: string[]) =>
      render({ contacts: contactUris.length, contactUris }).registration.children.map(({ attributes }) =>
        attributes.get('id'),
      );
    const [, second] = ids('sip:a@192.0.2.1', 'sip:a@192.0.2.2;transport=tls');
    assert.deepEqual(ids('sip:a@192.0.2.2;transport=tls'), [second]);
  });

  it('leaves out what is no SIP URI, what is too long, and doubles', () => {
    const long = `sip:${'a'.repeat(500)}@example.com`;
    const contactUris = [
      'sip:a@b',
      'sip:a@b',
      'mailto:a@b',
      '',
      'sip:',
      'sip:a b',
      'sip:a\r\n@b',
      'sip:\u00e9@b',
      long,
      'sip:a@b?x=<&">',
      'sip:a[b@c',
      'sip:a%0@b',
      'SIPS:a%20b@[2001:db8::1]:5061;transport=tcp?x=%3C',
    ];
    assert.deepEqual(render({ contacts: 9, contactUris }).uris, [
      'sip:a@b',
      'SIPS:a%20b@[2001:db8::1]:5061;transport=tcp?x=%3C',
    ]);
    const many = Array.from({ length: 90 }, (_, at) => `sip:a@b:${at}`);
    assert.equal(render({ contacts: 90, contactUris: many }).uris.length, 50);
  });

  it('is valid whatever the PBX says', () => {
    fc.assert(
      fc.property(resourceView, renderRequest([type], []), (view, request) => {
        const [body] = reg.render(view, request).bodies;
        const [registration] = validRegInfo(body?.content ?? '').children;
        assert.equal(registration?.attributes.get('state') === 'active', view.contacts > 0);
      }),
    );
  });
});
