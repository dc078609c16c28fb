import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { configSchema } from '../../src/config/schema.ts';
import { ProfileRoom } from '../../src/wiring/profiles.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { silentLogger } from '../support/silent-logger.ts';

const domain = 'lamplighter.test';
let top: string;
let room: ProfileRoom;
const heard: string[] = [];

const configOf = (profiles: object) => configSchema.parse({ domain, profiles });
const of = (name: string) => room.shelves.get({ kind: 'user', domain, name })?.content ?? null;

// Of this file alone: others share its process (test/run/files.ts).
describe('profiles of another configuration', () => {
  beforeEach(async () => {
    top = mkdtempSync(join(tmpdir(), 'lamplighter-profiles-'));
    for (const folder of ['one', 'two', 'none']) mkdirSync(join(top, folder, 'users'), { recursive: true });
    writeFileSync(join(top, 'one/users/1001.xml'), '<one/>');
    writeFileSync(join(top, 'one/users/1002.xml'), '<same/>');
    writeFileSync(join(top, 'two/users/1002.xml'), '<same/>');
    writeFileSync(join(top, 'two/users/1003.xml'), '<two/>');
    const config = configOf({ directory: join(top, 'one') });
    room = new ProfileRoom({ config, clock: new FakeClock(), logger: silentLogger }, {} as never, []);
    await room.start();
    heard.length = 0;
    room.shelves.onChange((keys) => heard.push(...keys.map(({ name }) => name)));
  });
  afterEach(async () => {
    await room.stop();
    rmSync(top, { recursive: true });
  });

  const plainly = (change: () => void) => change();

  test('another folder takes the place of the first: what differs is told, what is the same is not', async () => {
    assert.equal(of('1001'), '<one/>');
    await room.exchange(configOf({ directory: join(top, 'two') }), plainly);
    assert.deepEqual([of('1001'), of('1002'), of('1003')], [null, '<same/>', '<two/>']);
    assert.deepEqual(heard.sort(), ['1001', '1003']);
  });

  test('an empty folder, and none at all, leave no document of the one before', async () => {
    await room.exchange(configOf({ directory: join(top, 'none') }), plainly);
    assert.deepEqual([of('1001'), of('1002')], [null, null]);
    await room.exchange(configOf({ directory: join(top, 'one') }), plainly);
    assert.equal(of('1001'), '<one/>');
    await room.exchange(configOf({}), plainly);
    assert.equal(of('1001'), null);
  });

  test('another way of delivery is put in place within what tells phones of it, and once', async () => {
    let told = 0;
    const url = 'https://conf.example.com/{user}.xml';
    const deliver = (change: () => void) => {
      assert.equal(room.shelves.delivery.url, null);
      change();
      told += 1;
    };
    await room.exchange(configOf({ directory: join(top, 'one'), url, prefer: 'url' }), deliver);
    assert.equal(room.shelves.delivery.url, url);
    await room.exchange(configOf({ directory: join(top, 'one'), url, prefer: 'url', pollSeconds: 60 }), deliver);
    assert.equal(told, 1);
    assert.equal(of('1001'), '<one/>');
  });
});
