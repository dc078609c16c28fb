import assert from 'node:assert/strict';
import type { XmlElement } from '../../src/xml/element.ts';
import { wellFormed } from './read-xml.ts';

/** What a schema says of an element: its attributes, required and optional, and its child elements, in this order. */
export interface Rule {
  readonly required: readonly string[];
  readonly optional?: readonly string[];
  readonly children?: readonly string[];
}

/** Values of attributes and texts: `contact@state`, `watcher`. */
export type Values = Readonly<Record<string, RegExp>>;

/** The document, read through the strict door and held against a schema; fails with the rule that is broken. */
export function validDocument(
  xml: string,
  namespace: string,
  rules: Readonly<Record<string, Rule>>,
  values: Values,
): XmlElement {
  assert.ok(xml.startsWith('<?xml version="1.0" encoding="UTF-8"?>'), 'UTF-8 declared');
  const root = wellFormed(xml);
  assert.equal(root.name, Object.keys(rules)[0]);
  check(root);
  return root;

  function check(node: XmlElement): void {
    const { required, optional = [], children = [] } = rules[node.name] ?? assert.fail(`no element <${node.name}>`);
    assert.equal(node.namespace, namespace);
    const names = [...node.attributes.keys()];
    for (const name of required) assert.ok(names.includes(name), `${node.name}@${name} is there`);
    for (const [name, value] of node.attributes) {
      assert.ok(required.includes(name) || optional.includes(name), `${node.name}@${name} is none of the schema's`);
      assert.match(value, values[`${node.name}@${name}`] ?? /^/, `${node.name}@${name}`);
    }
    assert.match(node.text, values[node.name] ?? /^$/, `text of ${node.name}`);
    const order = node.children.map(({ name }) => children.indexOf(name));
    assert.ok(!order.includes(-1), `children of ${node.name}`);
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
      `order in ${node.name}`,
    );
    for (const child of node.children) check(child);
  }
}
