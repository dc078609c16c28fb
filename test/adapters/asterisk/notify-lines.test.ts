import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentLines } from '../../../adapters/asterisk/notify-lines.ts';
import { readXml } from '../../../src/xml/read.ts';
import { seeded } from '../freeswitch/recording.ts';

const xmlType = 'application/dialog-info+xml';

/** What Asterisk makes of the values: quotes and backslashes of its argument parser go, CR LF comes between. */
function received(lines: readonly string[] | null): string {
  assert.ok(lines !== null);
  return lines.map((line) => line.replace(/\\(.)|"/g, (_, escaped: string | undefined) => escaped ?? '')).join('\r\n');
}

const tree = (text: string) => {
  const read = readXml(Buffer.from(text), { maxBytes: 1_000_000 });
  assert.ok(read.ok, text);
  return JSON.stringify(read.value, (_, value: unknown) => (value instanceof Map ? [...value] : value));
};

test('a line is a value; commas, quotes and backslashes stand in quotes; the line end at the end stays', () => {
  assert.deepEqual(contentLines('text/plain', 'a=1,b="2"\r\nc;d\\e\nf\r\n'), [
    '"a=1,b=\\"2\\""',
    '"c;d\\\\e"',
    'f',
    '',
  ]);
});

test('the line end at the end of XML goes, as another would be a line of its own', () => {
  assert.deepEqual(contentLines(`${xmlType};charset=utf-8`, '<a/>\r\n'), ['<a/>']);
});

test('XML is broken where blanks mean nothing, and never within a text', () => {
  const calls = Array.from({ length: 40 }, (_, index) => {
    const name = `Name, "${index}" <&> \\ ${'é'.repeat(20)}`.replace(/[<&>"]/g, (char) => `&#${char.charCodeAt(0)};`);
    return `<dialog id="${index}"><state>early</state><remote><identity display="${name}">sip:${index}@x</identity><target uri="sip:${index}@x"/></remote><empty></empty></dialog>`;
  });
  const document = `<?xml version="1.0" encoding="UTF-8"?>\n<dialog-info version="1" entity="sip:a@x">${calls.join('')}</dialog-info>`;
  const lines = contentLines(xmlType, document);
  assert.ok((lines?.length ?? 0) > 5);
  for (const line of lines ?? []) assert.ok(Buffer.byteLength(`Variable: Content=${line}`) < 1024);
  const said = received(lines);
  assert.equal(tree(said), tree(document));
  assert.equal(said.replaceAll('\r\n', ''), document.replace('\n', ''));
  assert.doesNotMatch(said, /<empty>\s|<state>\s|\s<\/state>/);
});

test('a tag that is too long is broken between attributes', () => {
  const wide = `<a ${Array.from({ length: 5 }, (_, index) => `x${index}="${'y="z '.replace(/"/g, '&quot;').repeat(50)}"`).join(' ')}><b/></a>`;
  const said = received(contentLines(xmlType, wide));
  assert.equal(tree(said), tree(wide));
});

test('what AMI cannot carry is said to be so: long text, long lines of other types, too many lines', () => {
  assert.equal(contentLines(xmlType, `<a>${'x'.repeat(2000)}</a>`), null);
  assert.equal(contentLines('text/plain', 'x'.repeat(961)), null);
  assert.notEqual(contentLines('text/plain', 'x'.repeat(960)), null);
  assert.equal(contentLines('text/plain', 'ü'.repeat(481)), null);
  assert.equal(contentLines('text/plain', '"'.repeat(480)), null, 'quoted they are twice as long');
  assert.equal(contentLines('text/plain', 'x\n'.repeat(100)), null);
});

test('whatever a document holds arrives as the same document', () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = seeded(seed);
  const pick = (count: number) => Math.floor(random() * count);
  const alphabet = ['a', ' ', '&amp;', '&lt;', '>', "'", ',', '\\', 'é', '(', '[', '=', '&quot;'];
  const text = (most: number) => Array.from({ length: pick(most) }, () => alphabet[pick(alphabet.length)]).join('');
  const element = (depth: number): string => {
    const attributes = Array.from({ length: pick(4) }, (_, index) => ` n${index}="${text(60)}"`).join('');
    if (depth === 0 || pick(3) === 0) return pick(4) === 0 ? `<e${attributes}/>` : `<e${attributes}>${text(40)}</e>`;
    const inside = Array.from({ length: 1 + pick(6) }, () => element(depth - 1)).join('');
    return `<e${attributes}>${inside}</e>`;
  };
  for (let round = 0; round < 200; round += 1) {
    const document = element(4);
    const lines = contentLines(xmlType, document);
    if (lines === null) continue;
    assert.equal(tree(received(lines)), tree(document), `seed ${seed}, round ${round}`);
  }
});
