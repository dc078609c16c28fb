import { resolve } from 'node:path';
import type { z } from 'zod';
import { type ConfigDocument, readDocuments, type Versions } from './documents.ts';
import { overlayEnvironment } from './env.ts';
import { explain, knownKeys } from './explain.ts';
import { mergeDocuments } from './merge.ts';
import { nearest } from './nearest.ts';
import { type ConfigProblem, inOrder } from './problems.ts';
import { type Config, configSchema } from './schema.ts';
import { readSecrets } from './secrets.ts';
import { locate, locateJudged, type Source } from './source.ts';

export type LoadResult =
  | Loaded
  | { readonly ok: false; readonly problems: readonly ConfigProblem[]; readonly file: string | null };

/** A configuration that is right. */
export interface Loaded {
  readonly ok: true;
  readonly config: Config;
  readonly file: string | null;
  /** All that were read, in their order: the file, then those of conf.d. */
  readonly files: readonly string[];
  /** Where each value came from. */
  readonly source: Source;
  /** What was done in memory to files of an older version: a line each, with its file. */
  readonly migrated: readonly string[];
}

export interface LoadOptions {
  /** null: no file, only defaults and the environment (the demo). */
  readonly file: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The options of each known adapter type; null for a type nobody knows. */
  readonly optionsOf: (type: string) => z.ZodType | null;
  readonly adapterTypes: readonly string[];
  /** What only the rooms that use a setting can judge; asked where all else is right. Answers `path: what is wrong` lines. */
  readonly judge?: (config: Config) => readonly string[];
  /** Instead of the migrations there have been; for tests. */
  readonly versions?: Versions;
}

/** The demo's passwords are known to everybody: its phones are welcome from this host only. */
const demo = 'sip: { listen: [ udp:127.0.0.1:5070, tcp:127.0.0.1:5070 ] }';

/**
 * File and conf.d → migrations → environment → secrets → schema → options of each PBX; then `judge`. All problems at once,
 * each with its file and line. Throws `config-unreadable` where the file cannot be read at all.
 */
export function loadConfig(options: LoadOptions): LoadResult {
  const { file } = options;
  const { documents, problems: unread } = readDocuments(file, demo, options.versions);
  const files = documents.flatMap((one) => one.file ?? []);
  const fail = (problems: readonly ConfigProblem[]): LoadResult => {
    return { ok: false, problems: inOrder(problems, files), file };
  };
  if (unread.length > 0) return fail(unread);
  const merged = mergeDocuments(documents);
  if ('notSettings' in merged) {
    const { notSettings: place } = merged;
    return fail([{ ...nowhere, ...place, message: 'expected settings, each as `name: value`' }]);
  }
  const { tree, places } = merged;
  const known = knownKeys([configSchema, ...options.adapterTypes.flatMap((type) => options.optionsOf(type) ?? [])]);
  const variables = overlayEnvironment(tree, options.environment, known);
  const secrets = readSecrets(tree);
  const source: Source = { file, places, variables, secrets: secrets.read };
  const problems: ConfigProblem[] = secrets.problems.map((found) => locate(source, found.path, found.message));
  const parsed = configSchema.safeParse(tree, { reportInput: true });
  if (!parsed.success) problems.push(...explain(source, parsed.error.issues, [], { schema: configSchema, depth: 0 }));
  const entries = Array.isArray(tree['pbx']) ? tree['pbx'] : [];
  const checked = entries.map((entry, index) => checkPbx(source, entry, index, options, problems));
  if (!parsed.success || problems.length > 0) return fail(problems);
  const pbx = parsed.data.pbx.map((entry, index) => checked[index] ?? entry);
  const repeated = pbx.findIndex((entry, index) => pbx.some((other, at) => at < index && other.name === entry.name));
  if (repeated >= 0) return fail([locate(source, ['pbx', repeated, 'name'], 'expected a name of its own')]);
  const config = { ...parsed.data, pbx };
  const judged = options.judge?.(config).map((line) => locateJudged(source, line)) ?? [];
  if (judged.length > 0) return fail(judged);
  return { ok: true, config, file, files, source, migrated: documents.flatMap(stepsOf) };
}

const nowhere: ConfigProblem = { path: '', file: null, line: null, variable: null, message: '', nearest: null };

function stepsOf({ file, migrated }: ConfigDocument): readonly string[] {
  return migrated.map((step) => `${file ?? 'configuration'}: ${step}`);
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
    const message = /^\.{0,2}\//.test(type)
      ? `there is no module ${resolve(type)}`
      : `expected one of ${options.adapterTypes.join(', ')}, or the path of a module (./… or /…)`;
    problems.push({ ...locate(source, ['pbx', index, 'type'], message), nearest: nearest(type, options.adapterTypes) });
    return null;
  }
  const parsed = schema.safeParse(rest, { reportInput: true });
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
