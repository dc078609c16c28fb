import { readFileSync } from 'node:fs';

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
  for (const name of ['password', 'token']) {
    const file = record[`${name}File`];
    if (typeof file !== 'string') continue;
    const at = [...path, `${name}File`];
    if (record[name] !== undefined) problems.push({ path: at, message: `${name} and ${name}File exclude each other` });
    try {
      record[name] = readFileSync(file, 'utf8').replace(/[\r\n]+$/, '');
    } catch (error) {
      problems.push({ path: at, message: `cannot be read: ${(error as Error).message}` });
    }
    delete record[`${name}File`];
  }
  for (const [key, child] of Object.entries(record)) walk(child, [...path, key], problems);
}
