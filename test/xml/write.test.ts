import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readXml } from '../../src/xml/read.ts';
import { XmlWriter } from '../../src/xml/write.ts';
import { anySign } from '../support/any-sign.ts';

describe('writing XML', () => {
  it('writes a document as told', () => {
    const xml = new XmlWriter('UTF-8').open('a', { x: '1', gone: undefined }).leaf('b', {}, 'é').leaf('c', { y: '2' });
    assert.equal(xml.end(), '<?xml version="1.0" encoding="UTF-8"?>\n<a x="1"><b>é</b><c y="2"/></a>');
  });

  it('tells an empty text from no text', () => {
    const xml = new XmlWriter('UTF-8').open('a').leaf('b', {}, '').leaf('c', {});
    assert.match(xml.end(), /<a><b><\/b><c\/><\/a>$/);
  });

  it('escapes markup, quotes and line breaks in text and attributes', () => {
    const xml = new XmlWriter('UTF-8').open('a').leaf('b', { c: `<&>"'\r\n\t` }, `<&>"'\r\n\t`).end();
    const escaped = '&lt;&amp;&gt;&quot;&#39;&#13;&#10;&#9;';
    assert.ok(xml.endsWith(`<a><b c="${escaped}">${escaped}</b></a>`), xml);
  });

  it('drops control characters, lone surrogates and non-characters', () => {
    const xml = new XmlWriter('UTF-8').open('a').leaf('b', {}, '1\0\x1b\x7f\x85\ud800\udc00x\ud83d\ufffe2').end();
    assert.ok(xml.endsWith('<b>1\u{10000}x2</b></a>'), JSON.stringify(xml));
  });

  it('writes ISO-8859-1 as ASCII with character references', () => {
    const xml = new XmlWriter('ISO-8859-1').open('a').leaf('b', { c: 'ü' }, 'Büro \u{1F600}').end();
    assert.ok(xml.endsWith('<b c="&#252;">B&#252;ro &#128512;</b></a>'), xml);
  });

  it('writes what the reader reads back, whatever the text', () => {
    const hostile = fc.oneof(
      fc.string({ unit: anySign, maxLength: 40 }),
      fc.string({ maxLength: 40 }),
      fc.stringMatching(/^[<>&"'\][!;#x0-9\r\n\t \ud800-\udfff-]{0,40}$/),
    );
    const carried = (text: string): string =>
      [...text].filter((char) => /^[\t\n\r -~\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]$/u.test(char)).join('');
    const trimmed = (text: string): string => text.replace(/^ +| +$/g, '');
    fc.assert(
      fc.property(hostile, hostile, fc.constantFrom('UTF-8', 'ISO-8859-1'), (text, attribute, encoding) => {
        const xml = new XmlWriter(encoding as 'UTF-8').open('a', { b: attribute }).leaf('c', {}, text).end();
        if (encoding === 'ISO-8859-1') assert.match(xml, /^[ -~\n]*$/);
        const bytes = Buffer.from(xml, encoding === 'UTF-8' ? 'utf8' : 'latin1');
        const outcome = readXml(bytes, { maxBytes: 65_536 });
        assert.ok(outcome.ok, `refused: ${JSON.stringify(outcome)}`);
        const tree = outcome.value;
        assert.equal(tree.attributes.get('b'), carried(attribute));
        assert.equal(tree.children[0]?.text, trimmed(carried(text)));
        assert.equal(tree.children.length, 1);
      }),
      { numRuns: 1000 },
    );
  });
});
