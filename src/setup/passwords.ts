import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Secrets } from '../../adapters/discovery.ts';
import type { Outcome } from '../model/outcome.ts';
import { granted } from '../model/outcome.ts';
import { type Random, token } from '../model/random.ts';
import { makeFolder, type Ownership, ownershipOf, replaceFile, tried } from './own-files.ts';

export type SecretName = 'ami' | 'ari' | 'esl';

const bits = 192;

/** What may stand in a .conf file, in XML and in a login without any quoting. */
const safe = /^[A-Za-z0-9_.-]{8,128}$/;

/** Whether it can be added to the files of every PBX as it is. */
export function isPlain(password: string): boolean {
  return safe.test(password);
}

export interface Password {
  readonly text: string;
  /** The file holds another one, or there is none. */
  readonly unwritten: boolean;
}

/**
 * The password of an account: the PBX's own where it has one, else that of an earlier setup, else a new one.
 *
 * @param onPbx null: the PBX has no such account yet.
 * @param inFile what the file holds; null: there is none.
 */
export function passwordFor(onPbx: string | null, inFile: string | null, random: Random): Password {
  if (onPbx !== null) return { text: onPbx, unwritten: onPbx !== inFile };
  if (inFile !== null && isPlain(inFile)) return { text: inFile, unwritten: false };
  return { text: token(random, bits), unwritten: true };
}

/** One that nobody keeps. */
export function throwaway(random: Random): string {
  return token(random, bits);
}

/** Lines for people: passwords stand as `[hidden]`. */
export const hidden: Secrets = { ami: '[hidden]', ari: '[hidden]', esl: '[hidden]', sip: '[hidden]' };

/**
 * Writes each into a file of its own, beside the configuration; only its owner may read it. All of them or none. Refusals of
 * `tried`.
 *
 * @returns puts back what was there: for whom the next step fails.
 */
export function writePasswords(
  folder: string,
  passwords: Readonly<Partial<Record<SecretName, Password>>>,
  owner: Ownership,
): Outcome<() => void> {
  const undoing: (() => void)[] = [];
  const undo = (): void => {
    for (const one of undoing.splice(0).reverse()) one();
  };
  for (const [name, password] of Object.entries(passwords)) {
    if (password === undefined) continue;
    const path = join(folder, name);
    const now = ownershipOf(path);
    const isOpen = now !== null && (now.mode & 0o077) !== 0;
    if (!password.unwritten && !isOpen) continue;
    const outcome = tried(path, () => {
      undoing.push(makeFolder(folder, owner));
      const before = now === null ? null : readFileSync(path);
      replaceFile(path, Buffer.from(`${password.text}\n`), { ...(now ?? owner), mode: 0o600 });
      undoing.push(() => putBack(path, before, now));
    });
    if (outcome.ok) continue;
    undo();
    return outcome;
  }
  return granted(undo);
}

function putBack(path: string, before: Buffer | null, ownership: Ownership | null): void {
  tried(path, () => {
    if (before === null || ownership === null) rmSync(path, { force: true });
    else replaceFile(path, before, ownership);
  });
}
