import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/model/clock.ts';
import { Fault } from '../../src/model/errors.ts';
import { systemRandom } from '../../src/model/random.ts';
import { Driver } from '../../src/store/driver.ts';
import { schemaVersion } from '../../src/store/migrate.ts';
import { first } from '../../src/store/migrations/0001-first.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import { storeContract, subscriptionRow } from '../contracts/store.ts';
import { RecordingLogger, silentLogger } from '../support/silent-logger.ts';

function open(path: string, logger = silentLogger): SqliteStore {
  return new SqliteStore({ path, clock: systemClock, random: systemRandom, logger });
}

function inFolder(work: (folder: string) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lamplighter-store-'));
    try {
      await work(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

storeContract('sqlite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-store-'));
  return {
    open: (path = join(folder, 'deep', 'lamplighter.db')) => open(path),
    backupPath: join(folder, 'backup.db'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
});

test(
  'a second daemon on the same database is refused with store-locked, and let in when the first has ended',
  inFolder((folder) => {
    const path = join(folder, 'one.db');
    const first = open(path);
    assert.throws(
      () => open(path),
      (error) => error instanceof Fault && error.code === 'store-locked',
    );
    first.close();
    open(path).close();
  }),
);

test(
  'a database of a later version is refused and left as it is',
  inFolder((folder) => {
    const path = join(folder, 'new.db');
    open(path).close();
    const driver = new Driver(path);
    driver.pragma('user_version = 99');
    driver.close();
    assert.throws(
      () => open(path),
      (error) => error instanceof Fault && error.code === 'store-newer',
    );
  }),
);

test(
  'a file that is no database is named corrupt, not overwritten',
  inFolder((folder) => {
    const path = join(folder, 'text.db');
    writeFileSync(path, 'not a database, but long enough to be looked at by anything that reads headers'.repeat(20));
    assert.throws(
      () => open(path),
      (error) => error instanceof Fault && error.code === 'store-corrupt',
    );
  }),
);

test(
  'a folder that cannot be made is a store-unwritable fault with a fix',
  inFolder((folder) => {
    writeFileSync(join(folder, 'file'), '');
    assert.throws(
      () => open(join(folder, 'file', 'below', 'lamplighter.db')),
      (error) => error instanceof Fault && error.code === 'store-unwritable' && error.fix.length > 10,
    );
  }),
);

test(
  'a store.path that is a folder or a pipe is refused at once (opening a pipe waits for a reader)',
  inFolder((folder) => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const [path, why] of [
      [folder, /a folder, name a file in it/],
      [pipe, /no regular file/],
    ] as const) {
      assert.throws(
        () => open(path),
        (error) => error instanceof Fault && error.code === 'store-unwritable' && why.test(error.message),
      );
    }
  }),
);

test(
  'a store.path that leads nowhere is a store-unwritable fault',
  inFolder((folder) => {
    const link = join(folder, 'lamplighter.db');
    symlinkSync(link, link);
    assert.throws(
      () => open(link),
      (error) => error instanceof Fault && error.code === 'store-unwritable',
    );
  }),
);

test('a path below /proc is refused at once (a recursive mkdir there never ended)', {
  skip: process.platform !== 'linux',
}, () => {
  assert.throws(
    () => open('/proc/lamplighter/x/lamplighter.db'),
    (error) => error instanceof Fault && error.code === 'store-unwritable',
  );
});

test(
  'a disk that turned read-only is a store-unwritable fault with a fix',
  inFolder((folder) => {
    const driver = new Driver(join(folder, 'ro.db'));
    driver.exec('CREATE TABLE t (x)');
    driver.pragma('query_only = ON'); // SQLite answers as it does on a read-only file system
    assert.throws(
      () => driver.exec('INSERT INTO t VALUES (1)'),
      (error) => error instanceof Fault && error.code === 'store-unwritable' && /writable/.test(error.fix),
    );
    driver.close();
  }),
);

test(
  'a full disk refuses a birth, is said once, and the store works again when there is room',
  inFolder(async (folder) => {
    const logger = new RecordingLogger();
    const path = join(folder, 'full.db');
    const store = open(path, logger);
    store.load(0);
    // max_page_count is SQLite's own disk-full: the same SQLITE_FULL that a full file system gives
    store.limitPages(1);
    const big = 'x'.repeat(20_000);
    await assert.rejects(store.putSubscription(subscriptionRow(1, { entity: big })), (error) => {
      return error instanceof Fault && error.code === 'store-full';
    });
    await assert.rejects(store.putSubscription(subscriptionRow(2, { entity: big })));
    assert.match(store.health() ?? '', /full/);
    assert.equal(logger.lines.filter((line) => line.level === 'error').length, 1);
    store.limitPages(1_000_000);
    await store.putSubscription(subscriptionRow(3, { entity: big }));
    assert.equal(store.health(), null);
    store.close();
  }),
);

test(
  'kill -9 right after a birth was promised loses nothing',
  inFolder(async (folder) => {
    const path = join(folder, 'killed.db');
    const module = new URL('./birth-then-wait.js', import.meta.url).pathname;
    const child = spawn(process.execPath, [module, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.ok(existsSync(path));
    const store = open(path);
    const loaded = store.load(0);
    assert.equal(loaded.subscriptions.length, 1);
    assert.deepEqual(
      Array.from(loaded.subscriptions, ({ cseqLimit }) => cseqLimit),
      [7000],
    );
    store.close();
  }),
);

test(
  'a database of the first schema is brought up to date: rows and limits are kept, and a copy is left beside it',
  inFolder((folder) => {
    const path = join(folder, 'lamplighter.db');
    const old = firstSchema(path);
    old.exec(
      `INSERT INTO subscriptions VALUES (7,'a@b','dialog',NULL,'sip:a@b','x/y',NULL,'sip:d',NULL,1,900,'{}','["c1"]',4000,5000)`,
    );
    old.close();
    const store = open(path);
    store.reserveAll(1000, 2000);
    const [row] = store.load(0).subscriptions;
    assert.deepEqual(
      [row?.id, row?.shown, row?.remoteCseq, row?.cseqLimit, row?.versionLimit],
      [7, ['c1'], 0, 5000, 7000],
    );
    store.close();
    assert.ok(existsSync(`${path}.before-v${schemaVersion}`));
  }),
);

/** A database as the first version left it. */
function firstSchema(path: string): Driver {
  const driver = new Driver(path);
  driver.exec(first);
  driver.pragma('user_version = 1');
  return driver;
}

test(
  'an upgrade that fails can be tried again: the database is as it was, and the copy is made anew',
  inFolder((folder) => {
    const path = join(folder, 'lamplighter.db');
    const copy = `${path}.before-v${schemaVersion}`;
    const driver = firstSchema(path);
    driver.exec('CREATE TABLE registrations (mine INTEGER)'); // in the way of a later step
    for (const _attempt of [1, 2]) {
      assert.throws(() => open(path), /registrations already exists/);
      assert.equal(driver.pragma('user_version'), 1);
    }
    driver.exec('DROP TABLE registrations');
    driver.exec(`INSERT INTO meta VALUES ('newest', x'')`);
    driver.close();
    writeFileSync(`${copy}.part`, 'cut short');
    open(path).close();
    const kept = new Driver(copy, { readonly: true });
    assert.equal(kept.pragma('user_version'), 1);
    assert.equal(kept.prepare(`SELECT count(*) AS rows FROM meta WHERE key = 'newest'`).get()?.['rows'], 1);
    kept.close();
    assert.ok(!existsSync(`${copy}.part`));
  }),
);

test(
  'an upgrade whose copy cannot be written changes nothing, and leaves the copy of an earlier one alone',
  inFolder((folder) => {
    const path = join(folder, 'lamplighter.db');
    const copy = `${path}.before-v${schemaVersion}`;
    const driver = firstSchema(path);
    writeFileSync(copy, 'of an earlier upgrade');
    mkdirSync(`${copy}.part`);
    assert.throws(
      () => open(path),
      (error) => error instanceof Fault && error.code === 'store-unwritable',
    );
    assert.equal(driver.pragma('user_version'), 1);
    driver.close();
    assert.equal(readFileSync(copy, 'utf8'), 'of an earlier upgrade');
  }),
);

test(
  'one database under two names is in use under both, the one that links to a file not made yet included',
  inFolder((folder) => {
    const [path, link] = [join(folder, 'lamplighter.db'), join(folder, 'link.db')];
    symlinkSync(path, link);
    for (const [one, other] of [
      [link, path],
      [path, link],
    ] as const) {
      const store = open(one);
      assert.throws(
        () => open(other),
        (error) => error instanceof Fault && error.code === 'store-locked' && error.message.includes(other),
      );
      store.close();
    }
  }),
);

test(
  'a database that cannot be used leaves no lock behind: cured, it opens in the same process',
  inFolder((folder) => {
    const path = join(folder, 'lamplighter.db');
    open(path).close();
    const driver = new Driver(path);
    driver.pragma('user_version = 99');
    assert.throws(
      () => open(path),
      (error) => error instanceof Fault && error.code === 'store-newer',
    );
    driver.pragma(`user_version = ${schemaVersion}`);
    driver.exec('ALTER TABLE legs RENAME TO elsewhere');
    assert.throws(() => open(path), /no such table: legs/);
    driver.exec('ALTER TABLE elsewhere RENAME TO legs');
    driver.close();
    open(path).close();
  }),
);
