import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { Daemon, Home } from '../support/daemon.ts';
import { featureType, Phone, setDnd } from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';
import { AsteriskLab } from './lab/asterisk.ts';
import { domain, it, says, skip } from './scene.ts';

const home = new Home();
const config = home.path('lamplighter/lamplighter.yaml');
const path = process.env['PATH'] ?? '';
let lab: AsteriskLab;
let daemon: Daemon | undefined;
const phones: Phone[] = [];

/** Much as packages ship them: AMI and the HTTP server off, and ARI too; nobody may log in. */
function stock(): Readonly<Record<string, string>> {
  return {
    'manager.conf': `; AMI - The Asterisk Manager Interface
[general]
enabled = no
;webenabled = yes

port = ${lab.amiPort}
bindaddr = 0.0.0.0

;[mark]
;secret = mysecret
;read = all
`,
    'http.conf': `[general]
servername=Asterisk
;enabled=yes
bindaddr=127.0.0.1
bindport=${lab.httpPort}`,
    'ari.conf': '[general]\r\nenabled = no       ; When set to no, ARI support is disabled.\r\n;[username]\r\n',
  };
}

const conf = (name: string) => join(lab.etc, name);
const contents = () =>
  Object.fromEntries(Object.keys(stock()).map((name) => [name, readFileSync(conf(name), 'latin1')]));
const setup = (...words: string[]) => Daemon.run('setup', '--config', config, '--folder', lab.etc, ...words);

async function desk(user: string): Promise<Phone> {
  const server = { host: '127.0.0.1', port: daemon?.udpPort ?? 0, transport: 'udp' } as const;
  const phone = await Phone.open({ user, password: `pw${user}`, domain, server });
  phones.push(phone);
  return phone;
}

before(async () => {
  if (skip !== null) return;
  lab = await AsteriskLab.start();
  for (const [name, text] of Object.entries(stock())) writeFileSync(conf(name), text, 'latin1');
  await lab.restart();
  // what setup finds as `asterisk` is the one of the lab
  mkdirSync(home.path('bin'));
  const command = lab.command.map((word) => `'${word}'`).join(' ');
  writeFileSync(home.path('bin/asterisk'), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  process.env['PATH'] = `${home.path('bin')}:${path}`;
  process.env['LAMPLIGHTER_SIP__LISTEN'] =
    `[udp:127.0.0.1:${await lastingPort()}, tcp:127.0.0.1:${await lastingPort()}]`;
  process.env['LAMPLIGHTER_HTTP__LISTEN'] = `127.0.0.1:${await lastingPort()}`;
});

after(async () => {
  for (const phone of phones) await phone.close();
  await daemon?.kill();
  await lab?.stop();
  home.remove();
});

it('setup looks at a stock Asterisk, says what it lacks, and changes no file of it', async () => {
  const { code, output } = await setup('--dry-run');
  assert.equal(code, 0, output);
  assert.match(output, new RegExp(`^Asterisk \\S+ in ${lab.etc}, running$`, 'm'));
  assert.match(output, /^fail {2}ami-disabled: .*manager\.conf:3\)$/m);
  assert.match(output, /^fail {2}http-disabled: /m);
  assert.match(output, /^fail {2}ari-disabled: /m);
  assert.match(output, /secret = \[hidden\]/);
  assert.deepEqual(contents(), stock());
});

it('setup --apply --reload: Asterisk lets Lamplighter in with what an admin has made of the configuration', async () => {
  assert.equal((await setup('--domain', domain)).code, 0);
  const edited = readFileSync(config, 'utf8').replace('allow: []', () => "allow: ['^0[1-9]\\d{5,11}$']");
  writeFileSync(config, edited);
  const { code, output } = await setup('--apply', '--reload');
  assert.equal(code, 0, output);
  assert.equal(readFileSync(config, 'utf8'), edited);
  assert.match(output, /^The PBX has read its files again\.$/m);
  assert.match(output, /^ok {4}ami: /m);
  assert.match(output, /^ok {4}ari: /m);
  assert.doesNotMatch(output, /^fail {2}(?!(?:ami|http|ari)-disabled)/m);
  const password = readFileSync(home.path('lamplighter/ami'), 'utf8').trim();
  assert.ok(readFileSync(conf('manager.conf'), 'utf8').includes(`secret = ${password}`));
  assert.ok(!output.includes(password), 'no password is printed');
});

it('a second setup --apply changes nothing', async () => {
  const was = [contents(), readFileSync(config, 'utf8')];
  const { code, output } = await setup('--apply', '--domain', domain);
  assert.equal(code, 0, output);
  assert.match(output, /^The PBX has all that is needed: nothing was changed\.$/m);
  assert.match(output, /stays as it is/);
  assert.deepEqual([contents(), readFileSync(config, 'utf8')], was);
});

it('the configuration that was written starts the daemon; a DND key reaches AstDB and lights the lamp', async () => {
  const checked = await Daemon.run('check-config', config);
  assert.equal(checked.code, 0, checked.output);
  daemon = await Daemon.start(config);
  await daemon.ready(20_000);
  const keys = await (await desk('1001')).subscribe({ event: 'as-feature-event' });
  const lamp = await (await desk('1002')).subscribe({ event: 'dialog', resource: 'dnd+1001' });
  assert.equal((await keys.refresh({ body: setDnd(true), contentType: featureType })).status, 200);
  await says(keys, 'dnd', true);
  await lamp.next((notify) => notify.body.includes('<state>confirmed</state>'), 12_000);
  assert.match(await lab.cli('database show DND'), /\/DND\/1001\s*: YES/);
});

it('setup --undo: every file is what it was, to the byte, and no copy is left', async () => {
  const { code, output } = await setup('--undo', '--reload');
  assert.equal(code, 0, output);
  assert.match(output, /^The PBX has read its files again\.$/m);
  assert.deepEqual(contents(), stock());
  assert.ok(!readdirSync(lab.etc).some((name) => name.includes('.bak')));
  assert.match(await lab.cli('manager show settings'), /Manager \(AMI\):\s*No/);
  assert.match(await lab.cli('http show status'), /Server Disabled/);
  assert.equal((await setup('--undo')).output, 'Nothing of Lamplighter stands in the files of a PBX.');
});
