import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { normaliseTarget, type Place } from '../../src/commands/normalise.ts';
import { aorOf } from '../../src/model/aor.ts';
import { anySign } from '../support/any-sign.ts';

const aor = aorOf('1001', 'pbx.example.com');
const place: Place = {
  aliases: ['pbx', '192.0.2.9', '[2001:db8::1]'],
  isName: (text) => ['alice', 'bob.smith', 'vm'].includes(text),
  alnum: false,
};
const told = (text: string, more: Partial<Place> = {}) => {
  const outcome = normaliseTarget(text, aor, { ...place, ...more });
  return outcome.ok ? outcome.value : `! ${outcome.refusal.code}`;
};

const table: readonly (readonly [string, string])[] = [
  ['1002', '1002'],
  ['  1002\r\n', '1002'],
  ['tel:+49-30-1234', '+49301234'],
  ['030-123 456', '030123456'],
  ['(030) 12.34', '0301234'],
  ['<sip:2424@pbx;user=phone>', '2424'],
  ['sip:2424@pbx.example.com', '2424'],
  ['SIPS:2424@PBX.Example.COM:5061;transport=tls?Subject=x', '2424'],
  ['2424@192.0.2.9:5060', '2424'],
  ['sip:2424@[2001:db8::1]:5060', '2424'],
  ['tel:1002;phone-context=example.com', '1002'],
  ['%31002', '1002'],
  ['*97', '*97'],
  ['*98%31002', '*981002'],
  ['#21#', '#21#'],
  ['0045123', '0045123'],
  ['1e3', '! bad-number'],
  ['vm', 'vm'],
  ['alice', 'alice'],
  ['sip:bob.smith@pbx', 'bob.smith'],
  ['carol', '! bad-number'],
  ['', '! bad-number'],
  ['+', '! bad-number'],
  ['12+34', '! bad-number'],
  ['%zz', '! bad-number'],
  ['%2524', '! bad-number'],
  ['sip:1002:secret@pbx', '! bad-number'],
  ['1'.repeat(32), '1'.repeat(32)],
  ['1'.repeat(33), '! too-long'],
  ['1'.repeat(100_000), '! too-long'],
  ['sip:1002@evil.example', '! foreign-host'],
  ['sip:1002;x=y@evil.example', '! foreign-host'],
  ['sip:1002@pbx.example.com.evil.example', '! foreign-host'],
  ['sip:1002@', '! foreign-host'],
  ['sip:1002@tenant.example.org', '! foreign-host'],
];

for (const [text, expected] of table) {
  test(`normalises ${JSON.stringify(text.slice(0, 60))} to ${expected.slice(0, 40)}`, () => {
    assert.equal(told(text), expected);
  });
}

/** More than a number to a PBX: dial string, variable, encoded line break, escaped markup; XML entities are decoded already. */
const injections = [
  'a@ctx&SIP/trunk/0900',
  '1002&SIP/trunk/0900123456',
  '1002/0900',
  '1002,30,tT',
  '1002|30',
  '\u0024{EXTEN}',
  '\u0024{SHELL(id)}',
  '$[1+1]',
  '1002%0d%0aAction: Originate',
  '1002\r\nAction: Originate',
  '1002\n\nbgapi originate',
  '1002%00',
  '1002\u0000',
  '1002\u0085x',
  '1002\u2028x',
  '1002%26SIP%2Ftrunk',
  '1002%40evil.example',
  '1002%3Bx',
  '1002</forwardTo><forwardStatus>',
  '1002&lt;b/&gt;',
  "1002'; DROP TABLE feature; --",
  '"1002" <sip:1002@pbx>',
  '1002\\n',
  '1002;x=\u0024{EXTEN}',
  '1002?a=\r\nb',
  'sip:1002@pbx;x="y"',
  '`id`',
  '{1002}',
];

for (const text of injections) {
  test(`refuses the injection ${JSON.stringify(text)}`, () => {
    assert.match(told(text), /^! (bad-characters|foreign-host|bad-number)$/);
  });
}

test('SIP user names pass only where the configuration says so', () => {
  assert.equal(told('carol.jones', { alnum: true }), 'carol.jones');
  assert.equal(told('carol jones', { alnum: true }), '! bad-number');
});

test('property: whatever comes in, what comes out is harmless, and normal already', () => {
  const piece = fc.oneof(
    fc.string({ unit: anySign }),
    fc.constantFrom(
      '1002',
      'sip:',
      'tel:',
      '@pbx',
      ';',
      '?',
      '%0d',
      '%24',
      '\u0024{',
      '<',
      '>',
      '&',
      ' ',
      '-',
      '*',
      '\r\n',
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.boolean(), (pieces, alnum) => {
      const outcome = told(pieces.join(''), { alnum });
      if (outcome.startsWith('! ')) return;
      assert.match(outcome, /^[A-Za-z0-9+*#._-]{1,32}$/);
      assert.equal(told(outcome, { alnum }), outcome);
    }),
    { seed: Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31), numRuns: 2000 },
  );
});
