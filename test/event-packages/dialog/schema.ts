import assert from 'node:assert/strict';
import type { XmlElement } from '../../../src/xml/element.ts';
import { readXml } from '../../../src/xml/read.ts';

const namespace = 'urn:ietf:params:xml:ns:dialog-info';
const maxVersion = 2 ** 31 - 1;

/**
 * The structure that the schema of RFC 4235 4.4 asks for, with the two liberties phones are used to: `display` for
 * `display-name`, and `pvalue` for `pval` where told. Gives the document; fails with the rule that is broken.
 */
export function validDialogInfo(xml: string, paramAttr: 'pval' | 'pvalue' = 'pval'): XmlElement {
  assert.ok(xml.startsWith('<?xml version="1.0" encoding="UTF-8"?>'), 'UTF-8 declared');
  const read = readXml(Buffer.from(xml), { maxBytes: 10_000_000 });
  assert.ok(read.ok, `not well-formed: ${xml}`);
  const root = read.value;
  element(root, 'dialog-info', ['version', 'state', 'entity'], []);
  const version = root.attributes.get('version') ?? '';
  assert.ok(/^(0|[1-9]\d*)$/.test(version) && Number(version) <= maxVersion, `version ${version}`);
  assert.ok(['full', 'partial'].includes(root.attributes.get('state') ?? ''));
  assert.equal(root.text, '');
  const ids = root.children.map((each) => dialog(each, paramAttr));
  assert.equal(new Set(ids).size, ids.length, `ids are unique: ${ids}`);
  return root;
}

function dialog(node: XmlElement, paramAttr: string): string {
  element(node, 'dialog', ['id'], ['call-id', 'local-tag', 'remote-tag', 'direction']);
  assert.ok([undefined, 'initiator', 'recipient'].includes(node.attributes.get('direction')));
  order(node, ['state', 'duration', 'replaces', 'referred-by', 'route-set', 'local', 'remote']);
  const state = node.children[0];
  assert.ok(state?.name === 'state', 'state is there, and first');
  element(state, 'state', [], ['event', 'code']);
  assert.ok(['trying', 'proceeding', 'early', 'confirmed', 'terminated'].includes(state.text), state.text);
  for (const child of node.children.slice(1)) participant(child, paramAttr);
  return node.attributes.get('id') ?? '';
}

function participant(node: XmlElement, paramAttr: string): void {
  element(node, node.name, [], []);
  order(node, ['identity', 'target', 'session-description', 'cseq']);
  for (const child of node.children) {
    if (child.name === 'identity') {
      element(child, 'identity', [], ['display']);
      sipUri(child.text);
      assert.equal(child.children.length, 0);
    } else {
      element(child, 'target', ['uri'], []);
      sipUri(child.attributes.get('uri') ?? '');
      for (const param of child.children) element(param, 'param', ['pname', paramAttr], []);
    }
  }
}

/** RFC 3261 25.1, as far as these documents go. */
function sipUri(uri: string): void {
  assert.match(uri, /^sip:(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-F]{2})+@[A-Za-z0-9.-]+$/);
}

function element(node: XmlElement, name: string, required: readonly string[], optional: readonly string[]): void {
  assert.equal(node.name, name);
  assert.equal(node.namespace, namespace);
  for (const each of required) assert.ok(node.attributes.has(each), `${name} has ${each}`);
  for (const each of node.attributes.keys()) {
    assert.ok([...required, ...optional].includes(each), `${name} may have ${each}`);
  }
}

function order(node: XmlElement, names: readonly string[]): void {
  const places = node.children.map(({ name }) => names.indexOf(name));
  assert.ok(!places.includes(-1), `<${node.name}> holds only what the schema knows`);
  assert.deepEqual(
    places,
    [...new Set(places)].sort((a, b) => a - b),
    `order in <${node.name}>`,
  );
}
