import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { asterisk, code, contents, first, home, mode, open, put } from './rig.ts';

describe('writing the configuration', () => {
  test('writes one that is right, and passwords that only their owner reads', async () => {
    put(asterisk);
    const setup = open();
    const outcome = setup.writeFor(await first(setup), false);
    assert.deepEqual(outcome, { ok: true, value: { backup: null, changed: true } });
    const text = readFileSync(setup.file, 'utf8');
    assert.match(text, /^domain: pbx\.example\.com$/m);
    assert.match(text, /^aliases: \['192\.0\.2\.10', '127\.0\.0\.1'\]$/m);
    assert.match(text, /^ {4}features: astdb$/m);
    assert.match(text, /listen: \['udp:0\.0\.0\.0:5070', 'tcp:0\.0\.0\.0:5070'\]/);
    for (const name of ['ami', 'ari']) {
      const path = home.path(`own/${name}`);
      assert.equal(mode(path), 0o600);
      const password = readFileSync(path, 'utf8').trim();
      assert.match(password, /^[0-9a-f]{48}$/);
      assert.ok(!text.includes(password));
    }
    assert.deepEqual(readdirSync(home.path('own')).sort(), ['ami', 'ari', 'lamplighter.yaml']);
  });

  test('a second time changes nothing; what somebody changed is kept, or replaced with a copy', async () => {
    put(asterisk);
    const setup = open();
    const plan = await first(setup);
    setup.writeFor(plan, false);
    const before = contents(home.path('own'));
    assert.deepEqual(setup.writeFor(plan, true), { ok: true, value: { backup: null, changed: false } });
    assert.deepEqual(contents(home.path('own')), before);
    writeFileSync(setup.file, 'version: 1\n# mine\n');
    assert.equal(code(setup.writeFor(plan, false)), 'config-exists');
    assert.equal(readFileSync(setup.file, 'utf8'), 'version: 1\n# mine\n');
    assert.deepEqual(setup.writeFor(plan, true), { ok: true, value: { backup: `${setup.file}.bak`, changed: true } });
    assert.equal(readFileSync(`${setup.file}.bak`, 'utf8'), 'version: 1\n# mine\n');
    writeFileSync(setup.file, 'version: 1\n# mine again\n');
    assert.deepEqual(setup.writeFor(plan, true), { ok: true, value: { backup: `${setup.file}.bak.1`, changed: true } });
  });

  test('the demo that a package brings gives way, with a copy, as long as nobody has changed it', async () => {
    put(asterisk);
    const shipped = home.write('shipped.yaml', 'version: 1\n# the demo\n');
    const setup = open({ shipped });
    const plan = await first(setup);
    mkdirSync(home.path('own'));
    writeFileSync(setup.file, 'version: 1\n# the demo\n# and mine\n');
    assert.equal(code(setup.writeFor(plan, false)), 'config-exists');
    writeFileSync(setup.file, 'version: 1\n# the demo\n');
    assert.deepEqual(setup.writeFor(plan, false), { ok: true, value: { backup: `${setup.file}.bak`, changed: true } });
  });

  test('a password file that others may read is closed, and keeps its password', async () => {
    put(asterisk);
    mkdirSync(home.path('own'));
    writeFileSync(home.path('own/ami'), 'my-own-password\n', { mode: 0o644 });
    const setup = open();
    setup.writeFor(await first(setup), false);
    assert.equal(mode(home.path('own/ami')), 0o600);
    assert.equal(readFileSync(home.path('own/ami'), 'utf8'), 'my-own-password\n');
  });

  test('by request: a PBX that was found, one that is said, and what is wrong with it', async () => {
    put(asterisk);
    const setup = open();
    const wish = { pbx: null, access: null, domain: null, replace: false };
    assert.equal(code(await setup.write(wish)), 'access-needed');
    assert.equal(code(await setup.write({ ...wish, pbx: 'asterisk:/nowhere' })), 'unknown-pbx');
    put({ 'etc/asterisk/ari.conf': '[general\n' });
    assert.equal(code(await setup.write({ ...wish, pbx: 'asterisk:/etc/asterisk' })), 'blocked');
    put(asterisk);
    const access = {
      type: 'freeswitch',
      features: 'db',
      esl: { host: '192.0.2.20', port: 8021, user: 'lamplighter@fs.example.com', password: 'given: "it"' },
    } as const;
    const written = await setup.write({ ...wish, access, domain: 'fs.example.com' });
    assert.equal(code(written), 'granted');
    assert.match(readFileSync(setup.file, 'utf8'), /^domain: fs\.example\.com$/m);
    assert.equal(readFileSync(home.path('own/esl'), 'utf8'), 'given: "it"\n');
    assert.equal(code(await setup.write({ ...wish, pbx: 'asterisk:/etc/asterisk' })), 'config-exists');
    const replaced = await setup.write({ ...wish, pbx: 'asterisk:/etc/asterisk', replace: true });
    assert.deepEqual(replaced.ok && replaced.value.backup, `${setup.file}.bak`);
    const [next = ''] = replaced.ok ? replaced.value.next : [];
    assert.ok(next.endsWith(' --pbx asterisk:/etc/asterisk'), next);
  });

  test('where the configuration cannot be written, says so and leaves nothing behind', async () => {
    put(asterisk);
    writeFileSync(home.path('own'), 'a file, no folder');
    const setup = open();
    assert.equal(code(setup.writeFor(await first(setup), false)), 'not-written');
    assert.equal(readFileSync(home.path('own'), 'utf8'), 'a file, no folder');
  });

  test('a configuration that the daemon would refuse leaves nothing behind, and names no file that is not there', () => {
    put(asterisk);
    const setup = open({ file: home.path('own/below/lamplighter.yaml') });
    const ami = { host: '192.0.2.77', port: 5038, username: 'lamplighter', password: 'given-by-the-admin' };
    const ari = { url: 'http://[foo bar]:8088', username: 'lamplighter' };
    const plan = setup.planFor({ type: 'asterisk', features: 'astdb', ami, ari }, null);
    const refused = setup.writeFor(plan, false);
    assert.equal(code(refused), 'config-refused');
    const said = refused.ok ? '' : refused.refusal.message;
    assert.ok(said.startsWith(`what would be written to ${setup.file}: pbx.0.ari.url: `), said);
    assert.ok(!existsSync(home.path('own')));
    mkdirSync(home.path('own/below'), { recursive: true });
    writeFileSync(home.path('own/below/ami'), 'there-before\n', { mode: 0o600 });
    const before = contents(home.path('own'));
    assert.equal(code(setup.writeFor(plan, false)), 'config-refused');
    assert.deepEqual(contents(home.path('own')), before);
  });

  test("a draft of the admin's own stays as it is, and nothing stays beside it", async () => {
    put(asterisk);
    mkdirSync(home.path('own'));
    writeFileSync(home.path('own/lamplighter.yaml.draft'), '# my own notes\n');
    const setup = open();
    assert.equal(code(setup.writeFor(await first(setup), false)), 'granted');
    assert.equal(readFileSync(`${setup.file}.draft`, 'utf8'), '# my own notes\n');
    const names = ['ami', 'ari', 'lamplighter.yaml', 'lamplighter.yaml.draft'];
    assert.deepEqual(readdirSync(home.path('own')).sort(), names);
  });

  test('where no draft can be made beside it, the configuration is named and not the draft', async () => {
    put(asterisk);
    // a name that may be no longer
    const setup = open({ file: home.path(`own/${'x'.repeat(250)}.yaml`) });
    const refused = setup.writeFor(await first(setup), false);
    assert.equal(code(refused), 'not-written');
    const said = refused.ok ? '' : refused.refusal.message;
    assert.ok(said.startsWith(`${setup.file}: `), said);
    assert.doesNotMatch(said, /draft/);
    assert.ok(!existsSync(home.path('own')));
  });

  test('passwords that were written go again, or are what they were, where the configuration cannot be', async () => {
    put(asterisk);
    // the name that the configuration would have until it is complete
    mkdirSync(home.path('own/lamplighter.yaml.new/x'), { recursive: true });
    writeFileSync(home.path('own/ami'), 'not for a PBX\n', { mode: 0o644 });
    const before = contents(home.path('own'));
    const setup = open();
    assert.equal(code(setup.writeFor(await first(setup), false)), 'not-written');
    assert.deepEqual(contents(home.path('own')), before);
    assert.equal(mode(home.path('own/ami')), 0o644);
  });
});
