import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { reloadable, rowFor, settingAt } from '../../src/config/reloadable.ts';
import { configSchema } from '../../src/config/schema.ts';

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly anyOf?: readonly Node[];
}

/** The settings of the schema: what has no settings below it, lists included. */
function leaves(node: Node, path: string): readonly string[] {
  const nodes = [node, ...(node.anyOf ?? [])];
  const below = nodes.flatMap(({ properties }) => Object.entries(properties ?? {}));
  if (below.length === 0) return [path];
  return [...new Set(below.flatMap(([key, child]) => leaves(child, path === '' ? key : `${path}.${key}`)))];
}

/** Sections that a reload exchanges as a whole: whatever is added to them is covered. */
const wholes = ['sip.identity', 'sip.inline', 'sip.drachtio', 'hooks', 'trace.hep'];

const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as Node;
const all = leaves(schema, '');

test('every setting of the schema says what a reload does with it, and each by itself but in sections exchanged as a whole', () => {
  assert.ok(all.length > 40, `${all.length} settings`);
  const silent = all.filter((path) => {
    const row = rowFor(path);
    return row === null || (row !== path && !wholes.includes(row));
  });
  assert.deepEqual(silent, [], 'settings missing in src/config/reloadable.ts');
});

test('the table speaks of no setting that there is not', () => {
  const known = (name: string) => all.some((path) => path === name || path.startsWith(`${name}.`));
  assert.deepEqual(
    Object.keys(reloadable).filter((name) => !known(name)),
    [],
  );
});

test('a row that depends on its section names one that it is in', () => {
  for (const [path, { within }] of Object.entries(reloadable)) {
    assert.ok(within === undefined || path.startsWith(`${within}.`), path);
  }
});

test('settingAt finds what is there, and nothing where nothing is', () => {
  const config = { a: { b: [1] } };
  assert.deepEqual(settingAt(config, 'a.b'), [1]);
  assert.equal(settingAt(config, 'a.c.d'), undefined);
  assert.equal(settingAt(config, 'x'), undefined);
});
