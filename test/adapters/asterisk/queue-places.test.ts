import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Member } from '../../../adapters/asterisk/facts.ts';
import { asteriskOptions, lampsOf } from '../../../adapters/asterisk/options.ts';
import {
  configuredAgents,
  configuredWrapUps,
  freepbxAgents,
  placesOf,
  read,
  written,
} from '../../../adapters/asterisk/queue-places.ts';

const ami = { username: 'lamplighter', password: 'x' };
const parse = (more: object) => asteriskOptions.parse({ ami, ...more });
const refuses = (more: object) => asteriskOptions.safeParse({ ami, ...more }).success === false;

const place = { queue: 'old', interface: 'PJSIP/1001', stateInterface: '', penalty: '1' };
const penalties = new Map([
  ['QPENALTY/500/agents/1001', '4'],
  ['QPENALTY/500/agents/1002', 'x'],
  ['QPENALTY/500/dynmemberonly', 'yes'],
  ['QPENALTY/600/agents/evil;id', '1'],
]);

describe('where an agent logs in', () => {
  const queues = [
    { name: 'sales', members: ['1001-1002'], penalty: 3 },
    { name: 'vip', members: ['1001'] },
  ];

  test('the configuration goes before FreePBX, and that before what was remembered', () => {
    const options = parse({ agents: { queues } });
    const of = (extension: string) =>
      placesOf(extension, options, penalties, [place]).map((it) => `${it.queue} ${it.penalty}`);
    assert.deepEqual(of('1001'), ['sales 3', 'vip 0']);
    assert.deepEqual(
      placesOf('1001', parse({}), penalties, [place]).map(({ queue }) => queue),
      ['500'],
    );
    assert.deepEqual(placesOf('1003', options, penalties, [place]), [place]);
    assert.deepEqual(placesOf('1003', options, penalties, []), []);
  });

  test('the interface is that of FreePBX, of a plain Asterisk, or as it is written', () => {
    const how = (more: object) => {
      const [first] = placesOf('1001', parse(more), new Map(), []);
      return [first?.interface, first?.stateInterface];
    };
    assert.deepEqual(how({ agents: { queues } }), ['Local/1001@from-queue/n', 'hint:1001@ext-local']);
    assert.deepEqual(how({ features: 'astdb', agents: { queues } }), ['PJSIP/1001', '']);
    assert.deepEqual(how({ agents: { queues, interface: 'Local/{ext}@agents', stateInterface: 'PJSIP/{ext}' } }), [
      'Local/1001@agents',
      'PJSIP/1001',
    ]);
  });

  test('agents are who is named in the configuration or in the list of FreePBX, with names that are some', () => {
    assert.deepEqual(configuredAgents(parse({ agents: { queues } })), ['1001', '1002']);
    assert.deepEqual(freepbxAgents(penalties), ['1001', '1002']);
    assert.equal(placesOf('1002', parse({}), penalties, [])[0]?.penalty, '0');
    assert.deepEqual(
      [...configuredWrapUps(parse({ agents: { queues: [{ name: 'sales', members: [], wrapUpSeconds: 20 }] } }))],
      [['sales', 20]],
    );
  });

  test('what is remembered is read as it was written, and what is not ours is nothing', () => {
    const members = [{ ...place, queue: 'a "b", c' }] as unknown as readonly Member[];
    assert.deepEqual(read(written(members)), [{ ...place, queue: 'a "b", c' }]);
    for (const row of [null, '', '{', '{}', '7', '[1]', '[["a"]]', '[["a",7]]', '[["a\\nb","PJSIP/1"]]']) {
      assert.deepEqual(read(row), [], String(row));
    }
  });
});

describe('lamps and agents in the configuration', () => {
  test('ranges are written out, each under its kind', () => {
    assert.deepEqual(lampsOf(parse({ lamps: { park: ['701-703'], custom: ['Open', 'open'], flow: ['0'] } })), [
      'park+701',
      'park+702',
      'park+703',
      'flow+0',
      'custom+Open',
      'custom+open',
    ]);
    assert.deepEqual(lampsOf(parse({})), []);
  });

  const wrong: readonly (readonly [string, object])[] = [
    ['a range that runs backwards', { lamps: { park: ['720-701'] } }],
    ['a kind there is none of', { lamps: { fax: ['1'] } }],
    ['a number without quotes', { lamps: { park: [701] } }],
    ['a range of millions', { lamps: { park: ['1000000-9999999'] } }],
    ['an interface without {ext}', { agents: { interface: 'PJSIP/1001' } }],
    ['an interface with a line break', { agents: { interface: 'PJSIP/{ext}\nAction: Command' } }],
    ['an interface with a comma', { agents: { interface: 'PJSIP/{ext},5' } }],
    ['a queue with a comma', { agents: { queues: [{ name: 'a,b', members: ['1'] }] } }],
    ['a queue without members', { agents: { queues: [{ name: 'a', members: 'x' }] } }],
    ['a negative penalty', { agents: { queues: [{ name: 'a', members: ['1'], penalty: -1 }] } }],
  ];
  for (const [what, more] of wrong) test(`${what} is refused`, () => assert.ok(refuses(more)));
});
