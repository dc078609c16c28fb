import { isAbsolute, resolve } from 'node:path';
import { notUtf8, readTextFile, unreadable } from './text-file.ts';

/** The settings that are secret: each may stand in a file of its own, named by `passwordFile`, `tokenFile` or `secretFile`. */
const secrets = ['password', 'token', 'secret'] as const;

export const fileKeys: readonly string[] = secrets.map((name) => `${name}File`);

/** Holds the place of a secret whose file is bad, so that it is one problem and not two; long enough for any schema, and without a space. */
const unread = 'the-file-could-not-be-read';

/** What is wrong with one secret file, at the path of its key. */
export interface SecretProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What became of the secret files. */
export interface Secrets {
  readonly problems: readonly SecretProblem[];
  /** Dotted paths of the secrets that came from a file: `http.token`, which the configuration has as `http.tokenFile`. */
  readonly read: ReadonlySet<string>;
}

/**
 * Replaces every `passwordFile`, `tokenFile` and `secretFile` by the `password`, `token` or `secret` that the file holds (its text without the
 * line end), so that no secret need stand in the configuration.
 */
export function readSecrets(tree: unknown): Secrets {
  const problems: SecretProblem[] = [];
  const read = new Set<string>();
  walk(tree, [], problems, read);
  return { problems, read };
}

function walk(node: unknown, path: readonly (string | number)[], problems: SecretProblem[], read: Set<string>): void {
  if (Array.isArray(node)) {
    for (const [index, child] of node.entries()) walk(child, [...path, index], problems, read);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  const record = node as Record<string, unknown>;
  for (const name of secrets) {
    const file = record[`${name}File`];
    if (typeof file !== 'string') continue;
    const at = [...path, `${name}File`];
    if (record[name] !== undefined) problems.push({ path: at, message: `${name} and ${name}File exclude each other` });
    const secret = secretIn(file);
    record[name] = secret.text ?? unread;
    if (secret.text === null) problems.push({ path: at, message: `${file}: ${secret.fault}` });
    read.add([...path, name].join('.'));
    delete record[`${name}File`];
  }
  for (const [key, child] of Object.entries(record)) walk(child, [...path, key], problems, read);
}

function secretIn(file: string): { readonly text: string } | { readonly text: null; readonly fault: string } {
  let text: string;
  try {
    // an editor of Windows begins a file with a mark that nobody sees
    text = readTextFile(file).replace(/^\ufeff|[\r\n]+$/g, '');
  } catch (error) {
    return { text: null, fault: whyUnread(error) };
  }
  if (text.includes(unreadable)) return { text: null, fault: notUtf8 };
  if (text === '') return { text: null, fault: 'is empty' };
  return /[\r\n]/.test(text) ? { text: null, fault: 'holds more than one line' } : { text };
}

/** Why a file could not be read, for people. */
export function whyUnread(error: unknown): string {
  const { code, message, path } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' && path !== undefined && !isAbsolute(path)) {
    return `no such file; from the folder where this was started it is ${resolve(path)}`;
  }
  const known = { ENOENT: 'no such file', EACCES: 'may not be read by this user', EISDIR: 'is a folder, not a file' };
  return known[code as keyof typeof known] ?? message;
}
