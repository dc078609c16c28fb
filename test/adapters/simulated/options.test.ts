import assert from 'node:assert/strict';
import test from 'node:test';
import { expandExtensions } from '../../../adapters/extensions.ts';
import { simulatedOptions } from '../../../adapters/simulated/options.ts';

function complaint(extensions: unknown): string {
  const parsed = simulatedOptions.safeParse({ extensions });
  assert.equal(parsed.success, false, `accepted: ${JSON.stringify(extensions)}`);
  return parsed.error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n') ?? '';
}

test('without options there are extensions 1001 to 1010 with password secret<ext>', () => {
  const options = simulatedOptions.parse({});
  assert.equal(options.password, 'secret<ext>');
  const all = expandExtensions(options.extensions);
  assert.equal(all.length, 10);
  assert.equal(all[0], '1001');
  assert.equal(all[9], '1010');
});

test('ranges, numbers and names stand side by side, each extension once, leading zeros kept', () => {
  const { extensions } = simulatedOptions.parse({ extensions: ['0098-0101', '200', 'alice', '200', 'bob-2.lab'] });
  assert.deepEqual(expandExtensions(extensions), ['0098', '0099', '0100', '0101', '200', 'alice', 'bob-2.lab']);
});

test('parsing what has been parsed changes nothing', () => {
  const once = simulatedOptions.parse({ extensions: ['1-3'] });
  assert.deepEqual(simulatedOptions.parse(once), once);
});

test('an error names the bad entry and its place', () => {
  assert.match(complaint(['1001', '1010-1001']), /extensions\.1: '1010-1001' runs backwards/);
  assert.match(complaint(['98-101']), /'98-101'.*same number of digits/);
  assert.match(complaint(['a b']), /extensions\.0: 'a b' is neither/);
  assert.match(complaint([200]), /extensions\.0: .*'200', in quotes/);
  assert.match(complaint(['x\r\ny']), /'x\?\?y'/);
  assert.match(complaint(['1000000-1999999']), /more than 100000/);
  complaint([]);
  complaint('1001');
  for (const hostile of ['', '../etc', 'a@b', '<b>', 'a;b', '$(x)', '%00', 'é']) complaint([hostile]);
});

test('an unknown option is refused by name', () => {
  const parsed = simulatedOptions.safeParse({ extension: ['1'] });
  assert.match(parsed.error?.issues[0]?.message ?? '', /extension/);
});

test('agents are written as extensions are, nobody is one unless it is said, and a stranger is an error', () => {
  assert.deepEqual(simulatedOptions.parse({}).agents, []);
  const { agents } = simulatedOptions.parse({ extensions: ['1001-1010', 'alice'], agents: ['1001-1003', 'alice'] });
  assert.deepEqual(expandExtensions(agents), ['1001', '1002', '1003', 'alice']);
  for (const [wrong, message] of [
    [['1010-1011'], /'1011' is none of the extensions/],
    [['a b'], /'a b' is neither/],
    ['1001', /expected array/],
  ] as const) {
    const parsed = simulatedOptions.safeParse({ agents: wrong });
    assert.match(parsed.error?.issues.map((issue) => `${issue.path}: ${issue.message}`).join() ?? '', message);
  }
});
