import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, test } from 'node:test';
import { asterisk, code, contents, first, home, mode, open, put } from './rig.ts';

describe('looking', () => {
  test('changes nothing, and tells no password', async () => {
    put(asterisk);
    const before = contents();
    const { report } = await open().look();
    assert.deepEqual(contents(), before);
    assert.equal(report.pbxs[0]?.id, 'asterisk:/etc/asterisk');
    assert.deepEqual(
      report.pbxs[0]?.edits.map(({ file }) => file),
      ['/etc/asterisk/manager.conf', '/etc/asterisk/http.conf', '/etc/asterisk/ari.conf'],
    );
    assert.ok(report.pbxs[0]?.edits[0]?.lines.includes('secret = [hidden]'));
    assert.equal(report.fileExists, false);
  });

  test('where nothing is, says where it looked and what to do', async () => {
    put({ 'etc/passwd': '' });
    const { report } = await open().look();
    assert.equal(report.problems[0]?.code, 'no-pbx');
    assert.match(report.problems[0]?.text ?? '', /\/etc\/asterisk, .*\/etc\/freeswitch/);
    assert.match(report.problems[0]?.fix ?? '', /--asterisk HOST/);
  });

  test('finds a folder at another place, and both PBXs of one host', async () => {
    put(
      Object.fromEntries(
        Object.entries(asterisk).map(([name, text]) => [name.replace('etc/asterisk', 'srv/ast'), text]),
      ),
    );
    put({ 'etc/freeswitch/freeswitch.xml': '<document/>' });
    const { plans } = await open({ folder: '/srv/ast' }).look();
    assert.deepEqual(
      plans.map(({ pbx }) => pbx.id),
      ['asterisk:/srv/ast', 'freeswitch:/etc/freeswitch'],
    );
  });

  test('never leaves its root, whatever links say', async () => {
    put({ 'etc/asterisk/pjsip.conf': '' });
    writeFileSync(
      home.path('outside.conf'),
      '[general]\nenabled = yes\nbindaddr = 127.0.0.1\n[lamplighter]\nsecret = outside\n',
    );
    symlinkSync(home.path('outside.conf'), home.path('root/etc/asterisk/manager.conf'));
    const plan = await first(open());
    assert.equal(plan.access.type === 'asterisk' && plan.access.ami.password, undefined);
  });

  test('takes a SIP port that neither the PBX nor anybody else has', async () => {
    const bound = (lines: readonly string[]) =>
      `  sl  local_address rem_address   st\n${lines.map((line, at) => `${at}: ${line}`).join('\n')}\n`;
    put({ ...asterisk, 'etc/asterisk/pjsip.conf': '[udp]\ntype=transport\nbind=0.0.0.0:5070\n' });
    assert.equal((await first(open())).facts.sipPort, 5072);
    // 5072 by UDP; 5074 by TCP, which listens; 5076 is only a connection; 8090
    put({
      'proc/net/udp': bound(['00000000:13D0 00000000:0000 07']),
      'proc/net/tcp': bound([
        '00000000:13D2 00000000:0000 0A',
        '0100007F:13D4 0100007F:1F90 01',
        '0100007F:1F9A 00000000:0000 0A',
      ]),
    });
    const { facts } = await first(open());
    assert.deepEqual([facts.sipPort, facts.httpPort], [5076, 8091]);
    assert.equal((await first(open({ ownPorts: [5072, 8090] }))).facts.sipPort, 5072, 'its own are free for it');
  });
});

test('what is told of a PBX that has accounts holds no password of anybody', async () => {
  put({
    ...asterisk,
    'etc/asterisk/manager.conf':
      '[general]\nenabled = yes\nbindaddr = 127.0.0.1\n[admin]\nsecret = of-the-admin\n[lamplighter]\nsecret = of-ours\nread = all\nwrite = all\n',
    'etc/fusionpbx/config.conf': 'database.0.password = of-the-database\n',
    'etc/freeswitch/freeswitch.xml':
      '<document>\n<X-PRE-PROCESS cmd="include" data="autoload_configs/*.xml"/>\n</document>\n',
    'etc/freeswitch/autoload_configs/event_socket.conf.xml': '<param name="password" value="of-the-socket"/>\n',
  });
  const { report, plans } = await open().look();
  assert.equal(plans.length, 2);
  assert.doesNotMatch(JSON.stringify(report), /of-the|of-ours/);
});

describe('adding to the PBX, and taking it out again', () => {
  test('adds with a copy of each, once; takes all of it out, to the byte', async () => {
    put(asterisk);
    const before = contents();
    const setup = open();
    const applied = setup.apply(await first(setup));
    assert.equal(code(applied), 'granted');
    for (const name of ['manager', 'http', 'ari'] as const) {
      const path = home.path(`root/etc/asterisk/${name}.conf`);
      assert.equal(readFileSync(`${path}.bak`, 'latin1'), asterisk[`etc/asterisk/${name}.conf`]);
      assert.match(readFileSync(path, 'latin1'), /^; BEGIN lamplighter setup/m);
    }
    const plan = await first(setup);
    assert.deepEqual(plan.pbx.edits, []);
    const once = contents();
    const second = setup.apply(plan);
    assert.deepEqual(second.ok && second.value.changed, []);
    assert.deepEqual(contents(), once, 'a second time changes nothing');
    assert.equal(code(setup.undo()), 'granted');
    assert.deepEqual(contents(), before);
    assert.deepEqual(setup.undo(), { ok: true, value: [] });
  });

  test('the account gets the password of the file, or the file that of the account', async () => {
    put(asterisk);
    const setup = open();
    setup.writeFor(await first(setup), false);
    const password = readFileSync(home.path('own/ami'), 'utf8').trim();
    setup.apply(await first(setup));
    assert.ok(readFileSync(home.path('root/etc/asterisk/manager.conf'), 'utf8').includes(`secret = ${password}`));
    const other = open({ file: home.path('other/lamplighter.yaml') });
    other.writeFor(await first(other), false);
    assert.equal(readFileSync(home.path('other/ami'), 'utf8').trim(), password);
  });

  test('what was in the file before .bak was needed stays, and so does a .bak of somebody else', async () => {
    put({ ...asterisk, 'etc/asterisk/manager.conf.bak': 'theirs' });
    const before = contents();
    const setup = open();
    setup.apply(await first(setup));
    assert.equal(
      readFileSync(home.path('root/etc/asterisk/manager.conf.bak.1'), 'utf8'),
      asterisk['etc/asterisk/manager.conf'],
    );
    setup.undo();
    assert.deepEqual(contents(), before);
  });

  test('what was changed in between stays changed, and its copy is kept', async () => {
    put(asterisk);
    const setup = open();
    setup.apply(await first(setup));
    const path = home.path('root/etc/asterisk/ari.conf');
    writeFileSync(path, `${readFileSync(path, 'utf8')}[other]\n`);
    setup.undo();
    assert.equal(readFileSync(path, 'utf8'), '[general]\nenabled = yes\n[other]\n');
    assert.equal(readFileSync(`${path}.bak`, 'utf8'), '[general]\nenabled = yes\n');
  });

  test('a file that is made for it goes again; a link stays one; owner and rights stay', async () => {
    const { 'etc/asterisk/ari.conf': _gone, 'etc/asterisk/manager.conf': manager, ...rest } = asterisk;
    put({ ...rest, 'srv/manager.conf': manager });
    const link = home.path('root/etc/asterisk/manager.conf');
    symlinkSync('../../srv/manager.conf', link);
    const setup = open();
    const path = home.path('root/srv/manager.conf');
    chmodSync(path, 0o640);
    const before = contents();
    const { uid, gid } = statSync(path);
    setup.apply(await first(setup));
    assert.match(
      readFileSync(home.path('root/etc/asterisk/ari.conf'), 'utf8'),
      /^; BEGIN lamplighter setup \(new file\)\n\[general\]/,
    );
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.deepEqual(
      [statSync(path).uid, statSync(path).gid, mode(path), mode(`${path}.bak`)],
      [uid, gid, 0o640, 0o640],
    );
    setup.undo();
    assert.deepEqual(contents(), before);
  });

  test('nothing at all is changed where one file cannot be understood, or the lines would be lost in it', async () => {
    put({ ...asterisk, 'etc/asterisk/ari.conf': '[general\n' });
    const unparsable = contents();
    const setup = open();
    assert.equal(code(setup.apply(await first(setup))), 'blocked');
    assert.deepEqual(contents(), unparsable);
    put({ 'etc/asterisk/ari.conf': '[general]\nenabled = yes\n;-- a comment that nobody closes\n' });
    const swallowing = contents();
    assert.equal(code(setup.apply(await first(setup))), 'not-safe');
    assert.deepEqual(contents(), swallowing);
  });

  test('all files or none: where the last one cannot be written, the first is what it was', async () => {
    put(asterisk);
    // the name that the new ari.conf would have until it is complete
    mkdirSync(home.path('root/etc/asterisk/ari.conf.new/x'), { recursive: true });
    const before = contents();
    const setup = open();
    assert.equal(code(setup.apply(await first(setup))), 'not-written');
    assert.deepEqual(contents(), before);
    assert.ok(!existsSync(home.path('own')), 'no password either');
  });

  test('comments around the lines that somebody broke: nothing is taken out', async () => {
    put(asterisk);
    const setup = open();
    setup.apply(await first(setup));
    const path = home.path('root/etc/asterisk/ari.conf');
    writeFileSync(path, readFileSync(path, 'utf8').replace('; END lamplighter setup\n', ''));
    const broken = contents();
    assert.equal(code(setup.undo()), 'broken');
    assert.deepEqual(contents(), broken);
  });

  test('FreePBX: only the _custom files are touched', async () => {
    put({
      ...asterisk,
      'etc/freepbx.conf': '<?php',
      'etc/asterisk/extensions_additional.conf': '',
      'etc/asterisk/manager.conf': '[general]\nenabled = yes\nbindaddr = 127.0.0.1\n#include manager_custom.conf\n',
      'etc/asterisk/manager_custom.conf': '',
      'etc/asterisk/http.conf': '[general]\nenabled = yes\nbindaddr = 127.0.0.1\n',
      'etc/asterisk/ari.conf': '[general]\n#tryinclude ari_additional_custom.conf\n',
    });
    const setup = open();
    const applied = setup.apply(await first(setup));
    assert.deepEqual(applied.ok && applied.value.changed.map(({ file }) => file), [
      '/etc/asterisk/manager_custom.conf',
      '/etc/asterisk/ari_additional_custom.conf',
    ]);
    assert.match((await first(setup)).pbx.config ?? '', /features: freepbx/);
  });

  test('FreeSWITCH: an account in the directory, and gone again', async () => {
    const conf = (name: string) => `etc/freeswitch/${name}`;
    put({
      [conf('freeswitch.xml')]:
        '<document>\n<X-PRE-PROCESS cmd="include" data="autoload_configs/*.xml"/>\n<X-PRE-PROCESS cmd="include" data="directory/*.xml"/>\n</document>\n',
      [conf('autoload_configs/event_socket.conf.xml')]:
        '<param name="listen-ip" value="127.0.0.1"/>\n<param name="password" value="x1y2"/>\n',
      [conf('directory/default.xml')]:
        '<domain name="fs.example.com"><X-PRE-PROCESS cmd="include" data="default/*.xml"/></domain>\n',
      [conf('directory/default/1000.xml')]: '<user id="1000"/>',
    });
    const before = contents();
    const setup = open();
    assert.equal(code(setup.apply(await first(setup))), 'granted');
    setup.writeFor(await first(setup), true);
    const account = readFileSync(home.path('root/etc/freeswitch/directory/default/lamplighter.xml'), 'utf8');
    assert.ok(account.includes(`name="esl-password" value="${readFileSync(home.path('own/esl'), 'utf8').trim()}"`));
    assert.match(readFileSync(setup.file, 'utf8'), /user: lamplighter@fs\.example\.com/);
    setup.undo();
    assert.deepEqual(contents(), before);
  });

  test('a PBX on another host is not changed from here', async () => {
    put(asterisk);
    const setup = open();
    const plan = setup.planFor(
      {
        type: 'asterisk',
        features: 'astdb',
        ami: { host: '192.0.2.77', port: 5038, username: 'lamplighter' },
        ari: { url: 'http://192.0.2.77:8088', username: 'lamplighter' },
      },
      null,
    );
    assert.equal(code(setup.apply(plan)), 'elsewhere');
    assert.equal(plan.facts.domain, '192.0.2.77');
    assert.match(plan.pbx.edits[0]?.lines.join('\n') ?? '', /permit = 192\.0\.2\.10\/255\.255\.255\.255/);
  });
});

test('reload runs what the PBX needs, and names what failed', async () => {
  put(asterisk);
  const ran: string[] = [];
  const setup = open({
    run: (words) => {
      ran.push(words.join(' '));
      return Promise.resolve(words.at(-1)?.includes('http') === true ? null : 'ok');
    },
  });
  const { found } = await first(setup);
  assert.deepEqual(await setup.reload(found ?? assert.fail()), ["asterisk -rx 'module reload http'"]);
  assert.deepEqual(ran, [
    'asterisk -rx module reload manager',
    'asterisk -rx module reload http',
    'asterisk -rx module reload res_ari',
  ]);
});

test('a live test without a password, and at nobody: said, not thrown', async () => {
  put(asterisk);
  const setup = open();
  const { access } = await first(setup);
  assert.deepEqual(
    (await setup.test(access, null)).map(({ check, level }) => [check, level]),
    [['ami', 'fail']],
  );
});

const notRoot = process.getuid?.() !== 0;

test("the PBX's user cannot have root change a file of somebody else by a link", {
  skip: notRoot && 'not root',
}, async () => {
  put({ ...asterisk, 'etc/other.conf': '[general]\nenabled = no\n' });
  const [file, other] = [home.path('root/etc/asterisk/manager.conf'), home.path('root/etc/other.conf')];
  rmSync(file);
  symlinkSync(other, file);
  lchownSync(file, 65_534, 65_534);
  const setup = open();
  assert.equal(code(setup.apply(await first(setup))), 'not-safe');
  const marked = '; BEGIN lamplighter setup (new file)\nx\n; END lamplighter setup\n';
  writeFileSync(other, marked);
  assert.equal(code(setup.undo()), 'not-safe');
  assert.equal(readFileSync(other, 'utf8'), marked);
  // a link of root's own may lead anywhere
  lchownSync(file, 0, 0);
  assert.equal(code(setup.undo()), 'granted');
  // where the configuration is to be: a file takes the place of the link
  writeFileSync(other, 'root:*:');
  mkdirSync(home.path('own'));
  symlinkSync(other, home.path('own/lamplighter.yaml'));
  lchownSync(home.path('own/lamplighter.yaml'), 65_534, 65_534);
  const second = open();
  assert.equal(code(second.writeFor(await first(second), true)), 'granted');
  assert.equal(readFileSync(other, 'utf8'), 'root:*:');
});

test('what this user may not read is said so, and nothing is written', { skip: process.getuid?.() === 0 }, async () => {
  put(asterisk);
  chmodSync(home.path('root/etc/asterisk/manager.conf'), 0);
  const setup = open();
  const plan = await first(setup);
  assert.equal(plan.pbx.problems[0]?.code, 'unreadable-forbidden');
  assert.equal(code(setup.apply(plan)), 'blocked');
  chmodSync(home.path('root/etc/asterisk/manager.conf'), 0o644);
  chmodSync(home.path('root/etc/asterisk'), 0o555);
  assert.equal(code(setup.apply(await first(setup))), 'not-permitted');
  chmodSync(home.path('root/etc/asterisk'), 0o755);
});

test('a file larger than any configuration, and a folder in its place, are read by nobody', async () => {
  put({ ...asterisk, 'etc/asterisk/manager.conf': `[general]\n${';\n'.repeat(2_000_000)}` });
  mkdirSync(home.path('root/etc/asterisk/http.conf.d/x'), { recursive: true });
  const plan = await first(open());
  assert.equal(plan.pbx.problems[0]?.code, 'unreadable-too-large');
  assert.equal(code(open().apply(plan)), 'blocked');
});
