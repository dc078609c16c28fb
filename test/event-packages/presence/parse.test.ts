import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parsePresence } from '../../../src/event-packages/presence/parse.ts';
import { renderPresence } from '../../../src/event-packages/presence/render.ts';
import type { Published, PublishedPresence } from '../../../src/model/publication.ts';
import { anySign } from '../../support/any-sign.ts';
import { hostileText, renderRequest, resourceView } from '../arbitraries.ts';

const pidfType = 'application/pidf+xml';
const xpidfType = 'application/xpidf+xml';
const ns =
  'xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" xmlns:ce="urn:example:enterprise"';
const pidf = (inner: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<presence ${ns} entity="sip:ceo@example.com">${inner}</presence>`;
const tuple = (inner = '', basic = 'open', status = '') =>
  `<tuple id="t"><status><basic>${basic}</basic>${status}</status>${inner}</tuple>`;
const person = (activities: string, more = '') =>
  `<dm:person id="p"><rpid:activities>${activities}</rpid:activities>${more}</dm:person>`;
const doctype = '<!DOCTYPE presence\nPUBLIC "-//IETF//DTD RFCxxxx XPIDF 1.0//EN" "xpidf.dtd">';
const xpidf = (status: string, substatus: string, type = doctype) =>
  `<?xml version="1.0"?>\n${type}\n<presence>\n<presentity uri="sip:1001@b;method=SUBSCRIBE" />\n<atom id="1">\n<address uri="sip:192.0.2.1;user=ip" priority="0.800000">\n<status status="${status}" />\n<msnsubstatus substatus="${substatus}" />\n</address>\n</atom>\n</presence>`;

function read(xml: string, type = pidfType, before: Published | null = null) {
  const outcome = parsePresence(Buffer.from(xml), type, before);
  assert.ok(outcome.ok, JSON.stringify(outcome));
  assert.ok(outcome.value.said?.kind === 'presence');
  return { ...outcome.value.said, wishes: outcome.value.wishes };
}

function refusal(xml: string, type = pidfType): readonly [number | undefined, string] {
  const outcome = parsePresence(Buffer.from(xml), type);
  assert.ok(!outcome.ok, 'refused');
  return [outcome.refusal.status, outcome.refusal.code];
}

/** What a run of documents of one publication wishes. */
function run(...documents: readonly (readonly [string, string] | string)[]): readonly (boolean | null)[] {
  let before: PublishedPresence | null = null;
  return documents.map((document) => {
    const [xml, type] = typeof document === 'string' ? [document, pidfType] : document;
    const { wishes, ...said } = read(xml, type, before);
    before = said;
    assert.ok(wishes.every(({ feature }) => feature === 'dnd'));
    const [wish] = wishes;
    return wish !== undefined && 'enabled' in wish ? wish.enabled : null;
  });
}

const available = pidf(tuple('<note>Online</note>'));
const onThePhone = pidf(tuple('<note>On the phone</note>'));
const quiet = pidf(tuple('<note>DND</note>'));

describe('published presence is read', () => {
  it('P38-02: as pidf: status, activities of the person, notes wherever they stand', () => {
    const xml = pidf(
      `${tuple('<note>Online</note>')}<note xml:lang="en">At work</note>${person('<rpid:note>Room 3</rpid:note><rpid:meeting/><rpid:busy/>', '<dm:note>In a meeting</dm:note>')}`,
    );
    const { basic, activities, notes, wishes } = read(xml);
    assert.deepEqual([basic, activities, wishes], ['open', ['meeting', 'busy'], []]);
    assert.deepEqual([...notes].sort(), ['At work', 'In a meeting', 'Online', 'Room 3']);
  });

  it("as the old draft's activities in the status, by their text (AudioCodes)", () => {
    const status =
      '<ep:activities xmlns:ep="urn:ietf:params:xml:ns:pidf:status:rpid-status"><ep:activity>on-the-phone</ep:activity><ep:activity>Away</ep:activity></ep:activities>';
    assert.deepEqual(read(pidf(tuple('', 'open', status))).activities, ['on-the-phone', 'away']);
  });

  it('of several tuples as open where one is; without a status as neither', () => {
    assert.equal(read(pidf(tuple('', 'closed') + tuple())).basic, 'open');
    assert.equal(read(pidf(tuple('', 'closed'))).basic, 'closed');
    assert.equal(read(pidf('<tuple id="t"><status/></tuple>')).basic, null);
    assert.equal(read(pidf('')).basic, null);
  });

  it('as xpidf, with its document type', () => {
    for (const [status, substatus, basic, activities] of [
      ['open', 'online', 'open', []],
      ['inuse', 'onthephone', 'open', ['on-the-phone']],
      ['open', 'away', 'open', ['away']],
      ['closed', 'offline', 'closed', []],
    ] as const) {
      const said = read(xpidf(status, substatus), xpidfType);
      assert.deepEqual([said.basic, said.activities], [basic, activities], substatus);
    }
    assert.equal(read(xpidf('open', 'online', ''), xpidfType).basic, 'open');
    assert.equal(read(xpidf('open', 'online', '<!DOCTYPE presence SYSTEM "xpidf.dtd">'), xpidfType).basic, 'open');
  });

  it('without words that RFC 4480 does not have, and each once', () => {
    const xml = pidf(
      person(
        '<rpid:busy/><rpid:busy/><rpid:other>x</rpid:other><rpid:unknown/><ce:available/><ce:alerting/><x xmlns=""/>',
      ),
    );
    assert.deepEqual(read(xml).activities, ['busy']);
  });

  it('with notes as one clean line each, four at most', () => {
    const notes = ['  a\r\n\tb  ', 'x'.repeat(500), 'a b', '', '\u202e&lt;b&gt;', 'c', 'd', 'e'];
    const said = read(pidf(notes.map((note) => `<note>${note}</note>`).join('')));
    assert.deepEqual(said.notes, ['a b', 'x'.repeat(128), '\u202e<b>', 'c']);
  });
});

describe('do not disturb in published presence', () => {
  it('P38-03: is a wish by any element called dnd, in the person, the tuple, its status or at the top', () => {
    for (const xml of [
      pidf(person('<ce:dnd/>')),
      pidf(person('<rpid:dnd/><rpid:busy/>')),
      pidf(tuple('', 'open', '<ep:activities xmlns:ep="urn:ep"><ep:dnd/></ep:activities>')),
      pidf(tuple('', 'open', '<ep:activities xmlns:ep="urn:ep"><ep:activity>x</ep:activity><dnd/></ep:activities>')),
      pidf(tuple('<ce:dnd/>', 'closed')),
      pidf(`${tuple()}<ce:dnd>true</ce:dnd>`),
      pidf('<dm:person id="p"><ce:DND/></dm:person>'),
    ]) {
      const { wishes, dnd } = read(xml);
      assert.deepEqual([wishes, dnd], [[{ feature: 'dnd', enabled: true }], true], xml);
    }
    for (const text of ['false', ' No ', '0', 'off']) {
      assert.deepEqual(read(pidf(person(`<ce:dnd>${text}</ce:dnd>`))).wishes, [], text);
    }
    // Not where it is no statement of its own.
    assert.deepEqual(read(pidf(tuple('<contact>sip:dnd@b</contact><x:y xmlns:x="urn:x"><dnd/></x:y>'))).wishes, []);
  });

  it('P38-03: is a wish by a note that says so and nothing else (Zoiper)', () => {
    for (const note of ['DND', ' dnd ', 'Do not disturb', 'Do Not Disturb.', 'do-not-disturb', "Don't disturb"]) {
      assert.deepEqual(run(pidf(tuple(`<note>${note}</note>`))), [true], note);
      assert.deepEqual(run(pidf(`${tuple()}<dm:person id="p"><dm:note>${note}</dm:note></dm:person>`)), [true], note);
    }
    for (const note of ['DND is off', 'no DND', 'Disturb', 'dndx', 'Please do not disturb the cat']) {
      assert.deepEqual(run(pidf(tuple(`<note>${note}</note>`))), [null], note);
    }
  });

  it('is a wish by the own words of an activity (Linphone, RFC 4480 other), whatever the activity is', () => {
    for (const words of [
      '<rpid:other>Do not disturb</rpid:other>',
      '<rpid:busy>Do Not Disturb</rpid:busy>',
      '<rpid:activity>do-not-disturb</rpid:activity>',
    ]) {
      assert.deepEqual(
        run(pidf(tuple() + person(words)), pidf(tuple() + person('<rpid:away/>'))),
        [true, false],
        words,
      );
    }
    assert.deepEqual(run(pidf(tuple() + person('<rpid:other>Disturb me</rpid:other>'))), [null]);
  });

  it('is a wish by the word Polycoms have for it in xpidf', () => {
    const dnd = [xpidf('inuse', 'busy'), xpidfType] as const;
    const idle = [xpidf('open', 'online'), xpidfType] as const;
    const call = [xpidf('inuse', 'onthephone'), xpidfType] as const;
    assert.deepEqual(run(idle, dnd, call, dnd, idle, call), [null, true, null, null, false, null]);
  });

  it('goes off with a later document of the same publication that could say it and does not', () => {
    assert.deepEqual(run(quiet, available), [true, false]);
    assert.deepEqual(run(pidf(person('<ce:dnd/>')), pidf(person('<ce:available/>'))), [true, false]);
    assert.deepEqual(run(quiet, available, quiet, available), [true, false, true, false]);
    assert.deepEqual(run(pidf(person('<ce:dnd/>')), pidf(person('<ce:dnd>false</ce:dnd>'))), [true, false]);
  });

  it('stays through documents about calls, of switched off phones and with a bare status', () => {
    const alerting = pidf(person('<ce:alerting/>'));
    const bare = pidf(tuple());
    const gone = pidf(tuple('<note>Offline</note>', 'closed'));
    assert.deepEqual(run(quiet, onThePhone, alerting, bare, gone, quiet, available), [
      true,
      null,
      null,
      null,
      null,
      null,
      false,
    ]);
  });

  it('is wished once, not with every document that says the same', () => {
    assert.deepEqual(run(quiet, quiet, onThePhone, quiet), [true, null, null, null]);
  });

  it('is never switched off by a publication that did not switch it on', () => {
    assert.deepEqual(run(available, onThePhone, available, pidf(tuple()), pidf(person('<rpid:away/>'))), [
      null,
      null,
      null,
      null,
      null,
    ]);
    const other: Published = { kind: 'dialogs', dialogs: [] };
    assert.deepEqual(read(available, pidfType, other).wishes, []);
  });

  it('is no note that others read: whether it is on says the PBX', () => {
    assert.deepEqual(read(pidf(tuple('<note>DND</note><note>Back at 3</note>'))).notes, ['Back at 3']);
  });
});

describe('presence that cannot be taken', () => {
  it('is 415 for another type, 413 for what is too large, 400 for what is none', () => {
    assert.deepEqual(refusal('hello', 'text/plain'), [415, 'body-type']);
    assert.deepEqual(refusal(pidf(' '.repeat(16_384))), [413, 'xml-too-large']);
    for (const xml of ['', 'hello', '<presence', '<x/>', `${pidf('')}<x/>`]) assert.equal(refusal(xml)[0], 400, xml);
  });

  it('is 400 with a document type in pidf, and in xpidf with an internal subset or an entity', () => {
    assert.deepEqual(refusal(`${doctype}<presence/>`), [400, 'xml-doctype']);
    const subset = '<!DOCTYPE presence PUBLIC "x" "y" [<!ENTITY a "b">]>';
    for (const type of [
      subset,
      '<!DOCTYPE presence [<!ENTITY a "b">]>',
      `${doctype}${doctype}`,
      '<!DOCTYPE presence>',
    ]) {
      assert.deepEqual(refusal(xpidf('open', 'online', type), xpidfType), [400, 'xml-doctype'], type);
    }
    assert.equal(refusal(xpidf('open', '&xxe;'), xpidfType)[0], 400);
    assert.equal(refusal(`<presence/>${doctype}`, xpidfType)[0], 400);
  });

  it('takes no time for words that are blanks without end', () => {
    const blanks = ' '.repeat(15_000);
    const before = process.cpuUsage();
    for (let count = 0; count < 20; count += 1) {
      assert.deepEqual(read(xpidf('open', `dnd${blanks}x`), xpidfType).wishes, []);
      assert.deepEqual(read(pidf(person(`<rpid:other>dnd&#32;${blanks}x</rpid:other>`))).wishes, []);
    }
    const { user } = process.cpuUsage(before);
    assert.ok(user < 2_000_000, `${user} us for 40 documents`);
  });

  it('never throws, whatever the bytes are', () => {
    const text = fc.oneof(hostileText, fc.string({ unit: anySign, maxLength: 40 }));
    const inner = text.map((any) => pidf(tuple(`<note>${any}</note>`) + person(any)));
    fc.assert(
      fc.property(fc.oneof(text, inner), fc.constantFrom(pidfType, xpidfType), (xml, type) => {
        const outcome = parsePresence(Buffer.from(xml), type);
        if (!outcome.ok) assert.ok(outcome.refusal.status === 400 || outcome.refusal.status === 413);
      }),
      { numRuns: 500 },
    );
  });
});

describe('our own presence', () => {
  it('is read back with the status it was written with, in both formats', () => {
    fc.assert(
      fc.property(resourceView, renderRequest([pidfType, xpidfType], []), (view, request) => {
        const [body] = renderPresence(view, request).bodies;
        const xml = body?.content ?? '';
        const { basic } = read(xml, request.contentType);
        assert.equal(basic === 'closed', /<basic>closed|status="closed"/.test(xml));
      }),
    );
  });
});
