import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { granted, type Outcome, refused } from './model/outcome.ts';

/** An element as plain data. Values are text as the sender wrote it: nothing is taken for a number or a truth value. */
export interface XmlElement {
  /** Local name, without prefix. */
  readonly name: string;
  /** The namespace it is in; null for none, and for a prefix nobody declared. */
  readonly namespace: string | null;
  /** By local name; of `id` and `x:id` the unprefixed wins. Namespace declarations are left out. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Child elements in document order. */
  readonly children: readonly XmlElement[];
  /** Own character data, decoded. Blanks around it are cut off, encoded ones (`&#10;`) stay to be judged. */
  readonly text: string;
}

export interface XmlLimits {
  readonly maxBytes: number;
  /**
   * `external`: a document type declaration that only names a DTD, as xpidf has one, is passed over; nothing is ever
   * fetched. One with an internal subset is refused all the same.
   */
  readonly doctype?: 'external';
}

const maxDepth = 32;
/** Elements, comments, sections and instructions: the longest list that is taken (300), with three names each, has 1,200. */
const mostNodes = 2_000;
/** Attributes and declarations, counted by their `=`; those in text count too, which no document has many of. */
const mostAttributes = 2_000;

// The library is the second reader, not the judge: its entity decoding (an undeclared `&nbsp;` passes), its prefix removal
// (`x:v` and `v` collide) and its number parsing (0301234 becomes 301234) stay off; order and text nodes stay visible.
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  htmlEntities: false,
  trimValues: false,
  cdataPropName: '#cdata',
  maxNestedTags: maxDepth + 2,
});

/** A node of the parser: one key with the children, beside `:@` with the attributes. */
type RawNode = Readonly<Record<string, unknown>>;

class NotWellFormed extends Error {}

/**
 * Reads one XML document from the network, strictly. Refusals: `xml-too-large` 413, all others 400: `xml-encoding` (not
 * UTF-8, ISO-8859-1 or US-ASCII, or bytes that are not what was declared), `xml-doctype`, `not-well-formed`, `xml-too-deep`.
 * Of the bytes it may have a document can make work without end: too many nodes or attributes are `xml-too-large` as well.
 * Trailing NULs and a UTF-8 byte order mark are tolerated: phones send them.
 */
export function readXml(bytes: Buffer, limits: XmlLimits): Outcome<XmlElement> {
  if (bytes.length > limits.maxBytes) return refused('xml-too-large', `more than ${limits.maxBytes} bytes of XML`, 413);
  const decoded = decodeBytes(bytes);
  const text = limits.doctype === 'external' && decoded !== null ? withoutDoctype(decoded) : decoded;
  if (text === null) return refused('xml-encoding', 'not in the encoding declared, or in one not supported', 400);
  if (/<!DOCTYPE/i.test(text)) return refused('xml-doctype', 'document type declarations are not accepted', 400);
  if (forbiddenChar.test(text) || (/^<\?xml[ \t\n]/.test(text) && !declaration.test(text))) return broken();
  if (hasMore(text, /<[^/]/g, mostNodes) || hasMore(text, /=/g, mostAttributes)) {
    return refused('xml-too-large', `more than ${mostNodes} elements or ${mostAttributes} attributes of XML`, 413);
  }
  try {
    if (XMLValidator.validate(text) !== true) return broken();
    // Both readers lose text behind a self-closed root (`<a/>junk`); inside an element of ours it is kept, and seen.
    const [wrapper]: readonly RawNode[] = parser.parse(`<document>${text.replace(declaration, '')}</document>`);
    const root = onlyElement((wrapper?.['document'] ?? []) as readonly RawNode[]);
    return root === null ? broken() : readElement(root, null, 1);
  } catch {
    return broken(); // the library throws on `__proto__`, on excessive depth and on what the validator overlooks
  }
}

function hasMore(text: string, sign: RegExp, most: number): boolean {
  for (let count = 0; count <= most; count++) if (!sign.test(text)) return false;
  return true;
}

/** In the prolog, with an external identifier (XML 1.0 4.2.2) and no internal subset. */
const externalDoctype =
  /^(<\?xml[^<>]*\?>)?[ \t\n]*<!DOCTYPE[ \t\n]+[A-Za-z_][\w.:-]*[ \t\n]+(?:PUBLIC[ \t\n]+"[^"<>[\]&%]*"|SYSTEM)[ \t\n]+"[^"<>[\]&%]*"[ \t\n]*>/;

function withoutDoctype(text: string): string {
  return text.replace(externalDoctype, (_, prolog: string | undefined) => prolog ?? '');
}

const declaration =
  /^<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*(["'])1\.\d+\1([ \t\n]+encoding[ \t\n]*=[ \t\n]*(["'])[A-Za-z][\w.-]*\3)?([ \t\n]+standalone[ \t\n]*=[ \t\n]*(["'])(?:yes|no)\5)?[ \t\n]*\?>/;
/** XML 1.0 2.2, Char, turned round. */
const forbiddenChar = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;
const qualifiedName = /^(?:([\p{L}_][\p{L}\p{N}\p{M}_.·-]*):)?([\p{L}_][\p{L}\p{N}\p{M}_.·-]*)$/u;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function broken(): Outcome<XmlElement> {
  return refused('not-well-formed', 'the body is not well-formed XML', 400);
}

/** The text with line ends as LF (XML 1.0 2.11); null where the bytes are not what they claim. */
function decodeBytes(bytes: Buffer): string | null {
  const marked = bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  const content = bytes.subarray(marked ? 3 : 0, Math.max(end, marked ? 3 : 0));
  const head = content.toString('latin1', 0, 200);
  const name = /^<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']/.exec(head)?.[1]?.toLowerCase() ?? 'utf-8';
  const text = decodeAs(name, marked, content);
  return text === null ? null : text.replace(/\r\n?/g, '\n');
}

function decodeAs(name: string, marked: boolean, content: Buffer): string | null {
  switch (name) {
    case 'iso-8859-1':
    case 'latin1':
      // Not TextDecoder: its `latin1` is windows-1252. A byte order mark says UTF-8 whatever is declared.
      return marked ? decodeUtf8(content) : content.toString('latin1');
    case 'us-ascii':
    case 'ascii':
      return content.every((byte) => byte < 0x80) ? content.toString('latin1') : null;
    case 'utf-8':
    case 'utf8':
      return decodeUtf8(content);
    default:
      return null;
  }
}

function decodeUtf8(content: Buffer): string | null {
  try {
    return utf8.decode(content);
  } catch {
    return null;
  }
}

/** The one element among these nodes; null where there is none, more than one, or anything else that has no place there. */
function onlyElement(nodes: readonly RawNode[]): RawNode | null {
  const rest = nodes.filter((node) => {
    const tag = tagOf(node);
    if (tag === '#text') return !isBlank(rawText(node));
    return tag === '?xml' || !tag.startsWith('?'); // a second declaration stays, and spoils the count
  });
  const [root] = rest;
  return root === undefined || rest.length !== 1 || !qualifiedName.test(tagOf(root)) ? null : root;
}

/** What an element declares, before what those around it do: no more of them than levels. A copy of all would be quadratic. */
interface Namespaces {
  readonly own: ReadonlyMap<string, string>;
  readonly outer: Namespaces | null;
}

function readElement(node: RawNode, outer: Namespaces | null, depth: number): Outcome<XmlElement> {
  if (depth > maxDepth) return refused('xml-too-deep', `more than ${maxDepth} levels of XML`, 400);
  const raw = Object.entries((node[':@'] ?? {}) as Readonly<Record<string, string>>);
  const values = raw.map(([name, value]) => [splitName(name), decodeAttribute(value)] as const);
  const namespaces = declareNamespaces(values, outer);
  const attributes = new Map<string, string>();
  for (const [{ prefix, local }, value] of values) {
    if (prefix === 'xmlns' || (prefix === '' && local === 'xmlns')) continue;
    if (prefix === '' || !attributes.has(local)) attributes.set(local, value);
  }
  const children: XmlElement[] = [];
  const pieces: string[] = [];
  const inside = node[tagOf(node)] as readonly RawNode[];
  for (const [at, inner] of inside.entries()) {
    const tag = tagOf(inner);
    if (tag === '#text') pieces.push(decode(trimEdge(rawText(inner), at === 0, at === inside.length - 1)));
    else if (tag === '#cdata') pieces.push(rawText((inner[tag] as readonly RawNode[])[0] ?? {}));
    else if (tag === '?xml') return broken();
    else if (!tag.startsWith('?')) {
      const child = readElement(inner, namespaces, depth + 1);
      if (!child.ok) return child;
      children.push(child.value);
    }
  }
  const { prefix, local } = splitName(tagOf(node));
  const text = (children.length === 0 ? pieces : pieces.filter((piece) => !isBlank(piece))).join('');
  return granted({ name: local, namespace: namespaceOf(prefix, namespaces), attributes, children, text });
}

function declareNamespaces(
  attributes: readonly (readonly [{ readonly prefix: string; readonly local: string }, string])[],
  outer: Namespaces | null,
): Namespaces | null {
  const own = attributes.filter(([{ prefix, local }]) => prefix === 'xmlns' || (prefix === '' && local === 'xmlns'));
  if (own.length === 0) return outer;
  return { own: new Map(own.map(([{ prefix, local }, uri]) => [prefix === '' ? '' : local, uri])), outer };
}

/** Namespaces in XML 6.1, 6.2: the innermost declaration holds, and an empty one takes it back. */
function namespaceOf(prefix: string, scope: Namespaces | null): string | null {
  const uri = scope?.own.get(prefix);
  if (uri !== undefined) return uri || null;
  return scope === null ? null : namespaceOf(prefix, scope.outer);
}

function splitName(name: string): { readonly prefix: string; readonly local: string } {
  const parts = qualifiedName.exec(name);
  if (parts === null) throw new NotWellFormed(); // `<a:b:c>`, `<:a>`, `<!ENTITY …>`: the validator lets them pass
  return { prefix: parts[1] ?? '', local: parts[2] ?? '' };
}

function decodeAttribute(raw: string): string {
  if (raw.includes('<')) throw new NotWellFormed(); // XML 1.0 3.1; the validator lets it pass
  return decode(raw.replace(/[\t\n]/g, ' ')); // XML 1.0 3.3.3
}

const builtIn: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

/** Replaces the five built-in entities and character references once; anything else that starts with `&` is refused. */
function decode(raw: string): string {
  if (!raw.includes('&')) return raw;
  return raw.replace(/&([^;]*);?/g, (whole, name: string) => {
    const decoded = whole.endsWith(';') ? (builtIn.get(name) ?? decodeReference(name)) : null;
    if (decoded === null) throw new NotWellFormed();
    return decoded;
  });
}

function decodeReference(name: string): string | null {
  const digits = /^#(?:x([0-9a-fA-F]{1,8})|(\d{1,8}))$/.exec(name);
  if (digits === null) return null;
  const code = digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16);
  if (code > 0x10ffff) return null;
  const char = String.fromCodePoint(code);
  return forbiddenChar.test(char) ? null : char; // XML 1.0 4.1: Legal Character
}

function tagOf(node: RawNode): string {
  return Object.keys(node).find((key) => key !== ':@') ?? '';
}

function rawText(node: RawNode): string {
  return typeof node['#text'] === 'string' ? node['#text'] : '';
}

const blanks = ' \t\n';

function isBlank(text: string): boolean {
  return /^[ \t\n]*$/.test(text);
}

/** By hand: a pattern like `[ ]+$` takes quadratic time on blanks. */
function trimEdge(text: string, first: boolean, last: boolean): string {
  let start = 0;
  let end = text.length;
  while (first && start < end && blanks.includes(text.charAt(start))) start += 1;
  while (last && end > start && blanks.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

type Encoding = 'UTF-8' | 'ISO-8859-1';

/** What a writer made, so that nothing else is put into a document as it is. */
export type Markup = string & { readonly [written]: true };
declare const written: unique symbol;

/** Attributes left undefined are left out. */
export type XmlAttributes = Readonly<Record<string, string | undefined>>;

/**
 * Writes one XML document: the only way text from anywhere becomes markup. Element and attribute names must be constants
 * of the program; values may be anything: they are escaped, and what XML cannot carry (control characters, lone
 * surrogates) is dropped. As ISO-8859-1 the document is pure ASCII, the rest are character references, so that the bytes
 * are right under either declaration.
 */
export class XmlWriter {
  readonly #ascii: boolean;
  readonly #what: 'document' | 'piece';
  readonly #open: string[] = [];
  #text: string;

  /** @param doctype the line of an old format that has one; a constant of the program. */
  constructor(encoding: Encoding, what: 'document' | 'piece' = 'document', doctype = '') {
    this.#ascii = encoding === 'ISO-8859-1';
    this.#what = what;
    this.#text = what === 'piece' ? '' : `<?xml version="1.0" encoding="${encoding}"?>\n`;
    if (doctype !== '') this.#text += `${doctype}\n`;
  }

  /** Starts an element; `close` ends it. */
  open(name: string, attributes: XmlAttributes = {}): this {
    this.#text += `<${name}${this.#attributes(attributes)}>`;
    this.#open.push(name);
    return this;
  }

  /** An element with text, `''` included; without `text` a self-closed one. */
  leaf(name: string, attributes: XmlAttributes, text?: string): this {
    const start = `<${name}${this.#attributes(attributes)}`;
    this.#text += text === undefined ? `${start}/>` : `${start}>${escapeText(text, this.#ascii)}</${name}>`;
    return this;
  }

  close(): this {
    this.#text += `</${this.#open.pop()}>`;
    return this;
  }

  /** Puts in a piece that was written before, with the same encoding. */
  put(piece: Markup): this {
    this.#text += piece;
    return this;
  }

  /** Closes what is open and gives the document or piece. */
  end(): Markup {
    while (this.#open.length > 0) this.close();
    return (this.#what === 'document' ? whole(this.#text) : this.#text) as Markup;
  }

  #attributes(attributes: XmlAttributes): string {
    let text = '';
    for (const name in attributes) {
      const value = attributes[name];
      if (value !== undefined) text += ` ${name}="${escapeText(value, this.#ascii)}"`;
    }
    return text;
  }
}

/**
 * What `+=` makes is a tree of pieces, which V8 joins when somebody looks into it: 40 objects of a lamp, 4.5 kB, that live as
 * long as the document does. `indexOf` looks into it.
 */
function whole(text: string): string {
  return text.indexOf('<') < 0 ? '' : text;
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

function escapeText(text: string, ascii: boolean): string {
  if (/^[ !#-%(-;=?-~]*$/.test(text)) return text; // nearly every value; costs a fifth of the replacement below
  return text.replace(/[&<>"']|[^ -~]/gu, (char) => {
    const known = escapes[char];
    if (known !== undefined) return known;
    const code = char.codePointAt(0) ?? 0;
    if (forbiddenChar.test(char) || code <= 0x9f) return ''; // beyond XML 1.0: DEL and C1 break phones' line handling
    return ascii ? `&#${code};` : char;
  });
}
