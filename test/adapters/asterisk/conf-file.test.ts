import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ConfFile } from '../../../adapters/asterisk/conf-file.ts';
import { confLines } from '../../../adapters/asterisk/conf-lines.ts';
import { TreeFiles } from '../../support/tree-files.ts';

/** a.conf, and what it includes. */
function read(a: string, others: Readonly<Record<string, string>> = {}): ConfFile {
  const files = Object.fromEntries(
    Object.entries({ 'a.conf': a, ...others }).map(([name, text]) => [`/e/${name}`, text]),
  );
  return ConfFile.read(new TreeFiles(files), '/e', 'a.conf') ?? assert.fail('not read');
}

const texts = (text: string) => confLines(text).map((one) => one.text);

test('comments: to the end of the line, over lines, nested, and \\; is none', () => {
  assert.deepEqual(texts('a = 1 ; one\n;all\nb = x\\;y;z'), ['a = 1', 'b = x;y']);
  assert.deepEqual(texts('a = 1 ;-- b\nc = 2\n--; d = 3'), ['a = 1', 'd = 3']);
  assert.deepEqual(texts(';-- one ;-- two --; still --;\ne = 1'), ['e = 1']);
  assert.deepEqual(texts('a = 1;--- a rule\nb = 2'), ['a = 1', 'b = 2'], ';--- is a comment of one line');
  assert.deepEqual(texts('a = 1 ;-- x --; + 2'), ['a = 1  + 2']);
  assert.deepEqual(texts(';-- never closed\na = 1'), []);
  assert.deepEqual(texts(';------;\na = 1'), ['a = 1']);
});

test('line numbers are those of the file, and Windows line ends do not matter', () => {
  assert.deepEqual(confLines('\r\n[a]\r\n;-- \r\n --;\r\nb=1\r\n'), [
    { line: 2, text: '[a]' },
    { line: 5, text: 'b=1' },
  ]);
});

test('a setting is what it was set to last; += goes on where the last one ended', () => {
  const conf = read('[a]\nx = 1\nx => 2\nlist = one\nlist += ,two\n[a](+)\ny = 3\n');
  assert.equal(conf.last('a', 'x')?.value, '2');
  assert.equal(conf.last('a', 'list')?.value, 'one ,two', 'as config.c has it, blanks included');
  assert.deepEqual(conf.last('a', 'list')?.at, { file: '/e/a.conf', line: 5 });
  assert.equal(conf.last('a', 'y')?.value, '3');
  assert.deepEqual(
    conf.all('a', 'x').map(({ value }) => value),
    ['1', '2'],
  );
});

test('templates give what they have, and stand for nothing themselves', () => {
  const conf = read('[base](!)\nread = all\n[more](!,base)\nwrite = all\n[lamplighter](more)\nread = call\n');
  assert.equal(conf.has('base'), false);
  assert.equal(conf.last('lamplighter', 'write')?.value, 'all');
  assert.equal(conf.last('lamplighter', 'read')?.value, 'call');
  assert.equal(conf.last('lamplighter', 'read')?.at.line, 6);
});

test('includes: quoted, by pattern, in the middle of a section, and where they are not there', () => {
  const conf = read(
    '[general]\n#include b.conf\nenabled = yes\n#include "d/*.conf"\n#tryinclude <none.conf>\n#exec /bin/true\n',
    {
      'b.conf': 'port = 1\n[lamplighter]\nsecret = s\n',
      'd/one.conf': '[one]\nx = 1\n',
      'd/two.conf': '[two]\nx = 2\n',
      'd/README': '[three]',
    },
  );
  assert.deepEqual(conf.faults, []);
  assert.equal(conf.last('general', 'port')?.at.file, '/e/b.conf');
  assert.equal(conf.last('general', 'enabled')?.value, 'yes', 'the file goes on in its own section');
  assert.ok(conf.has('one') && conf.has('two') && !conf.has('three'));
  assert.deepEqual(read('[a]\n#include gone.conf').faults, [
    { at: { file: '/e/a.conf', line: 2 }, reason: '#include of /e/gone.conf, which is not there' },
  ]);
});

test('whatever Asterisk refuses is a fault with its line', () => {
  for (const [text, line] of [
    ['[a]\n[b\n', 2],
    ['[a](b\n', 1],
    ['x = 1\n', 1],
    ['[a](+)\n', 1],
    ['[a](none)\n', 1],
    ['[a]\n#include a.conf\n', 2],
  ] as const) {
    const [fault] = read(text).faults;
    assert.equal(fault?.at.line, line, text);
  }
});

test('whatever stands in it, it is read without a fault of ours', () => {
  const words = [
    '[a]',
    '[a](!)',
    '[b](a,+)',
    '](',
    ';--',
    '--;',
    ';',
    '\\;',
    'x = 1',
    'x += 2',
    '=',
    '#include a.conf',
    '#include',
    '\n',
    '\r\n',
    ' ',
  ];
  const text = fc
    .array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 8 })))
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (any) => read(any).sections.length >= 0),
    { numRuns: 500 },
  );
});

test('an include of itself, a folder full of them and a file without end are read in no time', () => {
  const names = Array.from({ length: 2_000 }, (_, number) => `d/${number}.conf`);
  const many = read(
    '#include d/*.conf',
    Object.fromEntries(names.map((name) => [name, '[x]\n#tryinclude d/*.conf\n'])),
  );
  assert.ok(many.faults.length > 0);
  assert.ok(many.files.length <= 500);
  const doubled = Array.from({ length: 40 }, (_, number) => `[t${number + 1}](!,t${number},t${number})`);
  const grown = read(`[t0](!)\na = 1\n${doubled.join('\n')}`);
  assert.match(grown.faults[0]?.reason ?? '', /more than 200000 settings/);
  const long = read(`[a]\nx = ${'y'.repeat(1_000_000)}\nz = 1\n`);
  assert.equal(long.last('a', 'x'), null, 'as Asterisk, which skips a line of more than 8191 bytes');
  assert.equal(long.last('a', 'z')?.value, '1');
});
