import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { EventPackage, ListedInstance, RenderRequest } from '../../src/event-packages/event-package.ts';
import { eventPackages } from '../../src/event-packages/index.ts';
import { listFormat } from '../../src/event-packages/list/list.ts';
import { splitMultipart } from '../../src/event-packages/multipart.ts';
import { aorOf } from '../../src/model/aor.ts';
import { featureNames } from '../../src/model/feature.ts';
import type { ResourceView } from '../../src/model/views.ts';
import type { XmlElement } from '../../src/xml/element.ts';
import { noXmllint, objections } from '../support/xmllint.ts';
import { hostileText, renderRequest, resourceView } from './arbitraries.ts';
import { validDialogInfo } from './dialog/schema.ts';
import { validPidf, validXpidf } from './presence/schema.ts';
import { wellFormed } from './read-xml.ts';
import { validRegInfo } from './reg/schema.ts';
import { validWatcherInfo } from './winfo/schema.ts';

/*
 * Every document that any package renders is valid: by a schema, read by libxml2, and by the validators of these tests. A
 * package that writes something new has to say here what it is valid by.
 */

interface Kind {
  /** In test/fixtures/schemas; null: no schema of it was ever published. */
  readonly schema: string | null;
  /** Throws where the document is none. */
  readonly structure: (document: string, request: Pick<RenderRequest, 'profile'>) => unknown;
}

const kinds: Readonly<Record<string, Kind>> = {
  'application/dialog-info+xml': {
    schema: 'dialog-info.xsd',
    structure: (document, { profile }) => validDialogInfo(document, profile.paramAttr),
  },
  'application/pidf+xml': { schema: 'presence.xsd', structure: validPidf },
  'application/xpidf+xml': { schema: null, structure: validXpidf },
  'application/reginfo+xml': { schema: 'reginfo.xsd', structure: validRegInfo },
  'application/watcherinfo+xml': { schema: 'watcherinfo.xsd', structure: validWatcherInfo },
  'application/rlmi+xml': { schema: 'rlmi.xsd', structure: wellFormed },
  'application/x-as-feature-event+xml': { schema: 'as-feature-event.xsd', structure: wellFormed },
  'application/simple-message-summary': {
    schema: null,
    structure: (document) =>
      assert.match(
        document,
        /^Messages-Waiting: (?:yes|no)\r\nMessage-Account: sip:[!-;=?-~]+\r\n(?:Voice-Message: \d+\/\d+ \(\d+\/\d+\)\r\n)?$/,
      ),
  },
};

/** What others wrote and a package only hands on. */
const handsOn = new Set(['ua-profile']);

interface Written {
  readonly type: string;
  readonly document: string;
  readonly request: RenderRequest;
}

/** Controls of both blocks, those of direction and of joining, and what is no character. */
const invisible = [
  ...[0, 1, 8, 9, 10, 13, 27, 31, 127, 128, 133, 159].map((code) => String.fromCharCode(code)),
  ...'\u200b\u200d\u200e\u200f\u202a\u202b\u202d\u202e\u2066\u2069\ufeff\ufffe\uffff',
];

/** Every kind of character that breaks documents: markup, quotes, bidi, controls, surrogates, astral ones. */
const nastyText = fc.oneof(
  hostileText,
  fc.string({ unit: fc.constantFrom(...invisible), minLength: 1, maxLength: 6 }),
  fc.constantFrom(
    ']]>',
    '<!--',
    '&#0;',
    '&amp;',
    '"/><x a="',
    "'",
    '\ud83d\ude00',
    '\ud83d',
    '\u0130\u0131',
    '%',
    '\r\nVia: x',
  ),
);
const user = nastyText.filter((text) => /[!-~]/.test(text));
/** What can stand in a Request-URI. Not IPv6: brackets are no part of a generic URI without `//` (RFC 3986 3.3), so no anyURI. */
const entity = fc.oneof(
  fc.constantFrom(
    'sip:1001@lamplighter.test',
    'sips:a%20b@192.0.2.1:5061;user=phone',
    'sip:lamplighter.test',
    "sip:!~*'()&=+$,;?/@192.0.2.1:5060;transport=tcp?x=y%26z",
  ),
  fc.stringMatching(/^[A-Za-z0-9_.!~*'()&=+$,;?/-]{1,12}$/).map((text) => `sip:${text}@pbx.test`),
);

const view: fc.Arbitrary<ResourceView> = fc
  .record({ any: resourceView, user, displayName: fc.option(nastyText), name: nastyText, number: fc.option(nastyText) })
  .map(({ any, user: who, displayName, name, number }) => ({
    ...any,
    aor: aorOf(who, 'lamplighter.test'),
    displayName,
    dialogs: any.dialogs.map((call) => ({ ...call, remote: { ...call.remote, name, number } })),
  }));

function request(pkg: EventPackage): fc.Arbitrary<RenderRequest> {
  return fc.tuple(renderRequest(pkg.contentTypes, featureNames), entity).map(([any, uri]) => ({
    ...any,
    entity: uri,
    watchers: any.watchers.filter((one, at, all) => all.findIndex(({ id }) => id === one.id) === at),
  }));
}

function mediaType(contentType: string): string {
  return contentType.split(';', 1)[0] ?? '';
}

/** The documents of a body: itself, or those of its parts. */
function documentsOf(contentType: string | null, content: string): readonly (readonly [string, string])[] {
  if (contentType === null) return [];
  if (!contentType.startsWith('multipart/')) return [[mediaType(contentType), content]];
  const split = splitMultipart(Buffer.from(content), 1000);
  assert.ok(split.ok, 'a multipart body can be taken apart');
  return split.value.flatMap((part) => documentsOf(part.contentType, part.content.toString()));
}

function render(pkg: EventPackage, seed: number, count: number): readonly Written[] {
  const samples = fc.sample(fc.tuple(view, request(pkg)), { numRuns: count, seed });
  return samples.flatMap(([of, asked]) =>
    pkg
      .render(of, asked)
      .bodies.flatMap(({ contentType, content }) =>
        documentsOf(contentType, content).map(([type, document]) => ({ type, document, request: asked })),
      ),
  );
}

/** Lists of dialogs of resources with names that hurt, in full and in parts. */
function renderLists(dialog: EventPackage, seed: number, count: number): readonly Written[] {
  const list = fc.record({
    resources: fc.uniqueArray(
      fc.record({ uri: entity, names: fc.array(nastyText, { maxLength: 2 }), view, asked: request(dialog) }),
      {
        selector: ({ uri }) => uri,
        maxLength: 4,
      },
    ),
    uri: entity,
    fullState: fc.boolean(),
    roomBytes: fc.constantFrom(500, 1200, 60_000),
    ended: fc.boolean(),
  });
  return fc.sample(list, { numRuns: count, seed }).flatMap(({ resources, ended, ...more }) => {
    const [first] = resources;
    if (first === undefined) return [];
    const { contentType, content } = listFormat.render({
      ...more,
      names: [{ text: first.names[0] ?? 'desk', lang: null }],
      version: 7,
      boundary: '0123456789abcdef0123456789abcdef',
      whole: false,
      resources: resources.map((one) => ({
        uri: one.uri,
        names: one.names.map((text) => ({ text, lang: 'en' })),
        instance: (): ListedInstance => {
          const [body] = dialog.render(one.view, one.asked).bodies;
          if (ended || body?.contentType == null) return { state: 'terminated', reason: 'noresource' };
          return { state: 'active', contentType: body.contentType, content: body.content };
        },
      })),
    });
    return documentsOf(contentType, content).map(([type, document]) => {
      const of = resources.find(({ uri }) => document.includes(uri)) ?? first;
      return { type, document, request: of.asked };
    });
  });
}

/** RFC 4235 contradicts itself; what we write on purpose is put as its schema has it (schemas/README.md). */
function asSchemaHasIt(type: string, document: string): string {
  if (type !== 'application/dialog-info+xml') return document;
  return document.replace(/<identity display="/g, '<identity display-name="').replace(/" pvalue="no"/g, '" pval="no"');
}

const random = Math.floor(Math.random() * 2 ** 31);
const seeds = [1, random];

describe(`documents with hostile names and numbers (seeds ${seeds.join(', ')})`, () => {
  const perSeed = 60;

  for (const pkg of eventPackages.filter(({ event }) => !handsOn.has(event))) {
    const { event } = pkg;
    it(`of ${event} are of a kind that is known here, and have its structure`, () => {
      for (const seed of seeds) {
        for (const { type, document, request: asked } of render(pkg, seed, perSeed)) {
          const kind = kinds[type] ?? assert.fail(`what is ${type} valid by?`);
          kind.structure(document, asked);
        }
      }
    });

    it(`of ${event} are valid by their schema`, { skip: noXmllint }, () => {
      for (const seed of seeds) holdAgainstSchemas(render(pkg, seed, perSeed));
    });
  }

  const dialog = eventPackages.find(({ event }) => event === 'dialog')!;
  it('of lists are valid by their schema, and the documents in them too', { skip: noXmllint }, () => {
    for (const seed of seeds) {
      const written = renderLists(dialog, seed, perSeed);
      assert.ok(written.some(({ type }) => type === 'application/rlmi+xml'));
      assert.ok(written.some(({ type }) => type === 'application/dialog-info+xml'));
      holdAgainstSchemas(written);
    }
  });
});

function holdAgainstSchemas(written: readonly Written[]): void {
  for (const [type, { schema }] of Object.entries(kinds)) {
    if (schema === null) continue;
    const documents = written.filter((one) => one.type === type).map(({ document }) => asSchemaHasIt(type, document));
    for (const [at, objection] of documents.length === 0 ? [] : objections(schema, documents).entries()) {
      assert.equal(objection, '', documents[at]);
    }
  }
}

describe('the schemas and the validators of these tests', { skip: noXmllint }, () => {
  const packages = eventPackages.filter(({ event }) => ['dialog', 'presence', 'reg', 'dialog.winfo'].includes(event));

  it('agree on spoilt documents: what a schema refuses no validator takes', () => {
    const spoilt = packages
      .flatMap((pkg) => render(pkg, random, 60))
      .filter(({ type }) => kinds[type]?.schema != null)
      .flatMap((one, at) => spoil(one, at));
    let refused = 0;
    for (const [type, { schema, structure }] of Object.entries(kinds)) {
      const of = spoilt.filter((one) => one.type === type);
      if (schema === null || of.length === 0) continue;
      const said = objections(
        schema,
        of.map(({ document }) => asSchemaHasIt(type, document)),
      );
      for (const [at, { document, request: asked, how }] of of.entries()) {
        if (said[at] === '') continue;
        refused += 1;
        assert.throws(() => structure(document, asked), `${how}: ${document}\n${said[at]}`);
      }
    }
    assert.ok(refused > 100, `${refused} spoilt documents were refused`);
  });

  it('refuse what PBXs are known to get wrong', () => {
    const pidf = (inside: string) =>
      `<?xml version="1.0" encoding="UTF-8"?>\n<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="sip:a@b">${inside}</presence>`;
    const info = (inside: string) =>
      `<?xml version="1.0" encoding="UTF-8"?>\n<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="1" state="full" entity="sip:a@b">${inside}</dialog-info>`;
    const tuple = '<tuple id="t"><status><basic>open</basic></status></tuple>';
    const rows = [
      ['presence.xsd', pidf(`<note>x</note>${tuple}`), 'Asterisk: a note before the tuple'],
      ['presence.xsd', pidf(tuple.replace('"t"', '"1001"')), 'Asterisk: an id that begins with a digit'],
      [
        'presence.xsd',
        pidf(`${tuple}<dm:person><rpid:activities><rpid:busy/></rpid:activities></dm:person>`),
        'a person without an id',
      ],
      [
        'presence.xsd',
        pidf(`${tuple}<dm:person id="p"><rpid:activities><rpid:dnd/></rpid:activities></dm:person>`),
        'dnd as an activity',
      ],
      [
        'dialog-info.xsd',
        info('<dialog id="1"><remote/><local/><state>early</state></dialog>'),
        'Asterisk: the state last',
      ],
      [
        'dialog-info.xsd',
        info(
          '<dialog id="1"><state>early</state><local><target uri="x"><param pname="+sip.rendering" pvalue="no"/></target></local></dialog>',
        ),
        'FreeSWITCH: pvalue',
      ],
      [
        'dialog-info.xsd',
        info(
          '<dialog id="1"><state>early</state><local><identity>sip:a@b</identity><identity>sip:c@d</identity></local></dialog>',
        ),
        'BroadSoft: two identities',
      ],
      ['dialog-info.xsd', info('').replace(' entity="sip:a@b"', ''), 'innovaphone: no entity'],
      ['dialog-info.xsd', info('<dialog><state>early</state></dialog>'), 'a dialog without id'],
    ] as const;
    for (const [schema, document, what] of rows) assert.notEqual(objections(schema, [document])[0], '', what);
    assert.deepEqual(objections('presence.xsd', [pidf(tuple)]), ['']);
    assert.deepEqual(objections('dialog-info.xsd', [info('')]), ['']);
  });

  it('take a resource list with lists in it, and not an entry without a URI', () => {
    const list = (entry: string) =>
      `<resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"><list name="a"><display-name xml:lang="en">A</display-name><list>${entry}</list></list></resource-lists>`;
    const [good, bad] = objections('resource-lists.xsd', [list('<entry uri="sip:a@b"/>'), list('<entry/>')]);
    assert.equal(good, '');
    assert.notEqual(bad, '');
  });
});

/** A document with one thing wrong, in ways that depend on `at`. */
function spoil(one: Written, at: number): readonly (Written & { readonly how: string })[] {
  const ways: readonly (readonly [string, (document: string) => string])[] = [
    ['an attribute is gone', (document) => document.replace(nth(document, / [\w:-]+="[^"]*"(?=[^<]*>)/g, at), '')],
    ['an element is called otherwise', (document) => renamed(document, at)],
    ['an element stands twice', (document) => twice(document, at)],
    [
      'a word is another',
      (document) =>
        document.replace(
          /"full"|>open<|"active"|>(?:early|confirmed|terminated)</,
          (word) => `${word[0]}other${word.at(-1)}`,
        ),
    ],
    ['the version is none', (document) => document.replace(/ version="\d+" state/, ' version="-1" state')],
    ['the namespace is another', (document) => document.replace(/xmlns="urn:[^"]*"/, 'xmlns="urn:x"')],
    ['there is text between elements', (document) => document.replace(/></, '>text<')],
  ];
  const [how, spoiling] = ways[at % ways.length]!;
  const document = spoiling(one.document);
  return document === one.document ? [] : [{ ...one, document, how }];
}

function nth(document: string, pattern: RegExp, at: number): string {
  const found = [...document.slice(document.indexOf('?>') + 2).matchAll(pattern)];
  return found[at % Math.max(found.length, 1)]?.[0] ?? '\u0000';
}

function names(element: XmlElement): readonly string[] {
  return [element.name, ...element.children.flatMap(names)];
}

function renamed(document: string, at: number): string {
  const all = [...new Set(names(wellFormed(document)))];
  const name = all[at % all.length]!;
  return document.replace(new RegExp(`(</?(?:\\w+:)?)${name}(?=[\\s/>])`, 'g'), '$1spoilt');
}

function twice(document: string, at: number): string {
  const leaf = nth(document, /<[\w:-]+[^<>]*\/>|<([\w:-]+)[^<>]*>[^<>]*<\/\1>/g, at);
  return document.replace(leaf, () => leaf + leaf);
}
