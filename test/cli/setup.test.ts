import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { questions } from '../../src/cli/setup/ask.ts';
import { run, type SetupFlags } from '../../src/cli/setup/run.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { Daemon, Home } from '../support/daemon.ts';

let home: Home;
beforeEach(() => {
  home = new Home();
  put('etc/asterisk/manager.conf', '[general]\nenabled = no\nport = 1\n');
  put('etc/asterisk/http.conf', '[general]\nbindport = 2\n');
  put('etc/asterisk/ari.conf', '[general]\nenabled = yes\n');
  put('etc/asterisk/pjsip.conf', '[udp]\ntype = transport\nprotocol = udp\nbind = 0.0.0.0\n');
});
afterEach(() => home.remove());

function put(name: string, text: string): void {
  const path = home.path(`root/${name}`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

async function setup(flags: Partial<SetupFlags> = {}): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const terminal: Terminal = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    exit: () => assert.fail('the caller does that'),
    abort: () => assert.fail('nobody gives up here'),
    mayBeCut: () => undefined,
    environment: {},
  };
  const code = await run(
    { json: false, root: home.path('root'), config: home.path('own/lamplighter.yaml'), ...flags },
    terminal,
  );
  return { code, out, err };
}

const names = () => readdirSync(home.path('root/etc/asterisk')).sort();

test('without --apply it writes the configuration, shows the lines without passwords, and touches no file of the PBX', async () => {
  const { code, out } = await setup();
  assert.equal(code, 0, out);
  assert.match(out, /^Asterisk in \/etc\/asterisk/m);
  assert.match(out, /^fail {2}ami-disabled: AMI is switched off {2}\(\/etc\/asterisk\/manager\.conf:2\)\n {6}fix: /m);
  assert.match(out, /^\/etc\/asterisk\/manager\.conf, at its end: an AMI account/m);
  assert.match(out, /^ {4}secret = \[hidden\]$/m);
  assert.match(out, /^written: .*lamplighter\.yaml$/m);
  assert.deepEqual(names(), ['ari.conf', 'http.conf', 'manager.conf', 'pjsip.conf']);
  assert.ok(!out.includes(readFileSync(home.path('own/ami'), 'utf8').trim()));
  const shown = await setup({ showSecrets: true });
  assert.ok(shown.out.includes(`    secret = ${readFileSync(home.path('own/ami'), 'utf8').trim()}\n`));
});

const config = () => readFileSync(home.path('own/lamplighter.yaml'), 'utf8');

test('what an admin writes into the configuration stays, and the PBX gets the passwords it logs in with', async () => {
  await setup();
  const edited = config()
    .replace(/^domain: .*$/m, 'domain: pbx.my.example')
    .replace('allow: []', () => "allow: ['^0[1-9]\\d{5,11}$']");
  writeFileSync(home.path('own/lamplighter.yaml'), edited);
  const again = await setup();
  assert.equal(again.code, 0, again.out);
  assert.match(again.out, /lamplighter\.yaml stays as it is/);
  const { code, out } = await setup({ apply: true });
  assert.equal(code, 0, out);
  assert.match(out, /lamplighter\.yaml stays as it is.*\n.* setup --replace writes it anew, and keeps it as \.bak\.$/m);
  assert.equal(config(), edited);
  for (const [name, file] of [
    ['ami', 'manager.conf'],
    ['ari', 'ari.conf'],
  ] as const) {
    const password = readFileSync(home.path(`own/${name}`), 'utf8').trim();
    assert.ok(readFileSync(home.path(`root/etc/asterisk/${file}`), 'utf8').includes(` = ${password}\n`));
  }
  assert.deepEqual(readdirSync(home.path('own')).sort(), ['ami', 'ari', 'lamplighter.yaml']);
  const replaced = await setup({ replace: true });
  assert.match(replaced.out, /^written: .*; as it was: .*lamplighter\.yaml\.bak$/m);
  assert.match(config(), /^ {4}allow: \[\]$/m);
  assert.equal(readFileSync(home.path('own/lamplighter.yaml.bak'), 'utf8'), edited);
});

test('a domain that was given once need not be given again', async () => {
  await setup({ domain: 'pbx.my.example' });
  const { out } = await setup({ apply: true });
  assert.match(out, /stays as it is/);
  assert.match(config(), /^domain: pbx\.my\.example$/m);
});

test('a configuration for another PBX: it stays, nothing is changed, and what to do is said', async () => {
  const before = names();
  mkdirSync(home.path('own'));
  writeFileSync(home.path('own/lamplighter.yaml'), 'version: 1\n');
  const { code, out } = await setup();
  assert.equal(code, 1);
  assert.match(out, /stays as it is: it has no pbx of type asterisk; nothing is written/);
  assert.doesNotMatch(out, /For \[hidden\] stands/, 'there are no passwords yet');
  assert.match(out, /write the configuration anew, and add the lines to the PBX: .* setup --apply --reload --replace /);
  const applied = await setup({ apply: true });
  assert.equal(applied.code, 1);
  assert.match(applied.err, /^error: nothing is changed: .* stays as it is: .* \(setup --replace writes it anew, /);
  assert.deepEqual([config(), names(), readdirSync(home.path('own'))], ['version: 1\n', before, ['lamplighter.yaml']]);
  const told = JSON.parse((await setup({ apply: true, json: true })).out);
  assert.equal(told.error.code, 'config-differs');
  const replaced = await setup({ apply: true, replace: true });
  assert.match(replaced.out, /^written: .*; as it was: .*lamplighter\.yaml\.bak$/m);
});

test('a configuration for another PBX, and this one on another host: no lines without passwords, and one step', async () => {
  mkdirSync(home.path('own'));
  for (const [flags, missing] of [
    [{ asterisk: '192.0.2.9' }, 'secret = '],
    [{ freeswitch: '192.0.2.9', domain: 'fs.example.com' }, 'name="esl-password" value="'],
  ] as const) {
    writeFileSync(home.path('own/lamplighter.yaml'), 'version: 1\n');
    const { code, out } = await setup({ ...flags, showSecrets: true });
    assert.equal(code, 1);
    assert.match(out, /^There are no passwords to show before the configuration is written\.$/m);
    assert.ok(!out.includes(missing), out);
    const told = JSON.parse((await setup({ ...flags, json: true })).out);
    assert.equal(told.error.code, 'config-differs');
    assert.equal(told.next.length, 1);
    const [, printed = ''] = /lamplighter (setup --show-secrets .*)$/.exec(told.next[0]) ?? assert.fail(told.next[0]);
    const followed = await Daemon.run(...printed.split(' '));
    assert.equal(followed.code, 0, followed.output);
    const password = readFileSync(home.path(`own/${'asterisk' in flags ? 'ami' : 'esl'}`), 'utf8').trim();
    assert.ok(followed.output.includes(`${missing}${password}`), followed.output);
    assert.match(followed.output, /^written: .*; as it was: /m);
  }
});

test('where the configuration cannot be written after all, --apply takes the lines out again and says so', async () => {
  const before = readFileSync(home.path('root/etc/asterisk/manager.conf'), 'utf8');
  // the name that the configuration would have until it is complete
  mkdirSync(home.path('own/lamplighter.yaml.new/x'), { recursive: true });
  const { code, out, err } = await setup({ apply: true });
  assert.equal(code, 1);
  assert.match(err, /^error: .*; what was added to the files of the PBX is taken out again$/m);
  assert.doesNotMatch(out, /^added to /m);
  assert.equal(readFileSync(home.path('root/etc/asterisk/manager.conf'), 'utf8'), before);
  assert.deepEqual(names(), ['ari.conf', 'http.conf', 'manager.conf', 'pjsip.conf']);
  assert.deepEqual(readdirSync(home.path('own')), ['lamplighter.yaml.new']);
});

test('--dry-run writes nothing at all, and shows what would be written', async () => {
  const { code, out } = await setup({ dryRun: true });
  assert.equal(code, 0);
  assert.match(out, /^version: 1$/m);
  assert.ok(!existsSync(home.path('own')));
});

test('--apply adds the lines and says what to type; --undo takes them out', async () => {
  const applied = await setup({ apply: true });
  assert.equal(applied.code, 0, applied.out + applied.err);
  assert.match(applied.out, /^added to \/etc\/asterisk\/manager\.conf; as it was: .*manager\.conf\.bak$/m);
  assert.match(applied.out, /^Now let the PBX read its files again: asterisk -rx 'module reload manager' && /m);
  // with all in place the PBX is tested, and there is none
  const again = await setup({ apply: true });
  assert.equal(again.code, 1);
  assert.match(again.out, /^fail {2}ami: /m);
  const undone = await setup({ undo: true });
  assert.equal(undone.code, 0);
  assert.match(undone.out, /^taken out of \/etc\/asterisk\/http\.conf$/m);
  assert.deepEqual(names(), ['ari.conf', 'http.conf', 'manager.conf', 'pjsip.conf']);
  assert.match((await setup({ undo: true })).out, /^Nothing of Lamplighter stands/);
});

test('a PBX that cannot be told to read its files: 1, and the command that failed', async () => {
  const path = process.env['PATH'];
  process.env['PATH'] = home.path('no-programs');
  try {
    const { code, out } = await setup({ apply: true, reload: true });
    assert.equal(code, 1);
    assert.match(out, /^fail {2}reload: asterisk -rx 'module reload manager' did not work; run it by hand$/m);
    assert.equal((await setup({ undo: true, reload: true })).code, 1);
  } finally {
    process.env['PATH'] = path;
  }
});

test('a file that cannot be understood: 1, the place, and nothing is changed', async () => {
  put('etc/asterisk/ari.conf', '[general\n');
  assert.equal((await setup()).code, 1);
  const { code, out, err } = await setup({ apply: true });
  assert.equal(code, 1);
  assert.match(out, /^fail {2}unparsable: a section without \] {2}\(\/etc\/asterisk\/ari\.conf:1\)$/m);
  assert.match(err, /^error: nothing is written: a section without \]; correct it: /);
  assert.ok(!existsSync(home.path('own')));
});

test('no PBX: 1, where was looked, and what to do; on another host: the lines to paste there', async () => {
  mkdirSync(home.path('empty'));
  const nothing = await setup({ root: home.path('empty') });
  assert.equal(nothing.code, 1);
  assert.match(nothing.out, /^fail {2}no-pbx: no Asterisk and no FreeSWITCH was found in \/etc\/asterisk, /);
  assert.match(nothing.out, /fix: a PBX on another host: setup --asterisk HOST/);
  const away = await setup({ root: home.path('empty'), asterisk: '192.0.2.7' });
  assert.equal(away.code, 0, away.out);
  assert.match(away.out, /paste it there, on its host:\n\/etc\/asterisk\/manager\.conf, at its end:/);
  assert.doesNotMatch(away.out, /setup --apply adds/, 'it cannot');
  assert.match(readFileSync(home.path('own/lamplighter.yaml'), 'utf8'), /host: '192\.0\.2\.7'/);
});

test('several PBXs: the first is taken and said, another by --pbx, an unknown one is refused', async () => {
  put('etc/freeswitch/freeswitch.xml', '<document/>');
  assert.match((await setup({ dryRun: true })).out, /^Taken: asterisk:\/etc\/asterisk; another by --pbx ID\.$/m);
  assert.match((await setup({ dryRun: true, pbx: 'freeswitch:/etc/freeswitch' })).out, /^ {4}type: freeswitch$/m);
  const { code, err } = await setup({ pbx: 'asterisk' });
  assert.deepEqual(
    [code, err],
    [1, 'error: --pbx asterisk: found are asterisk:/etc/asterisk, freeswitch:/etc/freeswitch\n'],
  );
});

test('a command line that contradicts itself: 64', async () => {
  for (const flags of [
    { undo: true, apply: true },
    { undo: true, replace: true },
    { apply: true, dryRun: true },
    { asterisk: 'a', freeswitch: 'b' },
    { apply: true, asterisk: 'a' },
    { folder: 'relative' },
    { root: home.path('nowhere') },
  ]) {
    const { code, err } = await setup(flags);
    assert.equal(code, 64, JSON.stringify(flags));
    assert.match(err, /^error: --/);
  }
});

test('what is no host is refused with the name of its option, and nothing is made', async () => {
  for (const flags of [
    { asterisk: 'foo bar' },
    { asterisk: '192.0.2.7:5038' },
    { freeswitch: '' },
    { domain: "my 'pbx'" },
    { domain: 'sip:pbx.example.com' },
  ]) {
    const { code, err } = await setup(flags);
    assert.equal(code, 64, JSON.stringify(flags));
    const [name, value] = Object.entries(flags)[0] ?? assert.fail();
    assert.ok(err.startsWith(`error: --${name} ${value}: expected a host name or an address, without a port`), err);
    assert.ok(!existsSync(home.path('own')));
  }
  for (const asterisk of ['2001:db8::7', 'my_pbx', 'pbx.example.com']) {
    assert.equal((await setup({ asterisk, dryRun: true })).code, 0, asterisk);
  }
});

test('the next command is printed with the flags that were given, and works as it is printed', async () => {
  for (const name of ['manager.conf', 'http.conf', 'ari.conf', 'pjsip.conf']) {
    put(`srv/the admin's/${name}`, readFileSync(home.path(`root/etc/asterisk/${name}`), 'utf8'));
  }
  rmSync(home.path('root/etc/asterisk'), { recursive: true });
  const given = {
    config: home.path('my own/lamplighter.yaml'),
    folder: "/srv/the admin's",
    domain: 'pbx.my.example',
    pbx: "asterisk:/srv/the admin's",
  };
  const { code, out } = await setup(given);
  assert.equal(code, 0, out);
  const [, printed = ''] = / lamplighter (setup --apply --reload .*)$/m.exec(out) ?? assert.fail(out);
  const typed = execFileSync('sh', ['-c', `printf '%s\\n' ${printed}`], { encoding: 'utf8' });
  const words = typed.trimEnd().split('\n');
  const flags = Object.entries({ ...given, root: home.path('root') }).flatMap(([name, value]) => [`--${name}`, value]);
  assert.deepEqual(words.slice(3).sort(), flags.sort());
  const applied = await Daemon.run(...words);
  assert.match(applied.output, /^added to \/srv\/the admin's\/manager\.conf; /m);
  const [, checked = ''] = /lamplighter (doctor --config .*)$/m.exec(out) ?? assert.fail(out);
  assert.equal(checked, `doctor --config '${given.config}'`);
});

test('--json says the same for programs, without passwords', async () => {
  const { out } = await setup({ json: true });
  const told = JSON.parse(out);
  assert.equal(told.report.pbxs[0].id, 'asterisk:/etc/asterisk');
  assert.deepEqual(told.config, { file: home.path('own/lamplighter.yaml'), backup: null, changed: true });
  assert.ok(!out.includes(readFileSync(home.path('own/ami'), 'utf8').trim()));
  const refused = await setup({ json: true, pbx: 'none' });
  assert.equal(JSON.parse(refused.out).error.code, 'unknown-pbx');
});

test('a person is asked where the PBX is, and may say nothing', async () => {
  const asked = (...answers: string[]) => questions(async () => answers.shift() ?? '');
  assert.equal(await asked(''), null);
  assert.equal(await asked('asterisk', 'not a host!'), null);
  assert.deepEqual(await asked('Asterisk', '192.0.2.7'), {
    type: 'asterisk',
    features: 'astdb',
    ami: { host: '192.0.2.7', port: 5038, username: 'lamplighter' },
    ari: { url: 'http://192.0.2.7:8088', username: 'lamplighter' },
  });
  const switched = await asked('freeswitch', 'fs', '');
  assert.equal(switched?.type === 'freeswitch' && switched.esl.user, 'lamplighter@fs');
});

test('over HTTP: what was found, and a configuration where the daemon has its own, with a copy', async () => {
  const config = home.write(
    'daemon.yaml',
    `domain: lamplighter.test
sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'] }
store: { path: ${home.path('lamplighter.db')} }
http: { listen: '127.0.0.1:0' }
`,
  );
  const before = readFileSync(config, 'utf8');
  const daemon = await Daemon.start(config);
  try {
    const found = await daemon.api<{ file: string; fileExists: boolean }>('/api/v1/setup');
    assert.deepEqual([found.status, found.body.file, found.body.fileExists], [200, config, true]);
    const esl = { host: '127.0.0.1', port: 1, user: 'lamplighter@pbx.example.com', password: 'of-the-socket' };
    const body = { access: { type: 'freeswitch', features: 'db', esl }, domain: 'pbx.example.com' };
    const tested = await daemon.api<{ level: string }[]>('/api/v1/setup/test', { method: 'POST', body });
    assert.ok(
      tested.body.some(({ level }) => level === 'fail'),
      JSON.stringify(tested.body),
    );
    const kept = await daemon.api<{ error: { code: string } }>('/api/v1/setup', { method: 'POST', body });
    assert.deepEqual([kept.status, kept.body.error.code], [409, 'config-exists']);
    assert.equal(readFileSync(config, 'utf8'), before);
    const written = await daemon.api('/api/v1/setup', { method: 'POST', body: { ...body, replace: true } });
    assert.equal(written.status, 200, JSON.stringify(written.body));
    assert.equal(readFileSync(`${config}.bak`, 'utf8'), before);
    assert.equal(readFileSync(home.path('esl'), 'utf8'), 'of-the-socket\n');
    assert.match(readFileSync(config, 'utf8'), /^domain: pbx\.example\.com$/m);
    const [line] = await daemon.logged(({ message }) => message === 'configuration written by setup');
    assert.equal(line?.['who'], 'local');
    assert.ok(!daemon.output.join('').includes('of-the-socket'));
  } finally {
    await daemon.kill();
  }
});

test('the command is there, and its configuration is one that check-config finds no fault in', async () => {
  const words = ['--root', home.path('root'), '--config', home.path('own/lamplighter.yaml')];
  const { code, output } = await Daemon.run('setup', ...words);
  assert.equal(code, 0, output);
  const checked = await Daemon.run('check-config', home.path('own/lamplighter.yaml'));
  assert.equal(checked.code, 0, checked.output);
});
