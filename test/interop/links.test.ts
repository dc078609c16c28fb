import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Daemon } from '../support/daemon.ts';
import { type Change, it, Site, skip } from './scene.ts';

let site: Site;

before(async () => {
  if (skip === null) site = await Site.open();
});
after(() => site?.close());

const amiUser =
  (user: string): Change =>
  (usual) =>
    usual.replace(/(port: \d+\n +username: )lamplighter/, `$1${user}`);
const ariUser =
  (user: string): Change =>
  (usual) =>
    usual.replace(/(ari: .*username: )lamplighter/, `$1${user}`);

async function restart(change: Change): Promise<void> {
  await site.daemon.stop();
  await site.restartDaemon(change);
}

/** The first line of the log that is an error of this code. */
async function error(code: string): Promise<{ message: string; fix: string }> {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    const line = site.daemon.log.find((one) => one['level'] === 'error' && one['code'] === code);
    if (line !== undefined) return line as { message: string; fix: string };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return assert.fail(`no ${code} in the log:\n${site.daemon.output.join('\n')}`);
}

const setDnd = (ext: string, enabled: boolean) =>
  site.daemon.api<{ error: { code: string } }>(`/api/v1/extensions/${ext}/features/dnd`, {
    method: 'PUT',
    body: { enabled },
  });

for (const [what, change, message] of [
  ['a wrong ARI user', ariUser('nobody'), /ARI refuses the user name or password/],
  ['a wrong AMI user', amiUser('nobody'), /AMI refuses the user name or password/],
  ['an ARI user that may only read', ariUser('reader'), /read_only = no/],
  ['an AMI user without the right to write', amiUser('reader'), /write = system,call,reporting/],
] as const) {
  it(`${what}: not ready, wishes are refused, and the log says what to do`, async () => {
    await restart(change);
    const line = await error('pbx-refused');
    assert.match(line.message, message);
    assert.notEqual(line.fix, '');
    assert.equal((await site.daemon.api('/readyz')).status, 503);
    assert.equal((await setDnd('1001', true)).status, 503);
    assert.doesNotMatch(await site.lab.cli('database show DND'), /\/DND\/1001/);
  });
}

it('an AMI user that may not set device states: the row counts, for the answer and for the lamp', async () => {
  await restart(amiUser('halfwriter'));
  await site.daemon.ready(10_000);
  assert.equal((await setDnd('1001', true)).status, 200);
  assert.match((await error('pbx-refused')).message, /Custom:DND1001.*write = system,call,reporting/);
  assert.match(await site.lab.cli('database show DND'), /\/DND\/1001\s*: YES/);
  assert.equal((await setDnd('1001', false)).status, 200);
});

it('ARI alone and AMI alone: calls and registrations are there, a pickup moves the lamp', async () => {
  for (const change of [
    (usual: string) => usual.slice(0, usual.indexOf('    ami:')),
    (usual: string) => usual.replace(/ +ari:.*\n/, ''),
  ]) {
    await restart(change);
    await site.daemon.ready(10_000);
    const [caller, callee, helper] = [await site.line('1001'), await site.line('1002'), await site.line('1003')];
    const lamp = (ext: string, state: string | undefined) =>
      site.daemon.until<{ dialogs: { state: string }[] }>(
        `/api/v1/extensions/${ext}`,
        ({ dialogs }) => dialogs[0]?.state === state,
      );
    await site.daemon.until<{ registered: boolean }>('/api/v1/extensions/1002', ({ registered }) => registered);
    const call = await caller.invite('1002');
    (await callee.nextCall()).ringing();
    await lamp('1002', 'early');
    const pickup = await helper.invite('**1002');
    await pickup.answered;
    await lamp('1002', undefined);
    await lamp('1003', 'confirmed');
    await call.hangup();
    for (const ext of ['1001', '1002', '1003']) await lamp(ext, undefined);
    for (const phone of [caller, callee, helper]) await phone.unregister();
  }
});

it('an Asterisk that comes after us, and one that is started again: ready within 15 s', async () => {
  await site.daemon.stop();
  await site.lab.kill();
  await site.restartDaemon();
  await site.daemon.until('/readyz', (_body, status) => status === 503);
  await site.lab.restart();
  await site.daemon.ready(15_000);
  await site.lab.restart();
  await site.daemon.until<{ stale: boolean }>('/api/v1/extensions/1001', ({ stale }) => !stale, 15_000);
  await site.daemon.ready(15_000);
  await site.lab.cli('module reload manager');
  assert.equal((await setDnd('1001', true)).status, 200);
  assert.equal((await setDnd('1001', false)).status, 200);
});

it('a PBX that refuses us after a reload, or is gone: phones that were served are served, also over a new dialog', async () => {
  await restart((usual) => usual);
  await site.daemon.ready(15_000);
  const phone = await site.desk('1001');
  const keys = await phone.subscribe({ event: 'as-feature-event' });
  await keys.next();
  // a reload forgets what was remembered for half a minute
  site.home.write('lamplighter.yaml', amiUser('nobody')(site.text, site.lab));
  const { status } = await site.daemon.api('/api/v1/reload', { method: 'POST' });
  assert.equal(status, 200);
  await site.daemon.until('/readyz', (_body, status) => status === 503);
  assert.equal((await keys.refresh()).status, 200);
  await site.lab.kill();
  assert.equal((await keys.refresh()).status, 200);
  const lamp = await phone.subscribe({ event: 'dialog', resource: '1002' });
  await lamp.next();
  const newcomer = await site.desk('1003');
  assert.equal((await newcomer.subscribe({ event: 'dialog', resource: '1002' })).response.status, 503);
  await site.lab.restart();
  await restart((usual) => usual);
  await site.daemon.ready(15_000);
});

it('a second Lamplighter with the same ARI application silences the first, which says so', async () => {
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
    await second.ready(10_000);
    await error('pbx-replaced');
    assert.equal((await site.daemon.api('/readyz')).status, 503);
  } finally {
    await second.kill();
  }
});
