import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/model/clock.ts';
import { systemRandom } from '../../src/model/random.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import { subscriptionRow } from '../contracts/store.ts';
import { silentLogger } from '../support/silent-logger.ts';

const open = (path: string) =>
  new SqliteStore({ path, clock: systemClock, random: systemRandom, logger: silentLogger });

/** Rights of everybody else on this host. */
const others = (path: string): number => statSync(path).mode & 0o007;

test('the database, its companions and its backup are closed to other users of the host', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-store-'));
  try {
    const path = join(folder, 'lamplighter.db');
    const store = open(path);
    store.load(0);
    await store.putSubscription(subscriptionRow(1));
    const backup = join(folder, 'backup.db');
    await store.backup(backup);
    const files = [path, `${path}-wal`, `${path}-shm`, `${path}.lock`, backup];
    for (const file of files.filter((name) => existsSync(name))) assert.equal(others(file), 0, file);
    assert.ok(existsSync(`${path}-wal`), 'there was a companion to look at');
    store.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a database that an earlier version left open to everybody is closed; what its group may stays', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-store-'));
  try {
    const path = join(folder, 'lamplighter.db');
    writeFileSync(path, '');
    chmodSync(path, 0o664);
    open(path).close();
    assert.equal(statSync(path).mode & 0o777, 0o660);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
