import { readFileSync } from 'node:fs';
import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { z } from 'zod';
import { Fault } from '../model/errors.ts';
import { overlayEnvironment } from './env.ts';
import { nearest } from './nearest.ts';
import { type Config, configSchema } from './schema.ts';
import { fileKeys, readSecrets, whyUnread } from './secrets.ts';

export interface ConfigProblem {
  /** `sip.listen.0`; empty for the file as a whole. */
  readonly path: string;
  /** In the file, from 1; null where the value came from elsewhere. */
  readonly line: number | null;
  /** The environment variable that set the value; null otherwise. */
  readonly variable: string | null;
  /** What was expected. */
  readonly message: string;
  /** The known key that was probably meant. */
  readonly nearest: string | null;
}

export type LoadResult =
  | { readonly ok: true; readonly config: Config; readonly file: string | null }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[]; readonly file: string | null };

export interface LoadOptions {
  /** null: no file, only defaults and the environment (the demo). */
  readonly file: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The options of each known adapter type; null for a type nobody knows. */
  readonly optionsOf: (type: string) => z.ZodType | null;
  readonly adapterTypes: readonly string[];
  /** What only the rooms that use a setting can judge; asked where all else is right. Answers `path: what is wrong` lines. */
  readonly judge?: (config: Config) => readonly string[];
}

type Path = readonly (string | number)[];

interface Source {
  readonly root: Node | null;
  readonly lines: LineCounter;
  readonly variables: ReadonlyMap<string, string>;
  /** Secrets that came from files. */
  readonly secrets: ReadonlySet<string>;
}

/** The demo's passwords are known to everybody: its phones are welcome from this host only. */
const demo = 'sip: { listen: [ udp:127.0.0.1:5070, tcp:127.0.0.1:5070 ] }';

/**
 * File → environment → secrets → schema → options of each PBX; then `judge`. All problems at once, each with its line. Throws
 * `config-unreadable` where the file cannot be read at all.
 */
export function loadConfig(options: LoadOptions): LoadResult {
  const { file } = options;
  const lines = new LineCounter();
  const document = parseDocument(file === null ? demo : read(file), { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => problem([], lines.linePos(error.pos[0]).line, error.message));
    return { ok: false, problems, file };
  }
  const tree = (document.toJS() ?? {}) as Record<string, unknown>;
  if (typeof tree !== 'object' || Array.isArray(tree)) {
    return { ok: false, problems: [problem([], 1, 'expected a mapping of settings')], file };
  }
  const known = knownKeys([configSchema, ...options.adapterTypes.flatMap((type) => options.optionsOf(type) ?? [])]);
  const variables = overlayEnvironment(tree, options.environment, known);
  const secrets = readSecrets(tree);
  const source: Source = { root: document.contents, lines, variables, secrets: secrets.read };
  const problems: ConfigProblem[] = secrets.problems.map((found) => locate(source, found.path, found.message));
  const parsed = configSchema.safeParse(tree);
  if (!parsed.success) problems.push(...explain(source, parsed.error.issues, [], { schema: configSchema, depth: 0 }));
  const entries = Array.isArray(tree['pbx']) ? tree['pbx'] : [];
  const checked = entries.map((entry, index) => checkPbx(source, entry, index, options, problems));
  if (!parsed.success || problems.length > 0) return { ok: false, problems: inOrder(problems), file };
  const pbx = parsed.data.pbx.map((entry, index) => checked[index] ?? entry);
  const repeated = pbx.findIndex((entry, index) => pbx.some((other, at) => at < index && other.name === entry.name));
  if (repeated >= 0) {
    return { ok: false, problems: [locate(source, ['pbx', repeated, 'name'], 'expected a name of its own')], file };
  }
  const config = { ...parsed.data, pbx };
  const judged = options.judge?.(config).map((line) => locateJudged(source, line)) ?? [];
  return judged.length > 0 ? { ok: false, problems: inOrder(judged), file } : { ok: true, config, file };
}

/** One line a problem, as `check-config` and a refused start print them. */
export function describe(problems: readonly ConfigProblem[], file: string | null): string {
  return problems
    .map(({ path, line, variable, message, nearest: near }) => {
      const where = variable ?? `${file ?? 'configuration'}${line === null ? '' : `:${line}`}`;
      return `${where}: ${path === '' ? '' : `${path}: `}${message}${near === null ? '' : ` (did you mean ${near}?)`}`;
    })
    .join('\n');
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Fault('config-unreadable', `${file}: ${whyUnread(error)}`, error);
  }
}

function checkPbx(
  source: Source,
  entry: unknown,
  index: number,
  options: LoadOptions,
  problems: ConfigProblem[],
): Config['pbx'][number] | null {
  if (typeof entry !== 'object' || entry === null) return null;
  const { name, type, domain, ...rest } = entry as Record<string, unknown>;
  if (typeof type !== 'string' || typeof name !== 'string') return null;
  const schema = options.optionsOf(type);
  if (schema === null) {
    const message = `expected one of ${options.adapterTypes.join(', ')}, or the path of a module (./… or /…)`;
    problems.push({ ...locate(source, ['pbx', index, 'type'], message), nearest: nearest(type, options.adapterTypes) });
    return null;
  }
  const parsed = schema.safeParse(rest);
  if (!parsed.success) {
    problems.push(...explain(source, parsed.error.issues, ['pbx', index], { schema, depth: 2 }));
    return null;
  }
  return {
    name,
    type,
    ...(typeof domain === 'string' ? { domain: domain.toLowerCase() } : {}),
    ...(parsed.data as Record<string, unknown>),
  };
}

/** `depth`: how many steps of a path lead to what the schema describes. */
function explain(
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
    if (issue.code !== 'unrecognized_keys') return [locate(source, path, expected(issue, siblings))];
    return issue.keys.map((key) => {
      const place = [...path, key];
      const message = `unknown setting; expected one of ${siblings.join(', ')}`;
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
    .replace(/^expected string to have >=(\d+) characters$/, 'expected at least $1 characters');
}

/** As the lines stand in the file; what came from the environment, or stands nowhere, last. */
function inOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const lineOrEnd = ({ line }: ConfigProblem) => line ?? Number.MAX_SAFE_INTEGER;
  return [...problems].sort((a, b) => lineOrEnd(a) - lineOrEnd(b));
}

function locate(source: Source, at: Path, message: string): ConfigProblem {
  const path = source.secrets.has(at.join('.')) ? [...at.slice(0, -1), `${at.at(-1)}File`] : at;
  const dotted = path.join('.');
  for (const [set, variable] of source.variables) {
    if (dotted === set || dotted.startsWith(`${set}.`)) return { ...problem(path, null, message), variable };
  }
  // LAMPLIGHTER_SIPP__LISTEN made the unknown `sipp`, which stands nowhere in the file
  const made = [...source.variables].find(([set]) => set.startsWith(`${dotted}.`));
  const inFile = isMap(source.root) && source.root.hasIn(path);
  if (made !== undefined && !inFile) return { ...problem(path, null, message), variable: made[1] };
  return problem(path, lineOf(source, path), message);
}

function locateJudged(source: Source, text: string): ConfigProblem {
  const [, path = '', message = text] = /^([\w.]+): (.*)$/s.exec(text) ?? [];
  return locate(source, path.split('.'), message);
}

function problem(path: Path, line: number | null, message: string): ConfigProblem {
  return { path: path.join('.'), line, variable: null, message, nearest: null };
}

/** The line of the deepest part of `path` that stands in the file. */
function lineOf(source: Source, path: Path): number | null {
  let node: unknown = source.root;
  let offset: number | null = null;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(part),
      );
      if (pair === undefined) break;
      offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? offset) : offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(part)];
      if (item === undefined) break;
      offset = (item as Node).range?.[0] ?? offset;
      node = item;
    } else break;
  }
  return offset === null ? null : source.lines.linePos(offset).line;
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

function jsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
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

function knownKeys(schemas: readonly z.ZodType[]): string[] {
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
