import assert from 'node:assert/strict';
import fs, { readdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { test } from 'node:test';
import { replaceFile, tried } from '../../src/setup/own-files.ts';
import { Home } from '../support/daemon.ts';

const own = { mode: 0o600, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

test('why a file cannot be written is said in words, with what to do', () => {
  const failing = (code: string) =>
    tried('/etc/x/y', () => {
      throw Object.assign(new Error(`${code}: it failed`), { code });
    });
  for (const [code, refusal, words] of [
    ['EROFS', 'read-only', /file system of \/etc\/x is read-only/],
    ['ENOSPC', 'no-space', /the disk is full/],
    ['EACCES', 'not-permitted', /run setup as root/],
    ['EPERM', 'not-permitted', /run setup as root/],
    ['EIO', 'not-written', /EIO: it failed/],
  ] as const) {
    const outcome = failing(code);
    assert.equal(outcome.ok, false);
    if (outcome.ok) continue;
    assert.equal(outcome.refusal.code, refusal);
    assert.match(outcome.refusal.message, words);
  }
});

test('a file is complete or not there, with the rights it is to have, and nothing is left beside it', () => {
  const home = new Home();
  try {
    replaceFile(home.path('a'), Buffer.from('x'), own);
    replaceFile(home.path('a'), Buffer.from('y'.repeat(1_000_000)), { ...own, mode: 0o640 });
    assert.equal(statSync(home.path('a')).size, 1_000_000);
    assert.equal(statSync(home.path('a')).mode & 0o777, 0o640);
    assert.throws(() => replaceFile(home.path('no/a'), Buffer.from('x'), own));
    assert.deepEqual(readdirSync(home.folder), ['a']);
  } finally {
    home.remove();
  }
});

test('who owns the folder cannot put a link to a file of somebody else in the way of its rights', () => {
  const home = new Home();
  const fsync = fs.fsyncSync;
  try {
    writeFileSync(home.path('victim'), 'theirs', { mode: 0o600 });
    // between the last byte and the rights
    fs.fsyncSync = (file) => {
      fsync(file);
      renameSync(home.path('a.new'), home.path('away'));
      symlinkSync(home.path('victim'), home.path('a.new'));
    };
    syncBuiltinESMExports();
    replaceFile(home.path('a'), Buffer.from('ours'), { ...own, mode: 0o644 });
    assert.equal(statSync(home.path('victim')).mode & 0o777, 0o600);
    assert.equal(statSync(home.path('away')).mode & 0o777, 0o644);
  } finally {
    fs.fsyncSync = fsync;
    syncBuiltinESMExports();
    home.remove();
  }
});
