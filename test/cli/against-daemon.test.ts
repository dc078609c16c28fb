import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Daemon, Home } from '../support/daemon.ts';
import { Phone } from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';
import { installIn, runScript } from './typed/shell.ts';
import { cells, typed } from './typed/typed.ts';

const token = 'sixteen-characters';
const home = new Home();
let config = '';
let daemon: Daemon;

before(async () => {
  const port = await lastingPort();
  home.write('token', `${token}\n`);
  config = home.write(
    'lamplighter.yaml',
    `domain: lamplighter.test
sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'] }
store: { path: ${home.path('lamplighter.db')} }
http: { listen: '127.0.0.1:${port}', tokenFile: ${home.path('token')} }
log: { level: warn }
pbx:
  - { name: sim, type: simulated, extensions: ['1001-1003'] }
`,
  );
  installIn(home.folder);
  daemon = await Daemon.start(config);
  await daemon.ready();
});

after(async () => {
  await daemon.kill();
  home.remove();
});

/** Types it with the configuration of the daemon, which must be enough. */
async function ask(...words: string[]): Promise<readonly (readonly string[])[]> {
  const { code, out, err } = await typed([...words, '--config', config]);
  assert.equal(code, 0, `${words.join(' ')}: ${err}`);
  return cells(out);
}

test('a call is seen in ext and dialogs, and its name can do nothing to the terminal', async () => {
  const response = await fetch(`${daemon.http}/api/v1/simulator/call`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ from: '1001', to: '1002', fromName: 'Eve\u001b[2J\u202e  x' }),
  });
  assert.equal(response.status, 200);
  assert.deepEqual((await ask('ext', '1002', '--no-header'))[0]?.slice(0, 4), ['1002', 'ringing', 'yes', '1']);
  const rows = await ask('dialogs', '--no-header');
  assert.deepEqual(rows.map(([ext, state]) => [ext, state]).sort(), [
    ['1001', 'calling'],
    ['1002', 'ringing'],
  ]);
  assert.match(rows.find(([ext]) => ext === '1002')?.at(-1) ?? '', /^Eve\?\[2J\? x$/);
});

test('a feature that is set stands at the PBX and in the audit, as done by the command line', async () => {
  assert.deepEqual((await ask('set', '1003', 'cfna', 'on', '1001', '--rings', '4'))[1], ['1003', 'cfna', 'on:1001/4']);
  assert.equal((await ask('features', '1003'))[1]?.[4], 'on:1001/4');
  const [titles = [], row = []] = await ask('audit', '1003');
  assert.equal(row[titles.indexOf('VIA')], 'cli');
  assert.equal(row[titles.indexOf('NEW')], 'on:1001/4');
  const refused = await typed(['set', '1003', 'cfa', 'on', '0900123456', '--config', config]);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /^refused: /);
  assert.equal((await ask('features', '1003'))[1]?.[2], 'off');
});

test("a phone's subscription is seen, told again, traced and ended", async () => {
  const server = { host: '127.0.0.1', port: daemon.udpPort, transport: 'udp' } as const;
  const phone = await Phone.open({ user: '1001', password: 'secret1001', domain: 'lamplighter.test', server });
  try {
    await phone.subscribe({ event: 'dialog', resource: '1003' });
    const [titles = [], row = []] = await ask('subs', '1003');
    assert.equal(row[titles.indexOf('WATCHER')], '1001');
    const [id = ''] = row;
    assert.equal((await ask('renotify', '1003'))[1]?.[0], id);
    const trace = await ask('trace', '1003', '--no-header');
    const messages = trace.map((cell) => cell.at(-1) ?? '');
    assert.ok(
      messages.some((text) => text.startsWith('SUBSCRIBE')) && messages.some((text) => text.startsWith('NOTIFY')),
      messages.join('\n'),
    );
    const whole = await typed(['trace', '1001', '--text', '--config', config]);
    assert.match(whole.out, /^Authorization: /m);
    assert.doesNotMatch(whole.out, /response="[0-9a-f]{32}"/, 'secrets are hidden');
    assert.deepEqual(await ask('kick', id), [[`${id} ended`]]);
    assert.equal((await typed(['kick', id, '--config', config])).code, 1);
  } finally {
    await phone.close();
  }
});

test('links, phones, reload and log-level speak with the real thing', async () => {
  assert.deepEqual((await ask('links'))[1]?.slice(0, 2), ['sim', 'up']);
  assert.equal((await typed(['phones', '--config', config])).code, 0);
  const same = await typed(['reload', '--config', config]);
  assert.deepEqual([same.code, same.out, same.err], [0, '', 'nothing has changed\n']);
  assert.deepEqual(await ask('log-level'), [['log level warn']]);
  assert.match((await ask('log-level', 'error', '--for', '60'))[0]?.[0] ?? '', /^log level error until 20\d\d-.*Z$/);
  assert.equal((await typed(['log-level', 'info', '--for', '0', '--config', config])).code, 1);
  assert.equal((await typed(['log-level', '--for', '5', '--config', config])).code, 64);
});

test('as a program: answers on standard output, the rest on standard error, and who reads no further is no fault', async () => {
  const lines = [
    `export LAMPLIGHTER_CONFIG='${config}'`,
    "lamplighter ext --no-header 2>/dev/null | awk '{ print $1 }'",
    `lamplighter ext | true; echo "\${PIPESTATUS[0]}"`,
    `lamplighter man | true; echo "\${PIPESTATUS[0]}"`,
    'lamplighter ext 1999 2>/dev/null; echo "$?"',
    'lamplighter set 1001 dnd perhaps >/dev/null 2>&1; echo "$?"',
  ];
  const { out, err } = await runScript(['bash', '--norc'], lines.join('\n'), home.folder);
  assert.deepEqual([out, err], ['1001\n1002\n1003\n0\n0\n1\n64\n', '']);
});

test('nothing of a token is in the list of processes', async () => {
  const { out } = await runScript(
    ['bash', '--norc'],
    `LAMPLIGHTER_CONFIG='${config}' lamplighter trace --follow >/dev/null 2>&1 &
for at in $(seq 100); do tr '\\0' ' ' </proc/$!/cmdline | grep -q follow && break; sleep 0.05; done
tr '\\0' ' ' </proc/$!/cmdline; kill $!`,
    home.folder,
  );
  assert.match(out, /trace --follow/);
  assert.doesNotMatch(out, /sixteen/);
});
