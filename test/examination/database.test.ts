import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { database } from '../../src/examination/database.ts';
import { isOpenToOthers } from '../../src/examination/open-file.ts';
import { mayWriteAs, type Writer, writerHere } from '../../src/examination/writer.ts';
import { aorOf } from '../../src/model/aor.ts';
import { systemClock } from '../../src/model/clock.ts';
import { systemRandom } from '../../src/model/random.ts';
import { inspect, inspectNow } from '../../src/store/integrity.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import { silentLogger } from '../support/silent-logger.ts';
import { look, said } from './seen.ts';

const aor = aorOf('1001', 'lamplighter.test');
const off = { enabled: false, target: null, ringCount: null };
const origin = { kind: 'api', who: 'test', from: null, userAgent: null } as const;

describe('a database examined', () => {
  let folder = '';
  let path = '';

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'lamplighter-doctor-'));
    path = join(folder, 'lamplighter.db');
    const store = new SqliteStore({ path, clock: systemClock, random: systemRandom, logger: silentLogger });
    store.load(0);
    for (let n = 0; n < 2_000; n += 1) {
      store.appendAudit({
        at: n,
        aor,
        feature: 'dnd',
        origin,
        before: off,
        wished: off,
        after: off,
        decision: 'equal',
        reason: null,
      });
    }
    store.close();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const at = async (file: string, failure: string | null = null, writer: Writer | null = null) =>
    said(await look(database, { database: { path: file, failure, writer, inspect: () => inspect(file) } }));

  test('a whole one is well, before the first start too', async () => {
    assert.deepEqual(inspectNow(path), []);
    assert.deepEqual(await at(path), [`ok: ${path} is whole, and has room`]);
    const absent = join(folder, 'not', 'yet', 'x.db');
    assert.deepEqual(await at(absent), [`ok: ${absent} is not there yet: the first start makes it`]);
  });

  test('before the first start the folder has to be writable for who starts the daemon', async () => {
    const absent = join(folder, 'not', 'yet', 'x.db');
    const asked: string[] = [];
    const writer = (name: string | null, may: boolean): Writer => ({
      name,
      mayWrite: (file) => {
        asked.push(file);
        return may;
      },
    });
    assert.deepEqual(await at(absent, null, writer(null, true)), [
      `ok: ${absent} is not there yet: the first start makes it`,
    ]);
    assert.deepEqual(await at(absent, null, writer(null, false)), [
      `fail: this user may not write ${folder}: a start ends with store-unwritable`,
    ]);
    assert.deepEqual(asked, [folder, folder], 'the nearest that there is');
    assert.match(
      (await at(absent, null, writer('lamplighter', false)))[0]!,
      /^warn: the user lamplighter may not write/,
    );
  });

  test('one that is there has to be writable with its folder, but only a start would notice', async () => {
    const mayNot = (file: string): Writer => ({ name: null, mayWrite: (one) => one !== file });
    for (const file of [path, folder]) {
      assert.match((await at(path, null, mayNot(file)))[0]!, new RegExp(`^fail: this user may not write ${file}: `));
    }
  });

  test('whether another user may write is told by the modes of all folders above', () => {
    const place = mkdtempSync(join(folder, 'modes-'));
    const [stranger, member] = [
      { uid: 54_321, gids: [54_321] },
      { uid: 54_321, gids: [54_321, process.getgid?.() ?? 0] },
    ];
    const owner = { uid: process.getuid?.() ?? 0, gids: [] };
    chmodSync(folder, 0o711);
    const mays = (mode: number) => {
      chmodSync(place, mode);
      return [owner, member, stranger].map((one) => mayWriteAs(one, place));
    };
    // root may everything
    const may = owner.uid === 0;
    assert.deepEqual(mays(0o700), [true, false, false]);
    assert.deepEqual(mays(0o770), [true, true, false]);
    assert.deepEqual(mays(0o777), [true, true, true]);
    assert.deepEqual(mays(0o555), [may, false, false]);
    chmodSync(place, 0o777);
    chmodSync(folder, 0o700);
    assert.equal(mayWriteAs(stranger, place), false, 'he does not come to it');
    assert.equal(mayWriteAs(stranger, join(place, 'absent')), false);
  });

  test('root asks for the user of the daemon, where there is one', () => {
    const etc = mkdtempSync(join(folder, 'etc-'));
    assert.equal(writerHere(0, etc).name, null);
    writeFileSync(join(etc, 'passwd'), 'root:x:0:0::/root:/bin/sh\nlamplighter:x:54321:54321::/:/bin/false\n');
    assert.equal(writerHere(1000, etc).name, null);
    const writer = writerHere(0, etc);
    assert.equal(writer.name, 'lamplighter');
    assert.equal(writer.mayWrite(folder), false);
    const own = writerHere(1000, etc);
    assert.deepEqual([own.mayWrite(folder), own.mayWrite(join(folder, 'absent'))], [true, false]);
  });

  test('one that is open beside us is read, and nothing of it changes', async () => {
    const store = new SqliteStore({ path, clock: systemClock, random: systemRandom, logger: silentLogger });
    try {
      assert.deepEqual(await at(path), [`ok: ${path} is whole, and has room`]);
      assert.equal(store.health(), null);
    } finally {
      store.close();
    }
  });

  test('damage is found: pages overwritten, cut off, and no database at all', async () => {
    const spoilt = join(folder, 'spoilt.db');
    const bytes = readFileSync(path);
    writeFileSync(spoilt, bytes, { mode: 0o600 });
    const fd = openSync(spoilt, 'r+');
    writeSync(fd, Buffer.alloc(4096 * 4, 0x5a), 0, 4096 * 4, 4096 * 8);
    assert.match((await at(spoilt))[0]!, /^fail: .* is damaged: /);
    writeFileSync(spoilt, bytes);
    truncateSync(spoilt, 4096 * 6 + 100);
    assert.match((await at(spoilt))[0]!, /^fail: .* is damaged: /);
    writeFileSync(spoilt, 'no database, but long enough to be read as one. '.repeat(100));
    assert.match((await at(spoilt))[0]!, /^fail: .* is damaged: .*not a database/);
  });

  test('a failure to write is told', async () => {
    assert.match((await at(path, 'disk full'))[0]!, /^fail: nothing can be written: disk full/);
  });

  test('one that others may open is a failure, where they can come to it at all', async () => {
    chmodSync(path, 0o644);
    assert.deepEqual(await at(path), [`ok: ${path} is whole, and has room`], 'its folder is closed');
    chmodSync(folder, 0o755);
    assert.equal(isOpenToOthers(path), true);
    assert.match((await at(path))[0]!, /^fail: other users of this host may open/);
    chmodSync(path, 0o600);
    assert.equal(isOpenToOthers(path), false);
    chmodSync(folder, 0o700);
  });

  test('a log of writes that nobody ends is named with its size', async () => {
    writeFileSync(`${path}-wal`, '', { mode: 0o600 });
    truncateSync(`${path}-wal`, 65 * 1024 * 1024);
    const file = { path, failure: null, writer: null, inspect: async () => [] };
    assert.match(said(await look(database, { database: file }))[0]!, /^warn: .*-wal has 65 MB/);
    rmSync(`${path}-wal`);
  });
});
