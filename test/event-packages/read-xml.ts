import assert from 'node:assert/strict';
import type { XmlElement } from '../../src/xml/element.ts';
import { readXml } from '../../src/xml/read.ts';

/** The document, read back through the strict door: fails where a phone could fail. */
export function wellFormed(xml: string): XmlElement {
  const read = readXml(Buffer.from(xml), { maxBytes: 1_000_000 });
  assert.ok(read.ok, `not well-formed: ${xml}`);
  return read.value;
}

export function childOf(element: XmlElement, name: string): XmlElement {
  const found = element.children.filter((child) => child.name === name);
  assert.equal(found.length, 1, `one <${name}> in <${element.name}>`);
  return found[0]!;
}

export function textOf(element: XmlElement, name: string): string {
  return childOf(element, name).text;
}
