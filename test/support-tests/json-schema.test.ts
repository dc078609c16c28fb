import assert from 'node:assert/strict';
import test from 'node:test';
import { problems, type Schema } from '../support/json-schema.ts';

test('what fits a schema has no problems, what does not has one that says where', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      n: { type: 'integer', minimum: 1, maximum: 3 },
      t: { type: ['string', 'null'], pattern: '^a', maxLength: 3 },
      e: { enum: ['x', 'y'] },
      l: { type: 'array', items: { $ref: '#/$defs/one' }, minItems: 1, uniqueItems: true },
      u: { oneOf: [{ const: 1 }, { type: 'integer' }] },
    },
    required: ['n'],
    additionalProperties: false,
    $defs: { one: { anyOf: [{ type: 'boolean' }, { type: 'null' }] } },
  };
  assert.deepEqual(problems({ n: 2, t: null, e: 'x', l: [true, null], u: 2 }, schema), []);
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [{}, /n is missing/],
    [{ n: 4 }, /^\/n: expected at most 3/],
    [{ n: 1.5 }, /^\/n: expected integer/],
    [{ n: 1, t: 'b' }, /^\/t: expected a match/],
    [{ n: 1, t: 'aaaa' }, /shorter/],
    [{ n: 1, e: 'z' }, /^\/e: expected one of x, y/],
    [{ n: 1, l: [] }, /too few/],
    [{ n: 1, l: [1] }, /^\/l\/0: 0 of anyOf/],
    [{ n: 1, l: [true, true] }, /twice/],
    [{ n: 1, u: 1 }, /2 of oneOf/],
    [{ n: 1, other: 1 }, /^\/other: nothing may stand here/],
    [[], /expected object/],
  ];
  for (const [value, reason] of wrong) assert.match(problems(value, schema).join('\n'), reason, JSON.stringify(value));
});

test('what no schema has looked at can be forbidden, through allOf, if and dependentSchemas', () => {
  const schema: Schema = {
    allOf: [{ properties: { a: true } }],
    if: { properties: { kind: { const: 'b' } }, required: ['kind'] },
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
    then: { properties: { b: { type: 'string' } } },
    else: { properties: { kind: true } },
    dependentSchemas: { a: { properties: { c: true } } },
    unevaluatedProperties: false,
  };
  assert.deepEqual(problems({ kind: 'b', a: 1, b: 'x', c: 2 }, schema), []);
  assert.match(problems({ kind: 'b', b: 1 }, schema).join(), /^\/b: expected string/);
  assert.match(problems({ kind: 'z', b: 'x' }, schema).join(), /^\/b: nothing/);
  assert.match(problems({ kind: 'b', c: 1 }, schema).join(), /^\/c: nothing/);
  const recursive: Schema = {
    $dynamicAnchor: 'node',
    properties: { next: { $dynamicRef: '#node' }, v: { not: { type: 'null' } } },
  };
  assert.deepEqual(problems({ next: { next: { v: 1 } } }, recursive), []);
  assert.match(problems({ next: { next: { v: null } } }, recursive).join(), /^\/next\/next\/v/);
});
