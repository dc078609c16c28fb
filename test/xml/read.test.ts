import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { XmlElement } from '../../src/xml/element.ts';
import { readXml } from '../../src/xml/read.ts';

function read(xml: string | Buffer, maxBytes = 65_536) {
  return readXml(Buffer.from(xml as string), { maxBytes });
}

function root(xml: string | Buffer): XmlElement {
  const outcome = read(xml);
  assert.ok(outcome.ok, `refused: ${JSON.stringify(outcome)}`);
  return outcome.value;
}

function codeOf(xml: string | Buffer, maxBytes?: number): string {
  const outcome = read(xml, maxBytes);
  assert.ok(!outcome.ok, `accepted: ${JSON.stringify(xml.toString())}`);
  assert.ok(outcome.refusal.status === 400 || outcome.refusal.status === 413);
  return outcome.refusal.code;
}

const nested = (levels: number): string => '<a>'.repeat(levels) + '</a>'.repeat(levels);

describe('reading XML', () => {
  it('gives names, attributes, children in order and text', () => {
    const tree = root('<a x="1" y="two"> t <b>1</b><c/><b>2</b></a>');
    assert.equal(tree.name, 'a');
    assert.deepEqual(
      [...tree.attributes],
      [
        ['x', '1'],
        ['y', 'two'],
      ],
    );
    assert.deepEqual(
      tree.children.map(({ name, text }) => [name, text]),
      [
        ['b', '1'],
        ['c', ''],
        ['b', '2'],
      ],
    );
    assert.equal(tree.text, 't ');
  });

  const kept = ['0301234', '+4930123', '00491721234567', '1e5', '0x1F', 'true', '1.0', ' ', '007'];
  for (const value of kept) {
    it(`takes nothing for a number or truth value: ${JSON.stringify(value)}`, () => {
      const tree = root(`<a n="${value}"><b>${value}</b></a>`);
      assert.equal(tree.children[0]?.text, value.trim());
      assert.equal(tree.attributes.get('n'), value);
    });
  }

  const texts: readonly (readonly [string, string])[] = [
    ['<a>&lt;b&gt;&amp;&quot;&apos;</a>', `<b>&"'`],
    ['<a>&amp;lt;</a>', '&lt;'],
    ['<a>&#43;49</a>', '+49'],
    ['<a>&#x2B;49</a>', '+49'],
    ['<a>&#x1F600;</a>', '\u{1F600}'],
    ['<a>1002&#10;</a>', '1002\n'],
    ['<a>\t 1002 \n</a>', '1002'],
    ['<a> <![CDATA[ <x>&amp; ]]> </a>', ' <x>&amp; '],
    ['<a>10<!-- no -->02</a>', '1002'],
    ['<a>one\r\ntwo\rthree</a>', 'one\ntwo\nthree'],
    ['<a><?note inside?>x</a>', 'x'],
    ['<?xml version="1.0" encoding="UTF-8" standalone="yes" ?> \n<a>x</a>\r\n', 'x'],
    ["<?xml version='1.0'?><?style x?><!-- c --><a>x</a><!-- d --> <?p q?>", 'x'],
    ['\ufeff<a>x</a>\0\0', 'x'],
  ];
  for (const [xml, text] of texts) {
    it(`reads ${JSON.stringify(xml)} as ${JSON.stringify(text)}`, () => assert.equal(root(xml).text, text));
  }

  it('resolves prefixes, and keeps an element of another namespace apart from its namesake', () => {
    const tree = root('<x:a xmlns:x="urn:x" xmlns="urn:d"><x:v>1</x:v><v>2</v><v xmlns="">3</v><u:v>4</u:v></x:a>');
    assert.equal(tree.namespace, 'urn:x');
    assert.deepEqual(
      tree.children.map(({ name, namespace }) => [name, namespace]),
      [
        ['v', 'urn:x'],
        ['v', 'urn:d'],
        ['v', null],
        ['v', null],
      ],
    );
  });

  it('lets the unprefixed of two attributes win, in either order', () => {
    assert.equal(root('<a xmlns:x="u" x:id="1" id="2"/>').attributes.get('id'), '2');
    assert.equal(root('<a xmlns:x="u" id="2" x:id="1"/>').attributes.get('id'), '2');
  });

  it('survives elements and attributes called like members of every object', () => {
    for (const name of ['toString', 'valueOf', 'hasOwnProperty', 'then']) {
      assert.equal(root(`<a><${name}>1</${name}></a>`).children.length, 1);
      assert.equal(root(`<a ${name}="1"/>`).attributes.size, 1);
    }
  });
});

describe('encodings', () => {
  const declared = (encoding: string, text: string, bytes: BufferEncoding): Buffer =>
    Buffer.from(`<?xml version="1.0" encoding="${encoding}"?><a>${text}</a>`, bytes);

  it('decodes by the declared encoding, in any case', () => {
    assert.equal(root(declared('ISO-8859-1', 'Büro', 'latin1')).text, 'Büro');
    assert.equal(root(declared('iso-8859-1', 'Büro', 'latin1')).text, 'Büro');
    assert.equal(root(declared('UTF-8', 'Büro', 'utf8')).text, 'Büro');
    assert.equal(root(declared('utf-8', 'Büro', 'utf8')).text, 'Büro');
    assert.equal(root(declared('US-ASCII', 'Buero', 'latin1')).text, 'Buero');
    assert.equal(root('<a>Büro</a>').text, 'Büro');
  });

  it('reads ISO-8859-1 as it is, not as windows-1252', () => {
    assert.equal(root(declared('ISO-8859-1', '\x93', 'latin1')).text, '\x93');
  });

  it('believes a byte order mark against a declaration', () => {
    assert.equal(root(`\ufeff<?xml version="1.0" encoding="ISO-8859-1"?><a>Büro</a>`).text, 'Büro');
  });

  it('refuses bytes that are not what was declared, and encodings it does not know', () => {
    assert.equal(codeOf(declared('UTF-8', 'Büro', 'latin1')), 'xml-encoding');
    assert.equal(codeOf(declared('US-ASCII', 'Büro', 'latin1')), 'xml-encoding');
    assert.equal(codeOf(declared('windows-1252', 'x', 'latin1')), 'xml-encoding');
    assert.equal(codeOf(declared('UTF-7', 'x', 'latin1')), 'xml-encoding');
    assert.equal(codeOf(declared('UTF-16', 'x', 'latin1')), 'xml-encoding');
    assert.equal(codeOf(Buffer.from('<a>\xc0\xaf</a>', 'latin1')), 'xml-encoding');
  });

  it('refuses UTF-16 without falling over', () => {
    for (const mark of ['', '\ufeff']) {
      const little = Buffer.from(`${mark}<?xml version="1.0" encoding="UTF-16"?><a/>`, 'utf16le');
      codeOf(little);
      codeOf(Buffer.from(little).swap16());
    }
  });
});

describe('what a library lets pass and this door does not', () => {
  const refused: readonly (readonly [string, string])[] = [
    ['nothing at all', ''],
    ['blanks', ' \r\n '],
    ['plain text', 'hello'],
    ['an unclosed element', '<a><b></a>'],
    ['a truncated end tag', '<a>x</a'],
    ['a truncated document', '<a><b>tr'],
    ['an unclosed comment', '<a/><!-- x'],
    ['an unclosed CDATA section', '<a><![CDATA[x</a>'],
    ['crossed elements', '<a><b></a></b>'],
    ['two roots', '<a>1</a><b>2</b>'],
    ['two self-closed roots', '<a/><b/>'],
    ['a self-closed second root', '<a>1</a><b/>'],
    ['a root behind a self-closed one', '<a/><b></b>'],
    ['text before the root', 'junk<a/>'],
    ['text behind a self-closed root', '<a/>junk'],
    ['text behind a self-closed root, hidden by a comment', '<a/>junk<!-- c -->'],
    ['text that ends in > behind a self-closed root', '<a/>junk>'],
    ['an entity behind the root', '<a/>&amp;'],
    ['CDATA before the root', '<![CDATA[x]]><a/>'],
    ['CDATA behind the root', '<a/><![CDATA[x]]>'],
    ['a blank before the declaration', ' <?xml version="1.0"?><a/>'],
    ['a second declaration', '<?xml version="1.0"?><?xml version="1.0"?><a/>'],
    ['a declaration at the end', '<?xml version="1.0"?><a/><?xml version="1.0"?>'],
    ['a declaration inside', '<a><?xml version="1.0"?></a>'],
    ['a malformed declaration', '<?xml version="1.0"? encoding="UTF-8"?><a/>'],
    ['a declaration without version', '<?xml encoding="UTF-8"?><a/>'],
    ['an empty name', '<>x</>'],
    ['a name that starts with a digit', '<1a/>'],
    ['a name of two colons', '<a:b:c/>'],
    ['a name without prefix before its colon', '<:a/>'],
    ['an attribute without local name', '<a x:="1"/>'],
    ['a repeated attribute', '<a b="1" b="2"/>'],
    ['an unquoted attribute', '<a b=1/>'],
    ['an attribute without value', '<a b/>'],
    ['< inside an attribute', '<a b="<c>"/>'],
    ['a raw ampersand', '<a>a & b</a>'],
    ['an unfinished entity', '<a>&amp</a>'],
    ['an unknown entity', '<a>&nbsp;</a>'],
    ['an unknown entity in an attribute', '<a b="&unknown;"/>'],
    ['an entity called like a member of every object', '<a>&constructor;</a>'],
    ['an empty reference', '<a>&#x;</a>'],
    ['a reference to NUL', '<a>&#0;</a>'],
    ['a reference to a control character', '<a b="&#x1B;"/>'],
    ['a reference to a surrogate', '<a>&#xD800;</a>'],
    ['a reference beyond Unicode', '<a>&#x110000;</a>'],
    ['a reference to a non-character', '<a>&#xFFFE;</a>'],
    ['a raw control character', '<a>\u0001</a>'],
    ['a NUL inside', '<a>\0</a>'],
    ['a NUL in front', '\0<a/>'],
    ['a raw non-character', '<a>\uffff</a>'],
    ['__proto__ as element', '<a><__proto__>1</__proto__></a>'],
    ['__proto__ as attribute', '<a __proto__="1"/>'],
    ['constructor as element', '<a><constructor/></a>'],
    ['a declaration of an entity without DOCTYPE', '<a><!ENTITY x "y"></a>'],
    ['depth 60', nested(60)],
    ['depth 2000', nested(2000)],
  ];
  for (const [what, xml] of refused) {
    it(`refuses ${what}`, () => assert.equal(codeOf(xml), 'not-well-formed'));
  }

  it('refuses every DOCTYPE, wherever it stands', () => {
    assert.equal(codeOf('<!DOCTYPE a><a/>'), 'xml-doctype');
    assert.equal(codeOf('<!doctype a><a/>'), 'xml-doctype');
    assert.equal(codeOf('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), 'xml-doctype');
    assert.equal(codeOf('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'), 'xml-doctype');
    assert.equal(codeOf('<a/><!DOCTYPE a>'), 'xml-doctype');
  });

  it('takes 32 levels and refuses 33', () => {
    assert.equal(root(nested(32)).name, 'a');
    assert.equal(codeOf(nested(33)), 'xml-too-deep');
  });

  it('counts raw bytes before it does anything', () => {
    assert.equal(codeOf('<a>1234567890</a>', 10), 'xml-too-large');
    assert.ok(read('<a>123</a>', 10).ok);
  });

  it('takes the innermost declaration of a prefix, and an empty one for none', () => {
    const tree = root('<a xmlns="u" xmlns:p="v"><p:b/><b xmlns="" xmlns:q="w"><c/><p:c/><q:c/></b><q:d/><e/></a>');
    const [first, second, third, fourth] = tree.children;
    assert.deepEqual(
      [tree, first, second, third, fourth].map((one) => one?.namespace),
      ['u', 'v', null, null, 'u'],
    );
    assert.deepEqual(
      second?.children.map(({ namespace }) => namespace),
      [null, 'v', 'w'],
    );
  });

  it('takes a list of 300 with three names each, and refuses what has thousands of elements, attributes or comments', () => {
    const name = '<display-name xml:lang="de">Anna</display-name>';
    assert.equal(
      root(`<list>${`<entry uri="sip:1001@pbx.test">${name.repeat(3)}</entry>`.repeat(300)}</list>`).children.length,
      300,
    );
    const attributes = Array.from({ length: 3_000 }, (_, index) => `a${index}=""`);
    for (const hostile of [
      `<a>${'<b/>'.repeat(3_000)}</a>`,
      `<a>${'<b></b>'.repeat(3_000)}</a>`,
      `<a>${'<!---->'.repeat(3_000)}</a>`,
      `<a>${'<![CDATA[]]>'.repeat(3_000)}</a>`,
      `<a ${attributes.join(' ')}/>`,
      `<a>${'<b c="" d="" e=""/>'.repeat(1_000)}</a>`,
      `<a ${attributes.map((one) => `xmlns:${one}`).join(' ')}/>`,
    ]) {
      assert.equal(codeOf(hostile), 'xml-too-large', hostile.slice(0, 20));
    }
  });

  it('does not read all declarations again for each element that has one of its own', () => {
    const cost = (xml: string): number =>
      Math.min(
        ...Array.from({ length: 15 }, () => {
          const begin = performance.now();
          read(xml);
          return performance.now() - begin;
        }),
      );
    const declarations = Array.from({ length: 900 }, (_, index) => `xmlns:a${index}="u"`).join(' ');
    const elements = '<e xmlns:b="u"/>'.repeat(900);
    const apart = cost(`<a ${declarations}/>`) + cost(`<a>${elements}</a>`);
    const together = cost(`<a ${declarations}>${elements}</a>`);
    assert.ok(together < 4 * apart, `${together} ms together, ${apart} ms apart`);
  });

  it('never throws, whatever the bytes', () => {
    const markup = fc.stringMatching(/^[<>a/!?&;"'= [\]-]{0,60}$/);
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), markup), (bytes) => {
        read(Buffer.from(bytes as string));
      }),
      { numRuns: 2000 },
    );
  });

  it('reads a document of 8 kB of any trick without quadratic time: the work stays far below a second', () => {
    const tricks = ['<', '<a ', '<a>', '<!--', '<![CDATA[', '<?a ', '&#38;', ' ', '\n', '&', '<a/>', "b='"];
    for (const trick of tricks) {
      const fill = trick.repeat(8192 / trick.length);
      const before = process.cpuUsage().user;
      for (const xml of [fill, `<a>${fill}</a>`, `<a>x${fill}y</a>`, `<a b="${fill}"/>`]) read(xml, 8192 * 2);
      assert.ok(process.cpuUsage().user - before < 1_000_000, trick);
    }
  });
});
