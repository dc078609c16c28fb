import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { phoneTransports, provisionWays } from '../../src/model/provision.ts';
import { vendors } from '../../src/provision/index.ts';
import { bringsOf, render } from '../../src/provision/render.ts';
import type { Order, Vendor } from '../../src/provision/vendor.ts';
import type { XmlElement } from '../../src/xml/element.ts';
import { readXml } from '../../src/xml/read.ts';
import { anySign } from '../support/any-sign.ts';
import { sample } from '../truth/vendors/sample.ts';

/** What turns feature synchronisation on, as somebody would look for it in the snippet. */
const switches: Readonly<Record<string, RegExp>> = {
  poly: /reg\.[12]\.serverFeatureControl\.dnd="1"/,
  obihai: /<Name>X_ASFeatureEventSubscribe<\/Name>\s*<Value>true</,
  yealink: /^features\.feature_key_sync\.enable = 1$/m,
  'cisco-spa': /<Feature_Key_Sync_1_>Yes</,
  'cisco-mpp': /<Feature_Key_Sync_1_ ua="na">Yes</,
  grandstream: /<item name="account\.1\.sip\.syncFeatureKey">Yes</,
  'grandstream-gxp': /<P2325>1</,
  snom: /<dfks idx="1" perm="">on</,
  fanvil: /<FeatureSync>1</,
  gigaset: /FeatureKeySyncActive" value="1"/,
  panasonic: /^FEATURE_KEY_SYNCHRO_ENABLE_1="Y"$/m,
  'panasonic-utg': /<FEATURE_KEY_SYNCHRO_ENABLE perm="!RW" access="A">Y</,
  vtech: /^sip_account\.1\.feature_sync_enable = 1$/m,
  audiocodes: /^system\/feature_key_synchronization\/enabled=1$/m,
};

/** How a line of each form looks that is none in XML: comment, empty, or one name and its value. */
const lines: Readonly<Record<string, RegExp>> = {
  yealink: /^(?:#.*|[\w.]+ =(?: .*)?|)$/,
  panasonic: /^(?:#.*|\w+="[^"]*"|)$/,
  vtech: /^(?:#.*|[\w.]+ =(?: .*)?|)$/,
  audiocodes: /^(?:[\w/]+=.*|)$/,
  mitel: /^(?:#.*|[\w ]+: ?.*|)$/,
};

const limits = { maxBytes: 1_000_000 };

function text(vendor: Vendor, more: Partial<Order> = {}): string {
  return render(vendor, { ...sample, ...more }).text;
}

/** The document, or null where the form is none of XML; fails where it is not well-formed. */
function read(vendor: Vendor, snippet: string): XmlElement | null {
  if (vendor.syntax !== 'xml') {
    const form = lines[vendor.id];
    assert.ok(form, vendor.id);
    for (const line of snippet.split('\n')) assert.match(line, form, vendor.id);
    return null;
  }
  const parsed = readXml(Buffer.from(snippet), limits);
  assert.ok(parsed.ok, `${vendor.id}: ${snippet}`);
  return parsed.value;
}

/** Names of elements and attributes in their order: what a value must never change. */
function shape({ name, attributes, children }: XmlElement): unknown {
  return [name, [...attributes.keys()], children.map(shape)];
}

/** Names of settings. */
function names(snippet: string): readonly string[] {
  return snippet.split('\n').map((line) => (line.startsWith('#') ? line : line.replace(/ ?[=:].*$/, '')));
}

for (const vendor of vendors) {
  test(`a snippet for ${vendor.id} reads in its own form, by every way and transport`, () => {
    for (const way of provisionWays) {
      for (const transport of phoneTransports) {
        for (const list of [null, 'office']) {
          for (const lamps of [sample.lamps, []]) read(vendor, text(vendor, { way, transport, list, lamps }));
        }
      }
    }
  });

  test(`a snippet for ${vendor.id} turns feature synchronisation on where it comes here, and nowhere else`, () => {
    const turned = switches[vendor.id];
    assert.equal(turned === undefined, vendor.sync === null);
    if (turned === undefined) return;
    for (const way of provisionWays) {
      assert.equal(turned.test(text(vendor, { way })), bringsOf(vendor, way).features, way);
    }
  });

  test(`a snippet for ${vendor.id} names Lamplighter where the phone is to be sent there, and the lamps`, () => {
    assert.match(text(vendor), /192\.0\.2\.10/);
    assert.match(text(vendor), /5070/);
    assert.doesNotMatch(text(vendor, { way: 'proxy' }), /192\.0\.2\.10/);
    if (vendor.sidecar !== null) assert.match(text(vendor, { way: 'sidecar' }), /192\.0\.2\.10/);
    const keyed = /1002/.test(text(vendor));
    assert.equal(keyed, !['gigaset', 'panasonic-utg', 'audiocodes'].includes(vendor.id));
    assert.ok(!/1002/.test(text(vendor, { lamps: [] })));
  });

  test(`a snippet for ${vendor.id} with a list names it, or says that it cannot`, () => {
    const { text: written, notes } = render(vendor, { ...sample, list: 'office' });
    const told = notes.some((note) => /No setting for a list/.test(note));
    assert.deepEqual([/office/.test(written), told], vendor.list === null ? [false, true] : [true, false]);
  });

  test(`names that a PBX made up stay values in a snippet for ${vendor.id}`, () => {
    const hostile = [
      '"/><evil a="',
      "'; drop",
      '<script>alert(1)</script>&amp;&#10;',
      ']]>--><!--',
      'a\r\nfeatures.evil = 1\n<evil/>',
      '\u2028\u2029evil\u0000\u0085',
      '$PROXY;fnc=sd;ext=900@evil',
      '|**>evil',
      '\u202Egnp\uD800',
      '',
    ];
    const clean = text(vendor, { list: 'x', lamps: hostile.map(() => ({ name: 'x', label: 'x' })) });
    const expected = { root: read(vendor, clean), names: names(clean) };
    const rough = text(vendor, {
      ext: hostile[4]!,
      domain: hostile[0]!,
      list: hostile[4]!,
      pickup: '**',
      lamps: hostile.map((one) => ({ name: one, label: one })),
    });
    const root = read(vendor, rough);
    if (root !== null && expected.root !== null) assert.deepEqual(shape(root), shape(expected.root));
    else assert.deepEqual(names(rough), expected.names);
    assert.doesNotMatch(rough, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}](?<!\n)/u);
  });

  test(`the notes for ${vendor.id} name the traps, and nothing holds a password`, () => {
    const { text: written, notes } = render(vendor, sample);
    assert.ok(notes.length > vendor.traps.length);
    assert.doesNotMatch(written, /passw|secret|pswd/i);
    assert.doesNotMatch(notes.join('\n'), /`|\]\(/);
  });
}

test('whatever a name is, the snippet keeps its shape', () => {
  const any = fc.string({ unit: anySign, maxLength: 80 });
  fc.assert(
    fc.property(
      fc.constantFrom(...vendors),
      any,
      any,
      fc.constantFrom(...provisionWays),
      (vendor, name, label, way) => {
        const one = text(vendor, { way, lamps: [{ name: 'x', label: 'x' }] });
        const other = text(vendor, { way, lamps: [{ name, label }] });
        const [before, after] = [read(vendor, one), read(vendor, other)];
        if (before !== null && after !== null) assert.deepEqual(shape(after), shape(before));
        else assert.deepEqual(names(other), names(one));
      },
    ),
    { numRuns: 400 },
  );
});

test('a key of a Cisco phone has one subscription, one number and one title, whatever the names are', () => {
  for (const vendor of vendors.filter(({ id }) => id.startsWith('cisco'))) {
    const written = text(vendor, { lamps: [{ name: '1;ext=9', label: 'A;fnc=sd;$PROXY' }] });
    const [, key = ''] = /<Extended_Function_2_[^>]*>([^<]*)</.exec(written) ?? [];
    assert.deepEqual(
      key.split(';').map((part) => part.split('=')[0]),
      ['fnc', 'sub', 'ext', 'nme'],
    );
    assert.equal(key.split('=').length, 5);
  }
});

test('a phone that cannot send subscriptions elsewhere is told so first, and nothing is turned on', () => {
  for (const vendor of vendors.filter(({ sidecar }) => sidecar === null)) {
    const { text: written, notes } = render(vendor, { ...sample, way: 'sidecar' });
    assert.ok(
      notes.some((note) => /^NOTHING IS TURNED ON.*--way inline/.test(note)),
      vendor.id,
    );
    assert.doesNotMatch(written, /192\.0\.2\.10|1002/);
  }
});

test('every make has an id of its own that is fit for a path, and says where its facts are from', () => {
  assert.equal(new Set(vendors.map(({ id }) => id)).size, vendors.length);
  for (const { id, sources, traps } of vendors) {
    assert.match(id, /^[a-z]+(?:-[a-z]+)*$/);
    assert.ok(sources.length > 0 && traps.length > 0, id);
  }
});

test('it is only seen what somebody has published the traffic of', () => {
  const seen = vendors.filter(({ sync }) => sync?.sure === 'seen').map(({ id }) => id);
  assert.deepEqual(seen, ['poly']);
});
