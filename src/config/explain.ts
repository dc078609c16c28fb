import { z } from 'zod';
import { nearest } from './nearest.ts';
import type { ConfigProblem } from './problems.ts';
import { fileKeys } from './secrets.ts';
import { locate, type Path, type Source } from './source.ts';

/** What is wrong, for people, each at its place. `depth`: how many steps of a path lead to what the schema describes. */
export function explain(
  source: Source,
  issues: readonly z.core.$ZodIssue[],
  prefix: Path,
  at: { readonly schema: z.ZodType; readonly depth: number },
): ConfigProblem[] {
  return issues.flatMap((issue): ConfigProblem[] => {
    const path = [...prefix, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
    if (issue.code === 'invalid_union') {
      return issue.errors.flatMap((branch) => explain(source, branch, path, at)).slice(0, 3);
    }
    const siblings = keysAt(at.schema, path.slice(at.depth));
    if (issue.code === 'invalid_value' && typeof issue.input === 'string') {
      const words = issue.values.map(String);
      const message = `expected ${words.length === 1 ? '' : 'one of '}${words.join(', ')}`;
      return [{ ...locate(source, path, message), nearest: nearest(issue.input, words) }];
    }
    if (issue.code !== 'unrecognized_keys') return [locate(source, path, expected(issue, siblings))];
    return issue.keys.map((key) => {
      const place = [...path, key];
      // LAMPLIGHTER_STORE_PATH
      const isFlat = siblings.some((name) => key.startsWith(`${name.toLowerCase()}_`));
      const deeper = isFlat ? '; in a variable two underscores, __, go one level down' : '';
      const message = `unknown setting; expected one of ${siblings.join(', ')}${deeper}`;
      return { ...locate(source, place, message), nearest: nearest(key, siblings) };
    });
  });
}

/** What values are to somebody who writes YAML. */
const inYaml: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'settings',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

/** @param keys the settings there are at this place. */
function expected(issue: z.core.$ZodIssue, keys: readonly string[]): string {
  const { code, message, path } = issue;
  const received = /^Invalid input: expected .*, received (\w+)$/.exec(message)?.[1];
  if (code === 'invalid_type' && received !== undefined) {
    const key = String(path.at(-1));
    if (received === 'undefined') {
      const isSecret = fileKeys.includes(`${key}File`);
      return isSecret ? `missing; write ${key}, or ${key}File with the path of a file` : 'missing';
    }
    const wanted = `${inYaml[issue.expected] ?? issue.expected}${keys.length === 0 ? '' : ` (${keys.join(', ')})`}`;
    const quotes = issue.expected === 'string' && /^(?:number|boolean)$/.test(received) ? '; write it in quotes' : '';
    const found = received === 'null' ? 'and there is nothing' : `not ${inYaml[received] ?? received}`;
    return `expected ${wanted}, ${found}${quotes}`;
  }
  return message
    .replace(/^(?:Invalid (?:input|option|string)|Too (?:big|small)): /, '')
    .replace(/^expected string to have >=(\d+) characters$/, 'expected at least $1 characters')
    .replace(/^expected array to have >=1 items$/, 'expected at least one entry')
    .replace(/^expected array to have <=(\d+) items$/, 'expected $1 entries at most');
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/** Made once of each: that takes longer than all else in a configuration that is right. */
const made = new WeakMap<z.ZodType, JsonSchema>();

function jsonSchema(schema: z.ZodType): JsonSchema {
  const json = made.get(schema) ?? (z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema);
  made.set(schema, json);
  return json;
}

function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let nodes: readonly JsonSchema[] = [jsonSchema(schema)];
  for (const part of path) {
    nodes = nodes.flatMap((node) => {
      const next = typeof part === 'number' ? node.items : node.properties?.[String(part)];
      return next === undefined ? [] : [next, ...(next.anyOf ?? [])];
    });
  }
  return nodes.flatMap((node) => Object.keys(node.properties ?? {}));
}

/** Every key of these schemas, and of files with secrets. */
export function knownKeys(schemas: readonly z.ZodType[]): string[] {
  const names = new Set<string>(fileKeys);
  const visit = (node: JsonSchema): void => {
    for (const [name, child] of Object.entries(node.properties ?? {})) {
      names.add(name);
      visit(child);
    }
    if (node.items !== undefined) visit(node.items);
    for (const child of node.anyOf ?? []) visit(child);
  };
  for (const schema of schemas) visit(jsonSchema(schema));
  return [...names];
}
