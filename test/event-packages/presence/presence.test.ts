import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { presence } from '../../../src/event-packages/presence/presence.ts';
import { aorOf } from '../../../src/model/aor.ts';
import type { ResourceView } from '../../../src/model/views.ts';
import { hostileText, renderRequest, resourceView } from '../arbitraries.ts';
import { fixture } from '../fixtures.ts';
import { childOf, textOf } from '../read-xml.ts';
import { call, party, requestWith, viewWith } from '../views.ts';
import { validPidf, validXpidf } from './schema.ts';

type Request = Parameters<typeof requestWith>[0];

const pidfType = 'application/pidf+xml';
const xpidfType = 'application/xpidf+xml';

function write(view: ResourceView, request: Request, contentType: string): string {
  const { bodies, shown } = presence.render(view, requestWith({ ...request, contentType }));
  assert.deepEqual(shown, []);
  assert.equal(bodies.length, 1);
  assert.equal(bodies[0]!.contentType, contentType);
  return bodies[0]!.content;
}

/** `open on-the-phone "On the phone"`; fails where tuple and person do not say the same. */
function pidf(view: ResourceView, request: Request = {}): string {
  const root = validPidf(write(view, request, pidfType));
  const tuple = childOf(root, 'tuple');
  const person = childOf(root, 'person');
  const activity = person.children.find(({ name }) => name === 'activities')?.children.map(({ name }) => name) ?? ['-'];
  assert.equal(textOf(tuple, 'note'), textOf(person, 'note'));
  return `${textOf(childOf(tuple, 'status'), 'basic')} ${activity.join()} "${textOf(tuple, 'note')}"`;
}

/** `inuse onthephone`. */
function xpidf(view: ResourceView, request: Request = {}): string {
  const address = childOf(childOf(validXpidf(write(view, request, xpidfType)), 'atom'), 'address');
  const status = childOf(address, 'status').attributes.get('status');
  return `${status} ${childOf(address, 'msnsubstatus').attributes.get('substatus')}`;
}

const dnd = { dnd: { enabled: true } };
const rings = call('c', { phase: 'early' });
const talks = call('c');
const holds = call('c', { holding: true });
const dials = call('c', { phase: 'early', direction: 'initiator' });

describe('presence', () => {
  const rows: readonly (readonly [string, ResourceView, string, string])[] = [
    ['nobody calls', viewWith(), 'open - "Available"', 'open online'],
    ['his phone rings', viewWith({ dialogs: [rings] }), 'open busy "Ringing"', 'inuse onthephone'],
    ['he talks', viewWith({ dialogs: [talks] }), 'open on-the-phone "On the phone"', 'inuse onthephone'],
    ['he holds', viewWith({ dialogs: [holds] }), 'open on-the-phone "On hold"', 'inuse onthephone'],
    ['he dials', viewWith({ dialogs: [dials] }), 'open on-the-phone "On the phone"', 'inuse onthephone'],
    ['he wants no calls', viewWith({ features: dnd }), 'open busy "DND"', 'inuse busy'],
    [
      'he talks and wants no calls',
      viewWith({ features: dnd, dialogs: [talks] }),
      'open on-the-phone "On the phone"',
      'inuse onthephone',
    ],
    ['his phones are away', viewWith({ contacts: 0 }), 'closed away "Unavailable"', 'closed offline'],
    [
      'his phones are away and he wants no calls',
      viewWith({ contacts: 0, features: dnd }),
      'closed away "Unavailable"',
      'closed offline',
    ],
    ['the PBX has him no more', viewWith({ known: false }), 'closed away "Unavailable"', 'closed offline'],
    [
      'no phone is registered that talks',
      viewWith({ contacts: 0, dialogs: [talks] }),
      'open on-the-phone "On the phone"',
      'inuse onthephone',
    ],
    ['the lamp of a parking slot is dark', viewWith({ contacts: 0, lamp: true }), 'open - "Available"', 'open online'],
    [
      'a feature he does not have',
      viewWith({ features: { dnd: { enabled: true, assigned: false } } }),
      'open - "Available"',
      'open online',
    ],
  ];
  for (const [what, view, inPidf, inXpidf] of rows) {
    it(`${what}: ${inPidf}, and ${inXpidf} in the old format`, () => {
      assert.equal(pidf(view), inPidf);
      assert.equal(xpidf(view), inXpidf);
    });
  }

  it('of several calls shows the one that the profile ranks first: Asterisk tells a talking user no second call', () => {
    for (const dialogs of [
      [rings, talks],
      [talks, rings],
    ]) {
      const two = viewWith({ dialogs: dialogs.map((each, at) => ({ ...each, id: `c${at}` })) });
      assert.equal(pidf(two), 'open busy "Ringing"');
      assert.equal(pidf(two, { profile: { rank: ['confirmed', 'early'] } }), 'open on-the-phone "On the phone"');
    }
  });

  it('obeys the profile: do not disturb hidden, off-hook shown', () => {
    assert.equal(pidf(viewWith({ features: dnd }), { profile: { dndOnBlf: 'off' } }), 'open - "Available"');
    const trying = viewWith({ dialogs: [call('c', { phase: 'trying', direction: 'initiator' })] });
    assert.equal(pidf(trying), 'open - "Available"');
    assert.equal(pidf(trying, { profile: { trying: 'show' } }), 'open on-the-phone "On the phone"');
  });

  it('tells no forward, not even to the user himself: his phone has feature keys for it', () => {
    const on = { enabled: true, target: '0171555' };
    const away = viewWith({ features: { cfa: on, cfb: on, cfna: on } });
    for (const own of [true, false]) assert.equal(write(away, { own }, pidfType), write(viewWith(), { own }, pidfType));
  });

  it('never tells who is calling, whatever the profile says: FreeSWITCH writes "Talk 1001"', () => {
    const secret = {
      callId: 'secret-1',
      localTag: 'secret-2',
      remoteTag: 'secret-3',
      remote: party('0171555', 'Secret'),
    };
    for (const type of presence.contentTypes) {
      for (const phase of ['early', 'confirmed'] as const) {
        const view = viewWith({ dialogs: [call('opaque', { ...secret, phase })] });
        const request = { own: true, mayPickUp: true, profile: { identities: 'full', pickup: 'replaces' } } as const;
        assert.doesNotMatch(write(view, request, type), /secret|0171555|opaque/i);
      }
    }
  });

  it('gives a phone the same document for a call of anybody', () => {
    const from = (remote: ReturnType<typeof party>) =>
      write(viewWith({ dialogs: [{ ...talks, remote }] }), {}, pidfType);
    assert.equal(from(party('1002', 'Bob')), from(party('0171555', 'Carol', false)));
  });
});

describe('presence documents', () => {
  for (const [name, view, type] of [
    ['talking.pidf', viewWith({ dialogs: [talks] }), pidfType],
    ['away.pidf', viewWith({ contacts: 0 }), pidfType],
    ['ringing.xpidf', viewWith({ dialogs: [rings] }), xpidfType],
  ] as const) {
    it(`${name}: byte by byte`, () => {
      assert.equal(write(view, {}, type), fixture(`presence/${name}.xml`).toString().trimEnd());
    });
  }

  it('P38-02: name the presentity byte by byte as subscribed, escaped', () => {
    const entity = 'sip:1001@Lamplighter.TEST:5060;user=phone;x="&<>"';
    assert.equal(validPidf(write(viewWith(), { entity }, pidfType)).attributes.get('entity'), entity);
    const old = validXpidf(write(viewWith(), { entity }, xpidfType));
    assert.equal(childOf(old, 'presentity').attributes.get('uri'), `${entity};method=SUBSCRIBE`);
  });

  it('are pidf where a phone names no format: FreeSWITCH sends xpidf by User-Agent, Kamailio pidf to who cannot read it', () => {
    assert.deepEqual(presence.contentTypes, [pidfType, xpidfType]);
  });

  it('fit one datagram with room for the head of a NOTIFY', () => {
    for (const type of presence.contentTypes) {
      const length = Buffer.byteLength(write(viewWith({ dialogs: [holds] }), {}, type));
      assert.ok(length < 700, `${type}: ${length} bytes`);
    }
  });

  it('P38-02, P38-03, X-01: are valid and tell one state, whatever the PBX and the network say', () => {
    const user = hostileText.filter((text) => /[!-~]/.test(text));
    fc.assert(
      fc.property(resourceView, user, renderRequest(presence.contentTypes, []), (any, name, request) => {
        const view = { ...any, aor: aorOf(name, 'lamplighter.test') };
        const [body] = presence.render(view, request).bodies;
        const valid = request.contentType === pidfType ? validPidf : validXpidf;
        valid(body!.content);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the presence package', () => {
  it('is concerned by calls, the first and last registration and do not disturb, not by forwards and names', () => {
    const { aor } = viewWith();
    const rows = [
      ['dialogs', [], true],
      ['registration', [], true],
      ['registration', ['contacts', 'reachable'], true],
      ['registration', ['contacts'], false],
      ['features', ['dnd'], true],
      ['features', ['cfa', 'cfna'], false],
      ['extension', ['known'], true],
      ['extension', ['displayName', 'stale'], false],
    ] as const;
    for (const [topic, aspects, concerned] of rows) {
      assert.equal(presence.concerns!({ topic, aor, aspects }), concerned, `${topic} ${aspects.join()}`);
    }
    assert.ok(!presence.reads.includes('mailbox'));
  });
});

describe('the schema of these tests', () => {
  const head = '<?xml version="1.0" encoding="UTF-8"?>\n';
  const names =
    'xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid"';
  const of = (inside: string) => `${head}<presence ${names} entity="sip:a@b.test">${inside}</presence>`;
  const tuple = '<tuple id="t"><status><basic>open</basic></status></tuple>';

  it('takes what RFC 3863 shows', () => {
    validPidf(of(`${tuple}<note>Ready</note><dm:person id="p"><dm:note>Ready</dm:note></dm:person>`));
  });

  const wrong = [
    ['a note before the tuple (Asterisk)', `<note>Ready</note>${tuple}`],
    ['an id that begins with a digit (Asterisk)', tuple.replace('"t"', '"1002"')],
    ['a person without an id (Asterisk)', `${tuple}<dm:person/>`],
    ['one id twice', `${tuple}<dm:person id="t"/>`],
    ['a state of its own', tuple.replace('open', 'inuse')],
    ['dnd as an activity', `${tuple}<dm:person id="p"><rpid:activities><rpid:dnd/></rpid:activities></dm:person>`],
    [
      'a note before the activities',
      `${tuple}<dm:person id="p"><dm:note/><rpid:activities><rpid:busy/></rpid:activities></dm:person>`,
    ],
    ['a status after the note', '<tuple id="t"><note/><status/></tuple>'],
  ] as const;
  for (const [what, inside] of wrong) {
    it(`refuses ${what}`, () => assert.throws(() => validPidf(of(inside)), assert.AssertionError));
  }
});
