import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Party, readParty } from '../../../src/sip/message/party.ts';
import { parseUri } from '../../../src/sip/message/uri.ts';
import { usualParty, usualUri, usualVia } from '../../../src/sip/message/usual.ts';
import { parseVia } from '../../../src/sip/message/via.ts';
import { withMap } from './grammar.ts';

type Reader<T> = (bytes: Buffer, text: string, from: number, end: number) => T | null;

/** What it reads of a value in the middle of a head. */
function within<T>(read: Reader<T>, value: string): T | null {
  const text = `Name: ${value}\r\n>;tag=x@h:1`;
  return read(Buffer.from(text, 'latin1'), text, 6, 6 + value.length);
}

const withUri = (party: Party | null) => party && { ...party, uri: withMap(party.uri) };

const seed = Number(process.env['LAMPLIGHTER_TEST_SEED'] ?? 20_261_121);
console.log(`# seed ${seed}`);

const uris = [
  'sip:1001@lamplighter.test',
  'sip:lamplighter.test',
  "sip:*43;x/?&=+$,.!~'()#@192.0.2.1:5060",
  'sip:_a@h_o.t.:1',
];
const otherUris = [
  'SIP:a@h',
  'sips:a@h',
  'tel:1',
  'sip:a@H',
  'sip:a:b@h',
  'sip:%61@h',
  'sip:a@h;lr',
  'sip:a@h?b=c',
  'sip:a@[::1]',
];
const noUris = [
  'sip:',
  'sip:@h',
  'sip:a@',
  'sip:a@-h',
  'sip:a@h-',
  'sip:a@.h',
  'sip:a@h:',
  'sip:a@h:0',
  'sip:a@h:65536',
  'sip:a@h:000001',
  'sip:a b@h',
];

const vias = [
  'SIP/2.0/UDP 192.0.2.77:5060;branch=z9hG4bK-1---6f5d3a;rport',
  'SIP/2.0/WSS a.invalid;rport=1;received=192.0.2.1;branch=x',
  'SIP/2.0/TCP h',
  'SIP/2.0/UDP h;branch=x;branch=x',
];
const otherVias = [
  'SIP/2.0/udp h;branch=x',
  'SIP / 2.0 / UDP h : 1 ;branch=x',
  'SIP/2.0/UDP h;branch=x;branch=y',
  'SIP/2.0/UDP h;branch=x;alias',
  'SIP/2.0/UDP h;branch="x;y"',
  'SIP/2.0/UDP [::1]:5060;branch=x',
  'SIP/2.0/UDP h;received=2001:db8::1',
  'SIP/2.0/UDP h;branch=x, SIP/2.0/UDP i;branch=y',
  '',
  'SIP/2.0/UDP',
  'SIP/2.0/UDP ;branch=x',
  'SIP/2.0/UDP h;',
  'SIP/2.0/UDP h;branch=',
  'SIP/2.0/UDP h:0',
];

const parties = [
  ...uris.map((uri) => `<${uri}>`),
  '"A, <B>; C" <sip:a@h>;tag=x-1',
  '"" \t<sip:h>',
  '"J\xc3\xbcrgen"<sip:a@h>',
];
const otherParties = [
  ...[...otherUris, ...noUris].map((uri) => `"A" <${uri}>;tag=x`),
  ...['sip:a@h', 'A <sip:a@h>', '"A\\"" <sip:a@h>', '"A"', '"A" ', '"A', '', '<sip:a@h'],
  ...[';tag=', ';tag', ';TAG=x', ';tag="x"', ' ;tag=x', ';tag=x;a=b', ';tag=a:b', ', <sip:b@h>'].map(
    (end) => `<sip:a@h>${end}`,
  ),
];

interface Row {
  readonly what: string;
  readonly usual: (value: string) => object | null;
  readonly full: (value: string) => object | null;
  readonly values: readonly string[];
  readonly others: readonly string[];
}

const rows: readonly Row[] = [
  {
    what: 'a URI',
    usual: (value) => withMap(within(usualUri, value)),
    full: (value) => withMap(parseUri(value)),
    values: uris,
    others: [...otherUris, ...noUris],
  },
  {
    what: 'a From or To',
    usual: (value) => withUri(within(usualParty, value)),
    full: (value) => withUri(readParty(value)),
    values: parties,
    others: otherParties,
  },
  {
    what: 'a Via',
    usual: (value) => withMap(within(usualVia, value)),
    full: (value) => withMap(parseVia(value)),
    values: vias,
    others: otherVias,
  },
];

for (const { what, usual, full, values, others } of rows) {
  describe(`${what} as nearly every phone writes it`, () => {
    for (const value of values) {
      test(`${value} is read at once`, () => {
        assert.notEqual(usual(value), null);
        assert.deepEqual(usual(value), full(value));
      });
    }
    for (const value of others) test(`"${value}" is left to the other reader`, () => assert.equal(usual(value), null));

    test('whatever is changed, the two never disagree', () => {
      const pieces = [...values, ...others].flatMap((value) => value.split(/(?=[;:@<>" ,=/?])/));
      const piece = fc.oneof(
        fc.constantFrom(...values),
        fc.constantFrom(...pieces),
        fc.string({ unit: 'grapheme-ascii' }),
      );
      fc.assert(
        fc.property(fc.array(piece, { maxLength: 6 }), (parts) => {
          const value = parts.join('').trim();
          const read = usual(value);
          if (read !== null) assert.deepEqual(read, full(value));
        }),
        { seed, numRuns: 3000 },
      );
    });
  });
}
