import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { granted, type Outcome, refused } from '../model/outcome.ts';
import { decode, decodeAttribute, forbiddenChar } from './characters.ts';
import type { XmlElement } from './element.ts';
import { decodeBytes } from './encoding.ts';
import { declareNamespaces, declaresNamespace, type Namespaces, namespaceOf, splitName } from './names.ts';

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

function broken(): Outcome<XmlElement> {
  return refused('not-well-formed', 'the body is not well-formed XML', 400);
}

/** The one element among these nodes; null where there is none, more than one, or anything else that has no place there. */
function onlyElement(nodes: readonly RawNode[]): RawNode | null {
  const rest = nodes.filter((node) => {
    const tag = tagOf(node);
    if (tag === '#text') return !isBlank(rawText(node));
    return tag === '?xml' || !tag.startsWith('?'); // a second declaration stays, and spoils the count
  });
  const [root] = rest;
  return root === undefined || rest.length !== 1 ? null : root;
}

function readElement(node: RawNode, outer: Namespaces | null, depth: number): Outcome<XmlElement> {
  if (depth > maxDepth) return refused('xml-too-deep', `more than ${maxDepth} levels of XML`, 400);
  const raw = Object.entries((node[':@'] ?? {}) as Readonly<Record<string, string>>);
  const values = raw.map(([name, value]) => [splitName(name), decodeAttribute(value)] as const);
  const namespaces = declareNamespaces(values, outer);
  const attributes = new Map<string, string>();
  for (const [name, value] of values) {
    if (declaresNamespace(name)) continue;
    const { prefix, local } = name;
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
