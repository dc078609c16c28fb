import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { attack, culprits } from '../flows/attacks.ts';
import { Stage } from '../flows/stage.ts';
import { fail2banFolder } from '../support/fail2ban.ts';
import { orRequired } from './required.ts';

function whyNot(): string | null {
  try {
    execFileSync('fail2ban-regex', ['--version'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'fail2ban-regex (Debian: fail2ban) is not installed';
  }
}

const skip = orRequired(whyNot()) ?? false;
const run = promisify(execFile);

let stage: Stage;
before(async () => {
  if (skip !== false) return;
  stage = await Stage.open();
  await attack(stage);
});
after(async () => {
  if (skip === false) await stage.close();
});

/** Each distinct address the filter finds in the daemon's own log. */
async function banned(mode: string): Promise<ReadonlySet<string>> {
  const log = stage.home.write(`daemon-${mode}.log`, `${stage.daemon.output.join('\n')}\n`);
  const filter = `${fail2banFolder}filter.d/lamplighter.conf[mode=${mode}]`;
  const { stdout } = await run('fail2ban-regex', ['--out=ip', log, filter]);
  return new Set(stdout.split('\n').filter((line) => line !== '' && line !== 'None'));
}

for (const mode of ['normal', 'aggressive'] as const) {
  test(`fail2ban in mode ${mode} finds every attacker in the log of the running daemon, and nobody else`, {
    skip,
  }, async () => {
    assert.deepEqual([...(await banned(mode))].sort(), [...culprits[mode]].sort());
  });
}

test('fail2ban takes the time of a line from the line, as UTC, wherever it runs', { skip }, async () => {
  const line = stage.daemon.output.find((one) => one.includes('"event":"auth-failed"')) ?? '';
  const written = Date.parse(String((JSON.parse(line) as { time: string }).time));
  const log = stage.home.write('one.log', `${line}\n`);
  for (const [zone, hours] of [
    ['UTC', 0],
    ['Asia/Tokyo', 9],
  ] as const) {
    const words = ['-v', log, `${fail2banFolder}filter.d/lamplighter.conf`];
    const { stdout } = await run('fail2ban-regex', words, { env: { ...process.env, TZ: zone } });
    const local = /^\|\s+127\.0\.0\.\d+\s+(\w{3} \w{3} +\d+ [\d:]+ \d{4})$/m.exec(stdout)?.[1] ?? '';
    const read = Date.parse(`${local} UTC`) - hours * 3_600_000;
    assert.equal(Math.floor(read / 1000), Math.floor(written / 1000), stdout);
  }
});

test('fail2ban accepts the jail', { skip }, async () => {
  const { stdout } = await run('fail2ban-client', ['--version']);
  assert.match(stdout, /\d/);
  // a configuration of its own: Debian's, with our two files
  const folder = stage.home.path('fail2ban');
  await run('cp', ['-r', '/etc/fail2ban', folder]);
  await run('cp', [`${fail2banFolder}jail.d/lamplighter.conf`, `${folder}/jail.d/`]);
  await run('cp', [`${fail2banFolder}filter.d/lamplighter.conf`, `${folder}/filter.d/`]);
  const { stdout: dump } = await run('fail2ban-client', ['-c', folder, '-d']);
  assert.match(dump, /'set', 'lamplighter', 'maxretry', 20/);
  assert.match(dump, /'set', 'lamplighter', 'addfailregex', .*auth-failed\|unknown-user\|not-trusted/);
});
