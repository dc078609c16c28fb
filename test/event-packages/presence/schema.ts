import assert from 'node:assert/strict';
import type { XmlElement } from '../../../src/xml/element.ts';
import { readXml } from '../../../src/xml/read.ts';

const pidf = 'urn:ietf:params:xml:ns:pidf';
const model = 'urn:ietf:params:xml:ns:pidf:data-model';
const rpid = 'urn:ietf:params:xml:ns:pidf:rpid';

/** RFC 4480 3.2. */
const activities =
  'appointment away breakfast busy dinner holiday in-transit looking-for-work lunch meal meeting on-the-phone other performance permanent-absence playing presentation shopping sleeping spectator steering travel tv unknown vacation working worship';

/**
 * The structure that the schemas of RFC 3863 4.4, RFC 4479 5 and RFC 4480 5 ask for, as far as presence of a phone goes. Gives
 * the document; fails with the rule that is broken.
 */
export function validPidf(xml: string): XmlElement {
  assert.ok(xml.startsWith('<?xml version="1.0" encoding="UTF-8"?>'), 'UTF-8 declared');
  const root = read(xml);
  element(root, pidf, 'presence', ['entity'], []);
  order(root, ['tuple', 'note', 'person'], ['tuple', 'note', 'person']);
  for (const child of root.children) {
    if (child.name === 'tuple') tuple(child);
    else if (child.name === 'note') note(child, pidf);
    else person(child);
  }
  const ids = root.children.flatMap(({ attributes }) => attributes.get('id') ?? []);
  assert.equal(new Set(ids).size, ids.length, 'xs:ID: each once in a document');
  return root;
}

function tuple(node: XmlElement): void {
  element(node, pidf, 'tuple', ['id'], []);
  isId(node);
  order(node, ['status', 'contact', 'note', 'timestamp'], ['note']);
  const [status] = node.children;
  assert.ok(status?.name === 'status', 'status is there, and first');
  element(status, pidf, 'status', [], []);
  order(status, ['basic'], []);
  for (const basic of status.children) {
    element(basic, pidf, 'basic', [], []);
    assert.match(basic.text, /^(open|closed)$/);
  }
  for (const child of node.children.slice(1)) {
    if (child.name === 'note') note(child, pidf);
    else {
      element(child, pidf, 'contact', [], ['priority']);
      assert.match(child.attributes.get('priority') ?? '1', /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/);
      assert.match(child.text, /^sip:(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-F]{2})+@[A-Za-z0-9.-]+$/);
    }
  }
}

/** RFC 4479 5: elements of other namespaces, then notes, then the timestamp; the id is required. */
function person(node: XmlElement): void {
  element(node, model, 'person', ['id'], []);
  isId(node);
  order(node, ['activities', 'note', 'timestamp'], ['note']);
  for (const child of node.children) {
    if (child.name === 'note') {
      note(child, model);
      continue;
    }
    element(child, rpid, 'activities', [], ['from', 'until', 'id']);
    assert.ok(child.children.length > 0, 'one activity at least');
    for (const each of child.children) {
      assert.ok(activities.split(' ').includes(each.name), each.name);
      element(each, rpid, each.name, [], []);
      assert.ok(each.text === '' && each.children.length === 0, 'empty');
    }
  }
}

function note(node: XmlElement, namespace: string): void {
  element(node, namespace, 'note', [], ['lang']);
  assert.equal(node.children.length, 0);
}

function isId({ attributes }: XmlElement): void {
  assert.match(attributes.get('id') ?? '', /^[A-Za-z_][A-Za-z0-9_.-]*$/, 'xs:ID is a name, so it begins with no digit');
}

const doctype = '<!DOCTYPE presence PUBLIC "-//IETF//DTD RFCxxxx XPIDF 1.0//EN" "xpidf.dtd">\n';

/** The form that Polycoms write and read; no schema of it was ever published outside of its draft. */
export function validXpidf(xml: string): XmlElement {
  const start = `<?xml version="1.0" encoding="UTF-8"?>\n${doctype}`;
  assert.ok(xml.startsWith(start), 'declaration, and the document type without an internal subset');
  const root = read(xml.replace(doctype, '')); // our own reader takes no document types
  element(root, null, 'presence', [], []);
  order(root, ['presentity', 'atom'], ['atom']);
  const [presentity, atom] = root.children;
  element(presentity!, null, 'presentity', ['uri'], []);
  assert.match(presentity!.attributes.get('uri') ?? '', /;method=SUBSCRIBE$/);
  element(atom!, null, 'atom', ['id'], []);
  order(atom!, ['address'], ['address']);
  const [address] = atom!.children;
  element(address!, null, 'address', ['uri', 'priority'], []);
  assert.match(address!.attributes.get('uri') ?? '', /^sip:[^\s<>"]+;user=ip$/);
  assert.deepEqual(
    address!.children.map(({ name }) => name),
    ['status', 'msnsubstatus'],
  );
  const [status, substatus] = address!.children;
  element(status!, null, 'status', ['status'], []);
  assert.match(status!.attributes.get('status') ?? '', /^(open|inuse|closed)$/);
  element(substatus!, null, 'msnsubstatus', ['substatus'], []);
  assert.match(substatus!.attributes.get('substatus') ?? '', /^(online|onthephone|busy|away|offline)$/);
  return root;
}

function read(xml: string): XmlElement {
  const outcome = readXml(Buffer.from(xml), { maxBytes: 10_000_000 });
  assert.ok(outcome.ok, `not well-formed: ${xml}`);
  return outcome.value;
}

function element(
  node: XmlElement,
  namespace: string | null,
  name: string,
  required: readonly string[],
  optional: readonly string[],
): void {
  assert.deepEqual([node.name, node.namespace], [name, namespace]);
  for (const each of required) assert.ok(node.attributes.has(each), `${name} has ${each}`);
  for (const each of node.attributes.keys()) {
    assert.ok([...required, ...optional].includes(each), `${name} may have ${each}`);
  }
  if (node.children.length > 0) assert.equal(node.text.trim(), '', `no text in ${name}`);
}

/** The children in this order, those that may not be `repeated` once. */
function order(node: XmlElement, names: readonly string[], repeated: readonly string[]): void {
  const places = node.children.map(({ name }) => names.indexOf(name));
  assert.ok(!places.includes(-1), `<${node.name}> holds only what the schema knows`);
  assert.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
    `order in <${node.name}>`,
  );
  for (const [at, name] of names.entries()) {
    const count = places.filter((place) => place === at).length;
    assert.ok(count <= 1 || repeated.includes(name), `<${name}> once`);
  }
}
