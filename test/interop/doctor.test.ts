import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { asteriskLog } from '../../src/cli/doctor/host/files.ts';
import type { Finding } from '../../src/model/check.ts';
import { configOf } from '../cli/seen.ts';
import { Daemon } from '../support/daemon.ts';
import { AmiClient } from './lab/ami.ts';
import { type Change, it, Site, skip } from './scene.ts';

let site: Site;
let config = '';

before(async () => {
  if (skip !== null) return;
  site = await Site.open();
  config = site.home.path('lamplighter.yaml');
});
after(() => site?.close());

/** What the daemon finds. */
async function found(): Promise<readonly Finding[]> {
  const { status, body } = await site.daemon.api<readonly Finding[]>('/api/v1/checks');
  assert.equal(status, 200);
  return body;
}

/** `check: level`, of all that is not well and is about Asterisk. */
function complaints(findings: readonly Finding[]): readonly string[] {
  const ours = findings.filter(({ level, text }) => level !== 'ok' && text.startsWith('main: '));
  return ours.map(({ check, level }) => `${check}: ${level}`);
}

/** The text of a check that complains. */
function textOf(findings: readonly Finding[], check: string): string {
  return (
    findings.find((one) => one.check === check && one.level !== 'ok')?.text ?? assert.fail(`${check} says nothing`)
  );
}

async function restart(change?: Change): Promise<void> {
  await site.daemon.stop();
  await site.restartDaemon(change);
}

/** `lamplighter doctor`, in JSON. */
async function doctor(): Promise<{ readonly code: number | null; readonly findings: readonly Finding[] }> {
  const { code, output } = await Daemon.run('doctor', '--config', config, '--json');
  const { findings } = JSON.parse(output) as { readonly findings: readonly Finding[] };
  return { code, findings };
}

it('an Asterisk set up as README says has nothing to complain of, and is left as it was', async () => {
  const before = await site.lab.cli('database show');
  const findings = await found();
  assert.deepEqual(complaints(findings), [], JSON.stringify(findings, null, 1));
  for (const check of [
    'asterisk-version',
    'ari',
    'ari-events',
    'ami',
    'ami-rights',
    'ami-events',
    'asterisk-modules',
    'feature-home',
  ]) {
    const good = findings.find((one) => one.check === check);
    assert.equal(good?.level, 'ok', check);
  }
  assert.ok(findings.find(({ check }) => check === 'asterisk-version')?.text.includes(site.lab.version.slice(0, 4)));
  assert.equal(await site.lab.cli('database show'), before, 'nothing stays in the data base');
  assert.equal(
    (await site.daemon.api('/api/v1/extensions/custom+lamplighter-probe')).status,
    404,
    'the probe is no lamp',
  );
});

for (const [what, from, to, check, text] of [
  [
    'a wrong AMI password',
    /passwordFile: \S+ami\b/,
    'password: wrong',
    'ami',
    /does not let lamplighter in: wrong user name or password/,
  ],
  ['a wrong ARI user', /(ari: .*username: )lamplighter/, '$1nobody', 'ari', /refuses the user nobody or his password/],
  [
    'an ARI user that may only read',
    /(ari: .*username: )lamplighter/,
    '$1reader',
    'ari-write',
    /the ARI user reader may only read/,
  ],
  [
    'an AMI account without rights to write',
    /(port: \d+\n +username: )lamplighter/,
    '$1reader',
    'ami-rights',
    /DBPut.*\(system\)/,
  ],
  [
    'an AMI account without the right to set device states',
    /(port: \d+\n +username: )lamplighter/,
    '$1halfwriter',
    'ami-rights',
    /Setvar.*\(call\)/,
  ],
] as const) {
  it(`${what} is found, named and told how to mend`, async () => {
    await restart((usual) => usual.replace(from, to));
    const findings = await found();
    assert.match(textOf(findings, check), text);
    assert.notEqual(findings.find((one) => one.check === check)?.fix ?? null, null);
  });
}

it('a module that is unloaded is named, with the command that loads it', async () => {
  await restart();
  await site.lab.cli('module unload res_pjsip_notify.so');
  try {
    const findings = await found();
    assert.deepEqual(complaints(findings), ['asterisk-modules: warn']);
    assert.match(textOf(findings, 'asterisk-modules'), /res_pjsip_notify\.so is not loaded/);
  } finally {
    await site.lab.cli('module load res_pjsip_notify.so');
  }
  await site.lab.cli('module unload func_devstate.so');
  try {
    assert.deepEqual(complaints(await found()), ['ami-events: fail', 'asterisk-modules: fail']);
  } finally {
    await site.lab.cli('module load func_devstate.so');
  }
  assert.deepEqual(complaints(await found()), []);
});

it('an account that is told no events is found by a state that does not come back', async () => {
  await site.lab.editFile('manager.conf', (text) =>
    text.replace(/(\[lamplighter\][^[]*?)read = [^\n]*/, '$1read = command'),
  );
  await site.lab.cli('manager reload');
  try {
    await restart();
    const findings = await found();
    assert.match(textOf(findings, 'ami-events'), /did not come back/);
    assert.match(textOf(findings, 'ami-rights'), /does not read the class system/);
  } finally {
    await site.lab.editFile('manager.conf', (text) =>
      text.replace('read = command', 'read = system,call,reporting,agent'),
    );
    await site.lab.cli('manager reload');
  }
});

it('an address that the account does not permit is told like a wrong password, with both cures', async () => {
  const usual = await site.lab.editFile('manager.conf', (text) =>
    text.replace(/(\[lamplighter\][^[]*?)permit = [^\n]*/, '$1permit = 192.0.2.1/255.255.255.255'),
  );
  await site.lab.cli('manager reload');
  try {
    await restart();
    const findings = await found();
    assert.match(textOf(findings, 'ami'), /its deny and permit keep this host out/);
    assert.match(findings.find(({ check }) => check === 'ami')?.fix ?? '', /permit = ADDRESS OF THIS HOST/);
  } finally {
    await site.lab.editFile('manager.conf', () => usual);
    await site.lab.cli('manager reload');
  }
});

it('rights that are cut and a password that changes behind a running session are found at once', async () => {
  await restart();
  await site.daemon.ready(20_000);
  assert.deepEqual(complaints(await found()), []);
  const usual = await site.lab.editFile('manager.conf', (text) =>
    text.replace(/(\[lamplighter\][^[]*?)write = [^\n]*/, '$1write = call,reporting,agent'),
  );
  try {
    await site.lab.cli('manager reload');
    const cut = await found();
    assert.match(textOf(cut, 'ami-rights'), /DBPut.*\(system\)/);
    await site.lab.editFile('manager.conf', () =>
      usual.replace(/(\[lamplighter\][^[]*?)secret = [^\n]*/, '$1secret = changed-since'),
    );
    await site.lab.cli('manager reload');
    assert.match(textOf(await found(), 'ami'), /does not let lamplighter in any more/);
  } finally {
    await site.lab.editFile('manager.conf', () => usual);
    await site.lab.cli('manager reload');
  }
  assert.deepEqual(complaints(await found()), []);
});

it('settings of the PBX that hurt it are read over AMI', async () => {
  await restart();
  await site.daemon.ready(20_000);
  const usual = await site.lab.editFile('ari.conf', (text) =>
    text.replace(
      'enabled = yes',
      'enabled = yes\nchannelvars = CHANNEL(pjsip,call-id)\nwebsocket_write_timeout = 5000',
    ),
  );
  const options = await site.lab.editFile('asterisk.conf', (text) =>
    text.replace('live_dangerously = no', 'live_dangerously = yes'),
  );
  try {
    assert.deepEqual(complaints(await found()), [
      'ari-channelvars: fail',
      'ari-timeout: warn',
      'live-dangerously: warn',
    ]);
  } finally {
    await site.lab.editFile('ari.conf', () => usual);
    await site.lab.editFile('asterisk.conf', () => options);
  }
});

it('features that lie elsewhere than the configuration says', async () => {
  await restart((usual) => usual.replace('features: freepbx', 'features: astdb'));
  assert.match(textOf(await found(), 'feature-home'), /has the rows of FreePBX/);
  const ami = await AmiClient.connect(site.lab.admin);
  try {
    await ami.action({ Action: 'DBDelTree', Family: 'AMPUSER' });
    await restart();
    assert.match(textOf(await found(), 'feature-home'), /no rows of FreePBX/);
    for (const ext of ['1001', '1002', '1003', '1004', '1005', '1006']) {
      await ami.action({ Action: 'DBPut', Family: 'AMPUSER', Key: `${ext}/device`, Val: ext });
    }
  } finally {
    await ami.close();
  }
});

it('a second Lamplighter that took the ARI application is found by the first', async () => {
  await restart();
  await site.daemon.ready(20_000);
  const other = site.home.write(
    'other.yaml',
    site.text
      .replace(/udp:127.0.0.1:\d+/, 'udp:127.0.0.1:0')
      .replace(/tcp:127.0.0.1:\d+/, 'tcp:127.0.0.1:0')
      .replace(/http: \{ listen: '127.0.0.1:\d+'/, "http: { listen: '127.0.0.1:0'")
      .replace('lamplighter.db', 'other.db'),
  );
  const second = await Daemon.start(other);
  try {
    await second.ready(20_000);
    await site.daemon.until('/readyz', (_body, status) => status === 503);
    assert.match(textOf(await found(), 'ari-app'), /another program is connected as the ARI application lamplighter/);
  } finally {
    await second.kill();
  }
});

it('phones that are registered and never subscribed are named', async () => {
  await restart();
  await site.daemon.ready(20_000);
  const [silent, watching] = [await site.line('1002'), await site.desk('1001')];
  await site.line('1001');
  await watching.subscribe({ event: 'dialog', resource: '1003' });
  await site.daemon.until<{ registered: boolean }>('/api/v1/extensions/1002', ({ registered }) => registered);
  const text = textOf(await found(), 'never-subscribed');
  assert.match(text, /1002/);
  assert.doesNotMatch(text, /1001/);
  await silent.unregister();
});

it('what Asterisk writes of a SUBSCRIBE it answers with 489 is what doctor reads', async () => {
  const phone = await site.lab.phone('1005');
  const host = mkdtempSync(join(tmpdir(), 'lamplighter-host-'));
  try {
    await phone.subscribe({ event: 'as-feature-event', resource: '1005' });
    mkdirSync(join(host, 'var/log/asterisk'), { recursive: true });
    const deadline = Date.now() + 10_000;
    for (;;) {
      writeFileSync(join(host, 'var/log/asterisk/messages'), site.lab.logs);
      const seen = { config: configOf(''), file: null, running: true, root: host, now: 0, ask: async () => null };
      const [finding] = await asteriskLog.look(seen);
      if (finding !== undefined) {
        assert.match(finding.text, /refused \d+ SUBSCRIBEs? for as-feature-event \(489\), of 1005/);
        return;
      }
      assert.ok(Date.now() < deadline, `nothing of it in:\n${site.lab.logs.slice(-1000)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await phone.close();
    rmSync(host, { recursive: true, force: true });
  }
});

it('without a daemon doctor examines the same PBX, and says what only the host knows', async () => {
  await restart();
  await site.daemon.ready(20_000);
  const running = await doctor();
  assert.equal(running.code, 0, JSON.stringify(running.findings, null, 1));
  await site.daemon.stop();
  const alone = await doctor();
  assert.equal(alone.code, 1);
  assert.deepEqual(
    alone.findings.filter(({ level }) => level === 'fail').map(({ check }) => check),
    ['daemon'],
  );
  const names = new Set(alone.findings.map(({ check }) => check));
  for (const check of ['ari', 'ari-events', 'ami', 'ami-events', 'database', 'ports'])
    assert.ok(names.has(check), check);
});

it('a PBX whose HTTP server is off, and one that is stopped, are told apart from a wrong password', async () => {
  const usual = await site.lab.editFile('http.conf', (text) => text.replace('enabled = yes', 'enabled = no'));
  await site.lab.restart();
  await site.restartDaemon();
  try {
    const findings = await found();
    assert.match(textOf(findings, 'ari'), /ECONNREFUSED/);
    assert.deepEqual(complaints(findings), ['ari: fail']);
  } finally {
    await site.lab.editFile('http.conf', () => usual);
  }
  const noAri = await site.lab.editFile('ari.conf', (text) => text.replace('enabled = yes', 'enabled = no'));
  await site.lab.restart();
  try {
    assert.match(textOf(await found(), 'ari'), /has no ARI \(404\)/);
  } finally {
    await site.lab.editFile('ari.conf', () => noAri);
  }
  await site.lab.kill();
  const findings = await found();
  assert.match(textOf(findings, 'ami'), /ECONNREFUSED/);
  assert.deepEqual(complaints(findings), ['ari: fail', 'ami: fail']);
  const { code, findings: all } = await doctor();
  assert.equal(code, 1);
  assert.equal(
    all.find(({ check, level }) => check === 'health' && level === 'fail')?.fix,
    'what ari and ami below say',
  );
  await site.lab.restart();
});
