import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Row } from '../../../src/cli/row.ts';
import { type Column, table, widthOf } from '../../../src/cli/table.ts';
import { asJson, printable } from '../../../src/cli/terminal.ts';

interface Call {
  readonly number: string | null;
  readonly name: string | null;
  readonly count: number;
}

const columns: readonly Column<Call>[] = [
  { title: 'NUMBER', of: ({ number }) => number },
  { title: 'NAME', of: ({ name }) => name },
  { title: 'COUNT', of: ({ count }) => count, right: true },
];
const call = (name: string | null, number: string | null = '1001', count = 1): Call => ({ number, name, count });

describe('a table', () => {
  test('has columns two spaces apart, - for nothing, numbers at the right, and no spaces at the end', () => {
    assert.equal(
      table(columns, [call('Ann'), call(null, null, 12)]),
      'NUMBER  NAME  COUNT\n1001    Ann       1\n-       -        12\n',
    );
  });

  test('has its rows alone where no titles are wanted, and they do not make it wider', () => {
    assert.equal(table(columns, [call('Ann')], false), '1001  Ann  1\n');
    assert.equal(table(columns, [], false), '');
  });

  test('no cell passes for two, or for two lines: spaces in it are one, and ends of lines are none', () => {
    const [, row] = table(columns, [call('Ann  9999\n1002\t  x')])
      .trimEnd()
      .split('\n');
    assert.deepEqual(row?.split(/ {2,}/), ['1001', 'Ann 9999?1002? x', '1']);
  });

  test('a cell of nothing but spaces is -, and none begins or ends with one', () => {
    assert.equal(table(columns, [call('   '), call('  Ann ')], false), '1001  -    1\n1001  Ann  1\n');
  });

  test('says nothing that a terminal obeys, and nothing that turns the direction of writing', () => {
    const nasty = '\u001b[2J\u009b1m\u202eevil\u2066\u0007\u200b\u2028\ud800';
    assert.equal(table(columns, [call(nasty)], false), '1001  ?[2J?1m?evil?????  1\n');
  });

  test('stays straight beside names that are wider or narrower than their letters', () => {
    const names = ['Ann', '田中さん', 'Zoë'.normalize('NFD'), '한국', '😀'];
    const lines = table(
      columns,
      names.map((name) => call(name)),
      false,
    )
      .trimEnd()
      .split('\n');
    const ends = lines.map((line) => widthOf(line.slice(0, line.lastIndexOf('1'))));
    assert.deepEqual(new Set(ends).size, 1, lines.join('\n'));
    assert.equal(widthOf('田中'), 4);
    assert.equal(widthOf('Zoë'.normalize('NFD')), 3);
  });

  test('cuts what is long, by whole characters, but not in the last column', () => {
    const long = '😀'.repeat(80);
    const last: readonly Column<Call>[] = [columns[1]!];
    assert.match(table(columns, [call(long)], false), /^1001 {2}😀{47}… {2}1\n$/u);
    assert.equal(table(last, [call(long)], false), `${long}\n`);
  });
});

describe('a row of the API', () => {
  test('is read by path, and anything that is not there or of another kind is nothing', () => {
    const row = new Row({ remote: { number: '1002' }, held: 1, count: 3, since: 'yesterday', list: 7 });
    assert.equal(row.text('remote.number'), '1002');
    assert.equal(row.text('remote.name.first'), null);
    assert.equal(row.text('remote'), null);
    assert.equal(row.flag('held'), false);
    assert.equal(row.text('count'), '3');
    assert.equal(row.time('since'), null);
    assert.deepEqual(row.rows('list'), []);
    assert.equal(row.text('constructor.name'), null, 'only what was told');
  });

  test('a list is one of objects that have the text that all have', () => {
    assert.equal(Row.list([{ ext: '1001' }, { ext: '1002' }], 'ext')?.length, 2);
    for (const other of [null, {}, 'text', [1], [null], [{}], [{ ext: null }], [{ ext: '1' }, []]]) {
      assert.equal(Row.list(other, 'ext'), null, JSON.stringify(other));
    }
  });
});

test('JSON for a terminal is the same JSON, with what a terminal obeys escaped', () => {
  const value = { name: 'a\u001b[2J\u009b\u202e\u2028\u{e0001}', 'k\u202e': ['ü', '田'] };
  const text = asJson(value);
  assert.deepEqual(JSON.parse(text), value);
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}]/u);
  assert.match(text, /ü/);
  assert.equal(asJson({ a: 1 }, 0), '{"a":1}\n');
  assert.equal(asJson(undefined), 'null\n');
});

test('foreign text has no line ends and no signs of control', () => {
  assert.equal(printable('a\r\nb\u0085c\u{e0020}d'), 'a??b?c?d');
});
