import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pushesOf } from '../../src/config/readings.ts';
import { configSchema } from '../../src/config/schema.ts';
import { defaultProfile } from '../../src/model/profile.ts';

const one = { extensions: '1\\d{3}', packages: ['as-feature-event'] };

function problems(push: unknown, more: object = {}): readonly string[] {
  const parsed = configSchema.safeParse({ push, ...more });
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('nothing is pushed unless it is asked for', () => {
  assert.deepEqual(pushesOf(configSchema.parse({})), []);
});

test('a rule means whole numbers, and has its pace in milliseconds', () => {
  const config = configSchema.parse({
    domain: 'pbx.test',
    domains: [{ name: 'south.test' }],
    phones: { profiles: [{ name: 'old', match: 'x', dialogs: 'single' }] },
    push: [
      one,
      {
        extensions: '2001|2002',
        domain: 'south.test',
        packages: ['dialog', 'message-summary'],
        watch: ['1001', 'dnd+1001', '*81'],
        profile: 'old',
        subscribed: 'tell',
        minIntervalMs: 2000,
        repeatMinutes: 0,
      },
    ],
  });
  assert.deepEqual(pushesOf(config), [
    {
      extensions: /^(?:1\d{3})$/,
      domain: 'pbx.test',
      packages: ['as-feature-event'],
      watch: [],
      profile: null,
      sparesSubscribed: true,
      minIntervalMs: 500,
      repeatMs: 900_000,
    },
    {
      extensions: /^(?:2001|2002)$/,
      domain: 'south.test',
      packages: ['dialog', 'message-summary'],
      watch: ['1001', 'dnd+1001', '*81'],
      profile: { ...defaultProfile, name: 'old', dialogs: 'single' },
      sparesSubscribed: false,
      minIntervalMs: 2000,
      repeatMs: null,
    },
  ]);
});

test('what makes no rule is said where it stands', () => {
  assert.match(problems([{ ...one, extensions: '(' }])[0] ?? '', /^push\.0\.extensions: not a regular expression/);
  assert.match(problems([{ ...one, packages: [] }])[0] ?? '', /^push\.0\.packages: /);
  assert.match(problems([{ ...one, packages: ['presence'] }])[0] ?? '', /^push\.0\.packages\.0: /);
  assert.deepEqual(problems([{ ...one, packages: ['as-feature-event', 'as-feature-event'] }]), [
    'push.0.packages: each package once',
  ]);
  assert.deepEqual(problems([{ ...one, packages: ['dialog'] }]), [
    'push.0.watch: watch and the package dialog belong together',
  ]);
  assert.deepEqual(problems([{ ...one, watch: ['1'] }]), [
    'push.0.watch: watch and the package dialog belong together',
  ]);
  const lamps = { ...one, packages: ['dialog'] };
  assert.match(problems([{ ...lamps, watch: ['1@x'] }])[0] ?? '', /^push\.0\.watch\.0: expected a number or name/);
  assert.match(problems([{ ...lamps, watch: Array(101).fill('1') }])[0] ?? '', /^push\.0\.watch: .*100/);
  assert.match(problems([{ ...one, domain: 'no.test' }])[0] ?? '', /^push\.0\.domain: expected one of/);
  assert.deepEqual(problems([{ ...one, profile: 'new' }]), [
    'push.0.profile: there is no profile new in phones.profiles',
  ]);
  assert.match(problems([{ ...one, minIntervalMs: 99 }])[0] ?? '', /^push\.0\.minIntervalMs: /);
});
