import { renameSync, rmSync } from 'node:fs';
import { Fault } from '../model/errors.ts';
import type { Driver } from './driver.ts';
import { first } from './migrations/0001-first.ts';
import { pulses } from './migrations/0002-pulses.ts';
import { extras } from './migrations/0003-extras.ts';
import { publications } from './migrations/0004-publications.ts';
import { profiles } from './migrations/0005-profiles.ts';
import { registrations } from './migrations/0006-registrations.ts';
import { dialogLines } from './migrations/0007-dialog-lines.ts';
import { makePrivate } from './privacy.ts';

/** Step n leads from schema n to n+1. Steps are never edited once released. */
const steps: readonly string[] = [first, pulses, extras, publications, profiles, registrations, dialogLines];

/** The schema that this version writes. */
export const schemaVersion = steps.length;

/**
 * Brings the schema up to date, all steps or none: what failed once can be tried again from where it was. Before an existing
 * database is changed a copy is left beside it (`PATH.before-vN`). Throws `store-newer` where a later Lamplighter wrote it.
 */
export function migrate(driver: Driver, path: string): void {
  const version = Number(driver.pragma('user_version'));
  if (version > steps.length) {
    throw new Fault('store-newer', `database ${path}: schema ${version}, this version knows ${steps.length}`);
  }
  if (version === steps.length) return;
  if (version > 0) keepCopy(driver, path);
  driver.transaction(() => {
    for (const sql of steps.slice(version)) driver.exec(sql);
    driver.pragma(`user_version = ${steps.length}`);
  });
}

/** A copy of an earlier upgrade to this version is older than this one, and gives way once this one is whole. */
function keepCopy(driver: Driver, path: string): void {
  const copy = `${path}.before-v${steps.length}`;
  const part = `${copy}.part`;
  try {
    rmSync(part, { force: true }); // of an upgrade that was cut short: VACUUM writes into no file with something in it
    makePrivate(part);
    driver.prepare('VACUUM INTO ?').run(part);
    renameSync(part, copy);
  } catch (error) {
    if (error instanceof Fault)
      removeIfPossible(part); // half a copy would keep a full disk full
    else throw new Fault('store-unwritable', `database ${path}: ${copy} cannot be written`, error);
    throw error;
  }
}

function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // the next upgrade tries again; why this one ended is what the admin must hear
  }
}
