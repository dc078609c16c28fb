import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { aorOf } from '../../src/model/aor.ts';
import type { ProfileKey } from '../../src/model/profile-document.ts';
import { ProfileDirectory } from '../../src/profiles/directory.ts';
import { mostBytes } from '../../src/profiles/document.ts';
import { bytesOf, entriesBelow } from '../../src/profiles/files.ts';
import { Shelves } from '../../src/profiles/shelves.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/silent-logger.ts';

const [domain, tenant] = ['lamplighter.test', 'tenant.test'];

class Rig {
  readonly top = mkdtempSync(join(tmpdir(), 'profiles-'));
  /** Later than all files of the test, so that they count as finished. */
  readonly clock = new FakeClock(Date.now() + 60_000);
  readonly logger = new RecordingLogger();
  readonly shelves = new Shelves({ url: null, prefer: 'document', effectiveBy: null });
  readonly changes: string[] = [];
  readonly directory: ProfileDirectory;

  constructor(path = this.top) {
    this.shelves.onChange((keys) => this.changes.push(...keys.map(({ kind, name }) => `${kind} ${name}`)));
    this.directory = new ProfileDirectory({
      path,
      pollMs: 5_000,
      types: { cfg: 'application/x-phone' },
      domains: [domain, tenant],
      shelves: this.shelves,
      clock: this.clock,
      logger: this.logger,
    });
  }

  write(path: string, content: string | Buffer): void {
    const place = join(this.top, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, content);
  }

  get(kind: ProfileKey['kind'], name: string, of = domain) {
    return this.shelves.get({ kind, name, domain: of });
  }

  get complaints(): readonly string[] {
    return this.logger.lines.map(({ message, fields }) => `${(fields as { file?: string }).file}: ${message}`);
  }
}

async function rig(work: (it: Rig) => Promise<void>): Promise<void> {
  const it = new Rig();
  try {
    await work(it);
  } finally {
    await it.directory.stop();
    assert.equal(it.clock.pending, 0, 'no timer is left');
    rmSync(it.top, { recursive: true });
  }
}

describe('a folder of profiles', () => {
  it('is laid out by what a document is for, and types go by endings', () =>
    rig(async (it) => {
      it.write('users/1001.xml', '<user/>');
      it.write('devices/00-15-65-11-22-33.cfg', 'device');
      it.write('devices/0004F2ABCDEF.json', '{}');
      it.write('models/Yealink.txt', 'make');
      it.write('models/Yealink/SIP-T54W.txt', 'model');
      it.write('models/Yealink/SIP-T54W/96.85.0.5.txt', 'version');
      it.write('local-network/default.url', 'https://prov.test/');
      it.write(`domains/${tenant}/users/1001.xml`, '<tenant/>');
      await it.directory.start();
      assert.deepEqual(it.complaints, []);
      const shown = it.shelves
        .list()
        .map(({ document: { kind, name, domain: of, contentType, content } }) => [
          kind,
          name,
          of,
          contentType,
          content,
        ]);
      assert.deepEqual(shown, [
        ['device', '0004f2abcdef', domain, 'application/json', '{}'],
        ['device', '001565112233', domain, 'application/x-phone', 'device'],
        ['local-network', 'default', domain, 'application/url', 'https://prov.test/'],
        ['model', 'yealink', domain, 'text/plain', 'make'],
        ['model', 'yealink/sip-t54w', domain, 'text/plain', 'model'],
        ['model', 'yealink/sip-t54w/96.85.0.5', domain, 'text/plain', 'version'],
        ['user', '1001', domain, 'application/xml', '<user/>'],
        ['user', '1001', tenant, 'application/xml', '<tenant/>'],
      ]);
    }));

  it("says who may have a phone's document in a file beside it; without one nobody may", () =>
    rig(async (it) => {
      it.write('devices/001565112233.cfg', 'x');
      it.write('devices/001565112244.cfg', 'x');
      it.write('devices/001565112244.owners', '# the reception\n1001\n 1002 # and his deputy\n\n1001\n');
      it.write('devices/001565112255.cfg', 'x');
      it.write('devices/001565112255.owners', '*\n');
      it.write('models/snom.txt', 'x');
      await it.directory.start();
      assert.deepEqual(it.get('device', '001565112233')?.readers, []);
      assert.deepEqual(it.get('device', '001565112244')?.readers, [aorOf('1001', domain), aorOf('1002', domain)]);
      assert.equal(it.get('device', '001565112255')?.readers, 'everybody');
      assert.equal(it.get('model', 'snom')?.readers, 'everybody');
    }));

  it('is looked through again: what came, changed or went is told, and nothing else', () =>
    rig(async (it) => {
      it.write('users/1001.xml', '<a/>');
      it.write('users/1002.xml', '<b/>');
      await it.directory.start();
      it.changes.length = 0;
      await it.directory.look();
      assert.deepEqual(it.changes, []);
      it.write('users/1001.xml', '<changed/>');
      it.write('users/1003.xml', '<new/>');
      rmSync(join(it.top, 'users/1002.xml'));
      await it.directory.look();
      assert.deepEqual(it.changes.splice(0).sort(), ['user 1001', 'user 1002', 'user 1003']);
      it.write('devices/001565112233.cfg', 'x');
      await it.directory.look();
      it.write('devices/001565112233.owners', '1001');
      await it.directory.look();
      assert.deepEqual(it.changes, ['device 001565112233', 'device 001565112233'], 'owners are part of it');
    }));

  it('goes on looking by the clock, with one timer and no watcher', () =>
    rig(async (it) => {
      await it.directory.start();
      for (let round = 0; round < 3; round++) {
        assert.equal(it.clock.pending, 1);
        it.write(`users/200${round}.xml`, '<x/>');
        it.clock.advance(5_000);
        await it.directory.look();
        assert.ok(it.get('user', `200${round}`) !== null);
      }
      assert.equal(it.clock.pending, 1);
    }));

  it('a file that is being written counts when it has been left alone for a second', () =>
    rig(async (it) => {
      it.write('users/1001.xml', '<whole/>');
      await it.directory.start();
      it.write('users/1001.xml', '<ha');
      const now = it.clock.now() / 1000;
      utimesSync(join(it.top, 'users/1001.xml'), now, now);
      await it.directory.look();
      assert.equal(it.get('user', '1001')?.content, '<whole/>');
      it.clock.advance(1_000);
      await it.directory.look();
      assert.equal(it.get('user', '1001')?.content, '<ha');
    }));

  it('what cannot be used is left out and named once, not at each look', () =>
    rig(async (it) => {
      it.write('users/1001.xml', Buffer.from([0x3c, 0xff, 0xfe]));
      it.write('users/1002.xml', 'x'.repeat(mostBytes + 1));
      it.write('users/deep/1003.xml', '<x/>');
      it.write('devices/nonsense.cfg', 'x');
      it.write('elsewhere/1001.xml', '<x/>');
      it.write('domains/foreign.test/users/1001.xml', '<x/>');
      it.write('users/1004.xml', '<a/>');
      it.write('users/1004.txt', 'b');
      it.write('users/nul.xml', '<a>\0</a>');
      it.write('README', 'about this folder');
      it.write('users/.1005.xml.swp', 'x');
      it.write('users/1005.xml~', 'x');
      await it.directory.start();
      const said = it.complaints;
      assert.deepEqual([...said].sort(), [
        'README: profiles: the path names no profile: left out',
        'devices/nonsense.cfg: profiles: the path names no profile: left out',
        'domains/foreign.test/users/1001.xml: profiles: the path names no profile: left out',
        'elsewhere/1001.xml: profiles: the path names no profile: left out',
        'users/1001.xml: profiles: no text in UTF-8: left out',
        `users/1002.xml: profiles: more than ${mostBytes} bytes: left out`,
        'users/1004.xml: profiles: another file is the same profile: left out',
        'users/deep/1003.xml: profiles: the path names no profile: left out',
        'users/nul.xml: profiles: no text in UTF-8: left out',
      ]);
      assert.equal(it.get('user', '1004')?.content, 'b');
      await it.directory.look();
      await it.directory.look();
      assert.equal(it.complaints.length, said.length);
    }));

  it('nothing outside of it is served, wherever a link leads', () =>
    rig(async (it) => {
      const outside = mkdtempSync(join(tmpdir(), 'outside-'));
      try {
        writeFileSync(join(outside, 'secret.xml'), 'secret');
        mkdirSync(join(it.top, 'users'));
        mkdirSync(join(it.top, 'devices'));
        symlinkSync(join(outside, 'secret.xml'), join(it.top, 'users/1001.xml'));
        symlinkSync(outside, join(it.top, 'devices/out'));
        symlinkSync('/etc/passwd', join(it.top, 'users/1002.txt'));
        it.write('shared/common.xml', '<common/>');
        symlinkSync('../shared/common.xml', join(it.top, 'users/1003.xml'));
        await it.directory.start();
        assert.deepEqual(
          it.shelves.list().map(({ document }) => document.name),
          ['1003'],
        );
      } finally {
        rmSync(outside, { recursive: true });
      }
    }));

  it('who may have a document is never read as everybody because it stands elsewhere, is gone or too large', () =>
    rig(async (it) => {
      const outside = mkdtempSync(join(tmpdir(), 'outside-'));
      try {
        writeFileSync(join(outside, 'few'), '1001');
        for (const make of ['snom', 'yealink', 'grandstream', 'fanvil']) it.write(`models/${make}.txt`, 'secret');
        symlinkSync(join(outside, 'few'), join(it.top, 'models/snom.owners'));
        symlinkSync('nowhere', join(it.top, 'models/yealink.owners'));
        it.write('models/grandstream.owners', `${'# for nobody but\n'.repeat(5_000)}1001`);
        await it.directory.start();
        assert.deepEqual(
          it.shelves.list().map(({ document: { name, readers } }) => [name, readers]),
          [['fanvil', 'everybody']],
        );
        assert.equal(it.complaints.length, 3);
        rmSync(join(it.top, 'models/snom.owners'));
        it.write('models/snom.owners', '1001');
        await it.directory.look();
        assert.deepEqual(it.get('model', 'snom')?.readers, [aorOf('1001', domain)]);
      } finally {
        rmSync(outside, { recursive: true });
      }
    }));

  it('no document counts without its owners where there are too many files', () =>
    rig(async (it) => {
      it.write('models/m.owners', '1001');
      for (let at = 0; at < 10; at++) it.write(`models/m.c${at}`, 'x');
      const { entries, more } = await entriesBelow(it.top, 10);
      assert.deepEqual([entries.length, more], [10, true]);
      assert.equal(entries[0]?.path, 'models/m.owners');
    }));

  it('a file that is another by the time it is read does not count: a larger one, a link, a pipe', () =>
    rig(async (it) => {
      const names = ['larger', 'link', 'same'];
      for (const name of names) it.write(`users/${name}`, '<x/>');
      const { entries } = await entriesBelow(it.top);
      it.write('users/larger', 'x'.repeat(10 * mostBytes));
      rmSync(join(it.top, 'users/link'));
      symlinkSync('/etc/passwd', join(it.top, 'users/link'));
      const read = await Promise.all(entries.map((entry) => bytesOf(it.top, entry)));
      assert.deepEqual(
        read.map((bytes) => bytes?.toString() ?? null),
        [null, null, '<x/>'],
      );
      rmSync(join(it.top, 'users/same'));
      execFileSync('mkfifo', [join(it.top, 'users/same')]);
      assert.equal(await bytesOf(it.top, entries[2]!), null);
    }));

  it('that is not there is said once and tried again; when it goes away, its last documents stand', async () => {
    const missing = new Rig(join(tmpdir(), 'no-such-folder-of-profiles'));
    await missing.directory.start();
    await missing.directory.look();
    assert.deepEqual(missing.complaints, [': profiles: profiles.directory cannot be read: ENOENT']);
    await missing.directory.stop();
    rmSync(missing.top, { recursive: true });
    await rig(async (it) => {
      it.write('users/1001.xml', '<x/>');
      await it.directory.start();
      rmSync(it.top, { recursive: true });
      await it.directory.look();
      assert.equal(it.get('user', '1001')?.content, '<x/>');
      mkdirSync(it.top);
      await it.directory.look();
      assert.equal(it.get('user', '1001'), null);
    });
  });

  it(
    'a file that may not be read is named, and read when it may',
    { skip: process.getuid?.() === 0 ? 'root reads everything' : false },
    () =>
      rig(async (it) => {
        it.write('users/1001.xml', '<x/>');
        chmodSync(join(it.top, 'users/1001.xml'), 0);
        await it.directory.start();
        assert.match(it.complaints.join('\n'), /users\/1001\.xml: profiles: cannot be read: EACCES/);
        chmodSync(join(it.top, 'users/1001.xml'), 0o600);
        await it.directory.look();
        assert.equal(it.get('user', '1001')?.content, '<x/>');
      }),
  );

  it(
    'leaves no open file behind after two hundred looks',
    { skip: process.platform === 'linux' ? false : '/proc' },
    () =>
      rig(async (it) => {
        for (let user = 1000; user < 1020; user++) it.write(`users/${user}.xml`, '<x/>');
        await it.directory.start();
        const before = readdirSync('/proc/self/fd').length;
        for (let round = 0; round < 200; round++) {
          if (round % 10 === 0) it.write(`users/1000.xml`, `<x n="${round}"/>`);
          await it.directory.look();
        }
        assert.ok(readdirSync('/proc/self/fd').length <= before + 2);
      }),
  );
});
