/**
 * A validator of JSON Schema 2020-12, as far as OpenAPI documents and the schema of OpenAPI itself need it. `format` is only
 * said. Slow and plain: it is the tests' own word against the library that makes the schemas.
 */
export type Schema = boolean | { readonly [keyword: string]: unknown };

/** What is wrong with `value`, a line each; empty: nothing. @param root where `$ref`s of `#/…` lead. */
export function problems(value: unknown, schema: Schema, root: Schema = schema): readonly string[] {
  return check(value, schema, { root, path: '' }).problems;
}

interface Place {
  readonly root: Schema;
  readonly path: string;
}

interface Result {
  readonly problems: string[];
  /** Properties and items that some schema has looked at (11.2, 11.3). */
  readonly seen: Set<string>;
}

type Node = Readonly<Record<string, unknown>>;

const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  null: (value) => value === null,
  boolean: (value) => typeof value === 'boolean',
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isInteger(value),
  array: (value) => Array.isArray(value),
  object: isObject,
};

function check(value: unknown, schema: Schema, at: Place): Result {
  const result: Result = { problems: [], seen: new Set() };
  if (typeof schema === 'boolean') {
    if (!schema) result.problems.push(`${at.path || '/'}: nothing may stand here`);
    return result;
  }
  checkPlain(value, schema, at, result);
  checkTogether(value, schema, at, result);
  if (isObject(value)) checkObject(value, schema, at, result);
  if (Array.isArray(value)) checkArray(value, schema, at, result);
  return result;
}

function checkPlain(value: unknown, schema: Node, { path }: Place, { problems: found }: Result): void {
  const complain = (wanted: string) => found.push(`${path || '/'}: expected ${wanted}, not ${JSON.stringify(value)}`);
  const { type, minimum, maximum, pattern } = schema;
  const wanted = type === undefined ? [] : [type].flat();
  if (wanted.length > 0 && !wanted.some((one) => types[String(one)]?.(value))) complain(wanted.join(' or '));
  if ('const' in schema && !same(value, schema['const'])) complain(JSON.stringify(schema['const']));
  const values = schema['enum'];
  if (Array.isArray(values) && !values.some((one) => same(value, one))) complain(`one of ${values.join(', ')}`);
  if (typeof value === 'number') {
    if (typeof minimum === 'number' && value < minimum) complain(`at least ${minimum}`);
    if (typeof maximum === 'number' && value > maximum) complain(`at most ${maximum}`);
  }
  if (typeof value === 'string') {
    if (value.length < Number(schema['minLength'] ?? 0)) complain('a longer text');
    if (value.length > Number(schema['maxLength'] ?? Number.POSITIVE_INFINITY)) complain('a shorter text');
    if (typeof pattern === 'string' && !new RegExp(pattern, 'u').test(value)) complain(`a match of ${pattern}`);
  }
}

/** Schemas that look at the same value. */
function checkTogether(value: unknown, schema: Node, at: Place, result: Result): void {
  const look = (one: Schema) => check(value, one, at);
  const take = (one: Result) => {
    for (const name of one.seen) result.seen.add(name);
    result.problems.push(...one.problems);
  };
  const ref = schema['$ref'];
  if (typeof ref === 'string') take(look(referred(ref, at.root)));
  const dynamic = schema['$dynamicRef'];
  if (typeof dynamic === 'string') take(look(anchored(dynamic.slice(1), at.root)));
  for (const one of list(schema['allOf'])) take(look(one));
  for (const [keyword, isGood] of [
    ['anyOf', (good: number) => good > 0],
    ['oneOf', (good: number) => good === 1],
  ] as const) {
    if (schema[keyword] === undefined) continue;
    const results = list(schema[keyword]).map(look);
    const good = results.filter((one) => one.problems.length === 0);
    for (const one of good) take(one);
    if (isGood(good.length)) continue;
    const why = results.map((one) => one.problems[0]).join(' | ');
    result.problems.push(`${at.path || '/'}: ${good.length} of ${keyword} fit: ${why}`);
  }
  if ('not' in schema && look(schema['not'] as Schema).problems.length === 0) {
    result.problems.push(`${at.path || '/'}: what must not fit fits`);
  }
  if ('if' in schema) {
    const met = look(schema['if'] as Schema);
    if (met.problems.length === 0) take(met);
    const next = schema[met.problems.length === 0 ? 'then' : 'else'];
    if (next !== undefined) take(look(next as Schema));
  }
  if (!isObject(value)) return;
  for (const [name, one] of Object.entries((schema['dependentSchemas'] ?? {}) as Readonly<Record<string, Schema>>)) {
    if (Object.hasOwn(value, name)) take(look(one));
  }
}

function checkObject(value: Node, schema: Node, at: Place, result: Result): void {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Schema>>;
  const patterns = Object.entries((schema['patternProperties'] ?? {}) as Readonly<Record<string, Schema>>);
  for (const name of (schema['required'] ?? []) as readonly string[]) {
    if (!Object.hasOwn(value, name)) result.problems.push(`${at.path || '/'}: ${name} is missing`);
  }
  if (Object.keys(value).length < Number(schema['minProperties'] ?? 0)) {
    result.problems.push(`${at.path || '/'}: too few properties`);
  }
  const within = (name: string, one: Schema) => {
    result.seen.add(name);
    result.problems.push(...check(value[name], one, { ...at, path: `${at.path}/${name}` }).problems);
  };
  for (const name of Object.keys(value)) {
    const named = properties[name];
    const fitting = patterns.filter(([pattern]) => new RegExp(pattern, 'u').test(name));
    if (Object.hasOwn(properties, name) && named !== undefined) within(name, named);
    for (const [, one] of fitting) within(name, one);
    if (schema['propertyNames'] !== undefined) {
      result.problems.push(...check(name, schema['propertyNames'] as Schema, at).problems);
    }
    const other = schema['additionalProperties'] as Schema | undefined;
    if (other !== undefined && !Object.hasOwn(properties, name) && fitting.length === 0) within(name, other);
  }
  const rest = schema['unevaluatedProperties'] as Schema | undefined;
  if (rest === undefined) return;
  for (const name of Object.keys(value)) if (!result.seen.has(name)) within(name, rest);
}

function checkArray(value: readonly unknown[], schema: Node, at: Place, result: Result): void {
  if (value.length < Number(schema['minItems'] ?? 0)) result.problems.push(`${at.path || '/'}: too few items`);
  if (value.length > Number(schema['maxItems'] ?? Number.POSITIVE_INFINITY)) {
    result.problems.push(`${at.path || '/'}: too many items`);
  }
  const texts = new Set(value.map((one) => JSON.stringify(one)));
  if (schema['uniqueItems'] === true && texts.size < value.length) {
    result.problems.push(`${at.path || '/'}: an item stands there twice`);
  }
  const contained = schema['contains'] as Schema | undefined;
  if (contained !== undefined && !value.some((one) => check(one, contained, at).problems.length === 0)) {
    result.problems.push(`${at.path || '/'}: no item is as one has to be`);
  }
  const items = schema['items'] as Schema | undefined;
  if (items === undefined) return;
  for (const [index, one] of value.entries()) {
    result.problems.push(...check(one, items, { ...at, path: `${at.path}/${index}` }).problems);
  }
}

/** `#/components/schemas/Extension` */
export function referred(ref: string, root: Schema): Schema {
  if (!ref.startsWith('#')) throw new Error(`${ref} leads out of the document`);
  let node: unknown = root;
  for (const part of ref.split('/').slice(1)) {
    const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    node = isObject(node) ? node[name] : undefined;
  }
  if (node === undefined) throw new Error(`${ref} leads nowhere`);
  return node as Schema;
}

function anchored(name: string, root: Schema): Schema {
  const found = [...nodesOf(root)].find((node) => node['$dynamicAnchor'] === name);
  if (found === undefined) throw new Error(`there is no anchor ${name}`);
  return found;
}

/** Every object within. */
export function* nodesOf(node: unknown): Iterable<Node> {
  if (Array.isArray(node)) for (const one of node) yield* nodesOf(one);
  if (!isObject(node)) return;
  yield node;
  for (const one of Object.values(node)) yield* nodesOf(one);
}

function list(schemas: unknown): readonly Schema[] {
  return (schemas ?? []) as readonly Schema[];
}

function isObject(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
