import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listsOf } from '../../src/config/readings.ts';
import { configSchema } from '../../src/config/schema.ts';

function problems(lists: unknown, more: object = {}): readonly string[] {
  const parsed = configSchema.safeParse({ lists, ...more });
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('a list has members, a group or a pattern, in a domain that is served', () => {
  const config = configSchema.parse({
    domain: 'pbx.test',
    domains: [{ name: 'south.test' }],
    groups: [{ name: 'sales', extensions: '20\\d\\d', domain: 'south.test' }],
    lists: [
      { name: 'office', members: ['1001', '*81', 'sales'], displayNames: { en: 'Office', 'de-AT': 'Büro' } },
      { name: 'night', domain: 'south.test', extensions: '3\\d|40' },
      { name: 'hunt', group: 'hunt' },
    ],
  });
  const { lists, groups } = listsOf(config);
  assert.deepEqual(lists, [
    {
      name: 'office',
      domain: 'pbx.test',
      names: [
        { text: 'Office', lang: 'en' },
        { text: 'Büro', lang: 'de-AT' },
      ],
      members: ['1001', '*81', 'sales'],
      group: null,
      extensions: null,
    },
    { name: 'night', domain: 'south.test', names: [], members: [], group: null, extensions: /^(?:3\d|40)$/ },
    { name: 'hunt', domain: 'pbx.test', names: [], members: [], group: 'hunt', extensions: null },
  ]);
  assert.deepEqual(
    groups.map(({ name, domain, extensions }) => [name, domain, String(extensions)]),
    [['sales', 'south.test', '/^(?:20\\d\\d)$/']],
  );
});

test('what makes no list is said where it stands', () => {
  assert.deepEqual(problems([{ name: 'x' }]), ['lists.0.name: needs members, group or extensions']);
  assert.match(problems([{ name: 'a b', members: ['1'] }])[0] ?? '', /^lists\.0\.name: expected a number or name/);
  assert.match(
    problems([{ name: 'x', members: ['1@y'] }])[0] ?? '',
    /^lists\.0\.members\.0: expected a number or name/,
  );
  assert.match(problems([{ name: 'x', members: [1001] }])[0] ?? '', /^lists\.0\.members\.0: .*string/);
  assert.match(problems([{ name: 'x', members: [] }])[0] ?? '', /^lists\.0\.members: /);
  assert.match(problems([{ name: 'x', members: Array(301).fill('1') }])[0] ?? '', /^lists\.0\.members: .*300/);
  assert.match(problems([{ name: 'x', extensions: '(' }])[0] ?? '', /^lists\.0\.extensions: not a regular expression/);
  assert.match(problems([{ name: 'x', members: ['1'], displayNames: { '??': 'x' } }])[0] ?? '', /displayNames/);
  assert.match(
    problems([{ name: 'x', members: ['1'], domain: 'no.test' }])[0] ?? '',
    /^lists\.0\.domain: expected one of/,
  );
});

test('a name stands for one list in its domain, and a list never contains itself', () => {
  const domains = [{ name: 'south.test' }];
  assert.deepEqual(
    problems([
      { name: 'a', members: ['1'] },
      { name: 'a', members: ['2'] },
    ]),
    ['lists.1.name: there is another list a'],
  );
  const apart = [
    { name: 'a', members: ['1'] },
    { name: 'a', domain: 'south.test', members: ['a2'] },
  ];
  assert.deepEqual(problems(apart, { domains }), []);
  assert.deepEqual(problems([{ name: 'a', members: ['a'] }]), ['lists.0.members: a list cannot contain itself: a, a']);
  assert.deepEqual(
    problems([
      { name: 'a', members: ['1', 'b'] },
      { name: 'b', members: ['c', 'd'] },
      { name: 'c', members: ['a'] },
      { name: 'd', members: ['9'] },
    ]),
    [
      'lists.0.members: a list cannot contain itself: a, b, c, a',
      'lists.1.members: a list cannot contain itself: b, c, a, b',
      'lists.2.members: a list cannot contain itself: c, a, b, c',
    ],
  );
  const across = [
    { name: 'a', members: ['b'] },
    { name: 'b', domain: 'south.test', members: ['a'] },
    { name: 'c', group: 'c' },
  ];
  assert.deepEqual(problems(across, { domains }), [], 'the same name in another domain is another list');
});

test('lists in lists end somewhere', () => {
  const chain = (length: number) =>
    Array.from({ length }, (_, index) => ({ name: `l${index}`, members: [`l${index + 1}`] }));
  assert.deepEqual(problems(chain(8)), []);
  assert.deepEqual(problems(chain(9)), ['lists.0.members: more than 8 lists within lists']);
  // every list contains every later one: looked at once each, not once for each way
  const dense = Array.from({ length: 60 }, (_, index) => ({
    name: `l${index}`,
    members: Array.from({ length: 61 - index }, (_, later) => `l${index + later + 1}`),
  }));
  assert.equal(problems(dense).length, 52);
});
