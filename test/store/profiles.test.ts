import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { aorOf } from '../../src/model/aor.ts';
import { systemClock } from '../../src/model/clock.ts';
import type { ProfileDocument } from '../../src/model/profile-document.ts';
import { systemRandom } from '../../src/model/random.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import { silentLogger } from '../support/silent-logger.ts';

const hostile: ProfileDocument = {
  kind: 'device',
  domain: 'lamplighter.test',
  name: '001565112233',
  contentType: 'text/plain;charset=utf-8',
  content: "'); DROP TABLE profiles;-- Zoë 🙂\r\n",
  etag: 'abc',
  readers: [aorOf("O'Brien", 'lamplighter.test')],
  effectiveBy: 0,
  updatedAt: 1_700_000_000_000,
};

function place(work: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'store-'));
  try {
    work(join(folder, 'lamplighter.db'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const open = (path: string) =>
  new SqliteStore({ path, clock: systemClock, random: systemRandom, logger: silentLogger });

test('profile documents are there after a restart, as they were put last, and deleted ones are not', () =>
  place((path) => {
    const store = open(path);
    const model = { ...hostile, kind: 'model', name: 'snom', readers: 'everybody', effectiveBy: null } as const;
    store.putProfile({ ...hostile, content: 'old' });
    store.putProfile(hostile);
    store.putProfile(model);
    store.putProfile({ ...model, name: 'yealink' });
    store.deleteProfile({ ...model, name: 'yealink' });
    store.close();
    const again = open(path);
    assert.deepEqual(again.load(0).profiles, [hostile, model]);
    again.close();
  }));

test('they are on disk when put returns: a second connection sees them at once', () =>
  place((path) => {
    const store = open(path);
    store.putProfile(hostile);
    const other = new Database(path, { readonly: true });
    assert.deepEqual(other.prepare('SELECT content FROM profiles').all(), [{ content: hostile.content }]);
    other.close();
    store.close();
  }));
