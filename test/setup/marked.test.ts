import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addBlock, isBackupOf, removeBlocks } from '../../src/setup/marked.ts';

const lines = ['[lamplighter]', 'secret = x'];
const at = (backup: string | null, before: string | null = null, syntax: 'conf' | 'xml' = 'conf') => ({
  syntax,
  before,
  backup,
});

const undone = (text: string | null) => {
  const left = removeBlocks(text ?? '');
  return left === null || left === 'broken' ? left : left.text;
};

test('what is added at the end comes out again, to the byte', () => {
  for (const text of ['', '[a]\n', '[a]', '[a]\r\nb=1\r\n', '[a]\r\nb=1', '\n\n', 'ä\xff\n;']) {
    const added = addBlock(text, lines, at('a.conf.bak'));
    assert.ok(added?.includes('[lamplighter]'), 'it is there');
    assert.equal(undone(added), text);
  }
});

test('any text of any bytes, and two additions one after the other', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, twice) => {
      const text = Buffer.from(bytes).toString('latin1');
      const one = addBlock(text, lines, at('a.conf.bak')) ?? assert.fail();
      const all = twice ? (addBlock(one, ['x = 1'], at('a.conf.bak.1')) ?? assert.fail()) : one;
      assert.equal(undone(all), text);
    }),
  );
});

test('the block has the line ends of its file', () => {
  assert.ok(!/[^\r]\n/.test(addBlock('[a]\r\n', lines, at(null)) ?? ''));
});

test('before the last line that begins so; nowhere where there is none', () => {
  const xml = '<a>\n  <settings>\n  </settings>\n</a>\n';
  const added = addBlock(xml, ['    <hook/>'], at('lua.conf.xml.bak', '</settings>', 'xml'));
  assert.equal(
    added,
    '<a>\n  <settings>\n<!-- BEGIN lamplighter setup (before: lua.conf.xml.bak) -->\n    <hook/>\n<!-- END lamplighter setup -->\n  </settings>\n</a>\n',
  );
  assert.equal(undone(added), xml);
  assert.equal(addBlock('<a/>', ['<hook/>'], at(null, '</settings>', 'xml')), null);
});

test('what stands around the block meanwhile stays', () => {
  const added = addBlock('[a]\n', lines, at('a.conf.bak'));
  assert.equal(undone(`; new\n${added}[b]\n`), '; new\n[a]\n[b]\n');
});

test('a block whose end somebody took out is no block: nothing is guessed', () => {
  const added = addBlock('[a]\n', lines, at('a.conf.bak')) ?? '';
  assert.equal(undone(added.replace('; END lamplighter setup\n', '')), 'broken');
  assert.equal(undone(added.replace('; END lamplighter setup\n', '') + added), 'broken');
  assert.equal(undone('; END lamplighter setup\n'), null);
});

test('only a copy that setup may have made is one', () => {
  assert.ok(isBackupOf('/e/a.conf', 'a.conf.bak') && isBackupOf('/e/a.conf', 'a.conf.bak.12'));
  for (const name of ['a.conf', 'b.conf.bak', 'a.conf.bak.x', 'a.conf.bakery', 'a.conf.bak.1234'])
    assert.ok(!isBackupOf('/e/a.conf', name));
});
