import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { asterisk, code, contents, first, home, open, put } from './rig.ts';

const inFile = (name: string) => readFileSync(home.path(`root/etc/asterisk/${name}`), 'utf8');

/** A configuration of an admin's own. */
function write(ami: string, ari = ''): string {
  mkdirSync(home.path('own'), { recursive: true });
  const lines = ['version: 1', 'domain: pbx.my.example', 'pbx:', '  - name: mine', '    type: asterisk'];
  const text = [...lines, `    ami: { ${ami} }`, ...(ari === '' ? [] : [`    ari: { ${ari} }`]), ''].join('\n');
  writeFileSync(home.path('own/lamplighter.yaml'), text);
  return text;
}

async function settled() {
  put(asterisk);
  const setup = open();
  return { setup, outcome: setup.settled(await first(setup), false) };
}

test('passwords that stand in the configuration, or in a file of its own, are those the accounts get', async () => {
  const text = write(
    'host: localhost, username: lamplighter, password: my-own-for-ami',
    `url: 'http://127.0.0.1:8088/', username: lamplighter, passwordFile: ${home.write('mine', 'my-own-for-ari\n')}`,
  );
  const { setup, outcome } = await settled();
  const plan = outcome.ok ? outcome.value : assert.fail(outcome.refusal.message);
  assert.equal(plan.facts.domain, 'pbx.my.example');
  assert.match(JSON.stringify(setup.editsWithPasswords(plan)), /secret = my-own-for-ami/);
  assert.equal(code(setup.writeFor(plan, false)), 'granted');
  assert.equal(code(setup.apply(plan)), 'granted');
  assert.match(inFile('manager.conf'), /^secret = my-own-for-ami$/m);
  assert.match(inFile('ari.conf'), /^password = my-own-for-ari$/m);
  assert.deepEqual(readdirSync(home.path('own')), ['lamplighter.yaml'], 'no password is written twice');
  assert.equal(readFileSync(setup.file, 'utf8'), text);
  const again = setup.settled(await first(setup), false);
  assert.equal(code(again), 'granted', 'and with the accounts there it is let in');
  assert.equal(code(setup.undo()), 'granted');
  assert.equal(inFile('manager.conf'), asterisk['etc/asterisk/manager.conf']);
  assert.equal(readFileSync(setup.file, 'utf8'), text);
});

test('a password file that is gone is made again, where the configuration looks for it', async () => {
  write(`username: lamplighter, passwordFile: ${home.path('own/ami')}`);
  const { setup, outcome } = await settled();
  const plan = outcome.ok ? outcome.value : assert.fail(outcome.refusal.message);
  assert.equal(code(setup.apply(plan)), 'granted');
  assert.ok(inFile('manager.conf').includes(`secret = ${readFileSync(home.path('own/ami'), 'utf8').trim()}\n`));
});

test('where it would not be let in, that is said, and no file is touched', async () => {
  const right = 'username: lamplighter, password: my-own-for-ami';
  for (const [ami, ari, why] of [
    ['username: mine, password: my-own-for-ami', '', /to AMI as mine at 127\.0\.0\.1:5038, and not as lamplighter at /],
    [`host: 192.0.2.9, ${right}`, '', /to AMI as lamplighter at 192\.0\.2\.9:5038, and not/],
    [`port: 5039, ${right}`, '', /at 127\.0\.0\.1:5039, and not/],
    [right, "url: 'http://192.0.2.9:8088', username: lamplighter, password: x", /to ARI as .* at 192\.0\.2\.9:8088, /],
    ['username: lamplighter, password: "with blanks and #"', '', /for AMI cannot stand in the files of a PBX/],
    ['username: lamplighter, passwordFile: /nowhere/ami', '', /\/nowhere\/ami, cannot be read/],
    ['username: lamplighter', '', /neither a password nor a passwordFile/],
    ['username: [', '', /cannot be read; check-config says why/],
  ] as const) {
    const text = write(ami, ari);
    const { outcome } = await settled();
    assert.equal(code(outcome), 'config-differs', ami);
    assert.match(outcome.ok ? '' : outcome.refusal.message, why);
    assert.deepEqual(contents(home.path('own')), { [home.path('own/lamplighter.yaml')]: text });
    assert.ok(!existsSync(home.path('root/etc/asterisk/manager.conf.bak')));
  }
});

test('an account that is there with another password than the configuration has is not let pass', async () => {
  write('username: lamplighter, password: my-own-for-ami');
  put(asterisk);
  put({
    'etc/asterisk/manager.conf':
      '[general]\nenabled = yes\nbindaddr = 127.0.0.1\n[lamplighter]\nsecret = of-the-pbx\nread = all\nwrite = all\n',
  });
  const setup = open();
  const outcome = setup.settled(await first(setup), false);
  assert.match(outcome.ok ? '' : outcome.refusal.message, /password for AMI is another than that of the account/);
  assert.equal(code(setup.settled(await first(setup), true)), 'granted', 'it gives way where that is said');
});

test("FreeSWITCH: the configuration's own domain of the account counts", async () => {
  put({ 'etc/freeswitch/freeswitch.xml': '<document/>' });
  const setup = open();
  const written = setup.writeFor((await setup.look('pbx.my.example')).plans[0] ?? assert.fail(), false);
  assert.equal(code(written), 'granted');
  const outcome = setup.settled(await first(setup), false);
  const { access } = outcome.ok ? outcome.value : assert.fail(outcome.refusal.message);
  assert.equal(access.type === 'freeswitch' && access.esl.user, 'lamplighter@pbx.my.example');
});
