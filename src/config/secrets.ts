import { readFileSync } from 'node:fs';

/** The settings that are secret: each may stand in a file of its own, named by `passwordFile` or `tokenFile`. */
const secrets = ['password', 'token'] as const;

export const fileKeys: readonly string[] = secrets.map((name) => `${name}File`);

/** Holds the place of a secret whose file is bad, so that it is one problem and not two; long enough for any schema. */
const unread = 'the file could not be read';

/** What is wrong with one secret file, at the path of its key. */
export interface SecretProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/**
 * Replaces every `passwordFile` and `tokenFile` by the `password` or `token` that the file holds (its text without the
 * line end), so that no secret need stand in the configuration.
 */
export function readSecrets(tree: unknown): SecretProblem[] {
  const problems: SecretProblem[] = [];
  walk(tree, [], problems);
  return problems;
}

function walk(node: unknown, path: readonly (string | number)[], problems: SecretProblem[]): void {
  if (Array.isArray(node)) {
    for (const [index, child] of node.entries()) walk(child, [...path, index], problems);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  const record = node as Record<string, unknown>;
  for (const name of secrets) {
    const file = record[`${name}File`];
    if (typeof file !== 'string') continue;
    const at = [...path, `${name}File`];
    if (record[name] !== undefined) problems.push({ path: at, message: `${name} and ${name}File exclude each other` });
    try {
      record[name] = readFileSync(file, 'utf8').replace(/[\r\n]+$/, '');
    } catch (error) {
      record[name] = unread;
      problems.push({ path: at, message: `${file}: ${whyUnread(error)}` });
    }
    delete record[`${name}File`];
  }
  for (const [key, child] of Object.entries(record)) walk(child, [...path, key], problems);
}

/** Why a file could not be read, for people. */
export function whyUnread(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const known = { ENOENT: 'no such file', EACCES: 'may not be read by this user', EISDIR: 'is a folder, not a file' };
  return known[code as keyof typeof known] ?? message;
}
