import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { afterEach, test } from 'node:test';
import { Daemon, Home } from '../support/daemon.ts';
import { dialogInfo, featureEvents, featureType, lamp, setDnd } from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';
import { testFile } from './lab/paths.ts';
import { ClientHome, missing, Program } from './ready-made/program.ts';
import { orRequired } from './required.ts';

const driver = testFile('interop', 'ready-made', 'linphone.py');

/** Null: Python and the library of Linphone are here. */
function noLinphone(): Promise<string | null> {
  return new Promise((resolve) => {
    execFile('python3', [driver], { timeout: 20_000 }, (error) => {
      resolve(error === null ? null : 'python3 with liblinphone (Debian: linphone-cli) is not installed');
    });
  });
}

const linphone = orRequired(await noLinphone());
const sipsak = orRequired(missing('sipsak', 'sipsak'));
const baresip = orRequired(missing('baresip', 'baresip-core'));
const twinkle = orRequired(missing('twinkle-console', 'twinkle-console'));

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function it(name: string, why: string | null, work: () => Promise<void>): void {
  test(name, { skip: why ?? false }, work);
}

/** A daemon with the simulated PBX, which each test has to itself. */
async function serve(digest: 'sha-256' | 'md5' = 'sha-256'): Promise<Daemon> {
  const home = new Home();
  closing.push(() => home.remove());
  const config = home.write(
    'lamplighter.yaml',
    `version: 1
domain: lamplighter.test
sip: { digest: ${digest}, listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'] }
store: { path: ${home.path('lamplighter.db')} }
http: { listen: '127.0.0.1:0' }
phones: { profiles: [{ name: quick, match: '.', notifyMinIntervalMs: 0 }] }
pbx: [{ name: sim, type: simulated }]
`,
  );
  const daemon = await Daemon.start(config);
  closing.push(() => daemon.kill());
  await daemon.ready();
  return daemon;
}

function launch(home: ClientHome, program: string, words: readonly string[]): Program {
  const client = new Program(home, program, words);
  closing.push(() => client.kill());
  return client;
}

function clientHome(): ClientHome {
  const home = new ClientHome();
  closing.push(() => home.remove());
  return home;
}

interface Listed {
  readonly event: string;
  readonly lastStatus: number | null;
  readonly notifies: number;
}

const subscriptions = (daemon: Daemon, right: (list: readonly Listed[]) => boolean) =>
  daemon.until<Listed[]>('/api/v1/subscriptions', right);

/** What Linphone was told, oldest first. */
function told(output: string): { contentType: string; body: string; event: string }[] {
  return output.split('\n').flatMap((line) => {
    if (!line.startsWith('{"notify"')) return [];
    const { notify: event, body } = JSON.parse(line) as { notify: string; body: string | null };
    return [{ event, contentType: event === 'dialog' ? 'application/dialog-info+xml' : featureType, body: body ?? '' }];
  });
}

function linphoneAt(daemon: Daemon, transport: 'udp' | 'tcp', resource: string, event: string): Program {
  const port = transport === 'udp' ? daemon.udpPort : daemon.tcpPort;
  const uri = `sip:${resource}@127.0.0.1:${port};transport=${transport}`;
  return launch(clientHome(), 'python3', [driver, '1001', 'secret1001', uri, event]);
}

for (const transport of ['udp', 'tcp'] as const) {
  it(
    `Linphone subscribes to dialog over ${transport} with SHA-256, sees the lamp move, refreshes and leaves`,
    linphone,
    async () => {
      const daemon = await serve();
      const client = linphoneAt(daemon, transport, '1002', 'dialog');
      const shows = (want: string) =>
        client.shows(want, (output) => {
          const last = told(output).at(-1);
          return last !== undefined && lamp(dialogInfo(last)) === want;
        });
      const act = (action: string, body: object) =>
        daemon.api<{ id: string }>(`/api/v1/simulator/${action}`, { method: 'POST', body });
      await shows('off');
      const { id } = (await act('call', { from: '1003', to: '1002' })).body;
      await shows('ringing');
      await act('answer', { id });
      await shows('busy');
      const before = told(client.output).length;
      client.type('refresh');
      await client.shows('NOTIFY of the refresh', (output) => told(output).length > before);
      await act('hangup', { id });
      await shows('off');
      await subscriptions(daemon, ([one]) => one?.lastStatus === 200);
      const versions = told(client.output).map((one) => dialogInfo(one).version);
      assert.deepEqual(versions, [...versions.keys()], 'RFC 4235 4.3: every document arrived, in order');
      client.type('quit');
      await subscriptions(daemon, (list) => list.length === 0);
      assert.equal(await client.end(), 0, client.output);
    },
  );
}

it('Linphone subscribes to as-feature-event, presses a key and is told what the PBX holds', linphone, async () => {
  const daemon = await serve();
  const client = linphoneAt(daemon, 'udp', '1001', 'as-feature-event');
  const features = (output: string) => told(output).flatMap((one) => featureEvents(one));
  await client.shows('four features', (output) => features(output).length === 4);
  client.type(`refresh ${featureType} ${setDnd(true).replaceAll('\r\n', '')}`);
  await client.shows('DND on', (output) => features(output).at(-1)?.enabled === true);
  await daemon.api('/api/v1/extensions/1001/features/dnd', { method: 'PUT', body: { enabled: false } });
  await client.shows('DND off', (output) => features(output).at(-1)?.enabled === false);
  assert.equal(features(client.output).length, 6);
  await subscriptions(daemon, ([one]) => one?.lastStatus === 200);
});

for (const event of ['dialog', 'as-feature-event']) {
  it(`sipsak subscribes to ${event}: challenged, let in, served`, sipsak, async () => {
    const daemon = await serve('md5');
    const home = clientHome();
    const contact = '<sip:1001@127.0.0.1:9>'; // the discard port: sipsak is gone after the 200
    const file = home.write(
      'subscribe.sip',
      `SUBSCRIBE sip:1001@127.0.0.1:${daemon.udpPort} SIP/2.0\r`,
      'From: <sip:1001@127.0.0.1>;tag=sipsak\r',
      'To: <sip:1001@127.0.0.1>\r',
      `Call-ID: ${event}@sipsak\r`,
      'CSeq: 1 SUBSCRIBE\r',
      `Contact: ${contact}\r`,
      `Event: ${event}\r`,
      'Max-Forwards: 70\r',
      'Expires: 600\r',
      'Content-Length: 0\r',
      '\r',
    );
    const target = `sip:1001@127.0.0.1:${daemon.udpPort}`;
    const words = ['-vvv', '-L', '-f', file, '-s', target, '-u', '1001', '-a', 'secret1001', '-H', '127.0.0.1'];
    const client = launch(home, 'sipsak', words);
    assert.equal(await client.end(), 0, client.output);
    assert.match(client.output, /SIP\/2\.0 401[\s\S]*SIP\/2\.0 200[\s\S]*\nExpires: \d+\r?\n/);
    const [one] = await subscriptions(daemon, ([first]) => first !== undefined && first.notifies > 0);
    assert.equal(one?.event, event);
  });
}

it('baresip watches by presence and takes each document: idle, ringing, busy, no calls wanted', baresip, async () => {
  const daemon = await serve('md5');
  const home = clientHome();
  const server = `127.0.0.1:${daemon.udpPort}`;
  const modules = ['account', 'contact', 'menu', 'presence'].map((name) => `module_app ${name}.so`);
  const path = 'module_path /usr/lib/baresip/modules';
  home.write('config', 'sip_listen 127.0.0.1:0', path, 'module g711.so', ...modules);
  home.write('accounts', `<sip:1001@${server};transport=udp>;auth_user=1001;auth_pass=secret1001;regint=0`);
  home.write('contacts', `"Desk" <sip:1002@${server}>;presence=p2p`);
  const client = launch(home, 'baresip', ['-f', home.folder, '-s']);
  const takes = async (note: string) => {
    await client.shows(note, (output) => output.includes(`<dm:note>${note}</dm:note>`));
    await subscriptions(daemon, ([one]) => one?.event === 'presence' && one.lastStatus === 200);
  };
  await takes('Available');
  const act = (action: string, body: object) =>
    daemon.api<{ id: string }>(`/api/v1/simulator/${action}`, { method: 'POST', body });
  const { id } = (await act('call', { from: '1003', to: '1002' })).body;
  await takes('Ringing');
  await act('answer', { id });
  await takes('On the phone');
  await act('hangup', { id });
  await daemon.api('/api/v1/extensions/1002/features/dnd', { method: 'PUT', body: { enabled: true } });
  await takes('DND');
  assert.ok(client.running, client.output);
  assert.doesNotMatch(client.output, /SIP\/2\.0 4(?!01)|subscriber closed/);
});

it('Twinkle watches its mailbox, takes each document, and is told of new messages', twinkle, async () => {
  const daemon = await serve('md5');
  const home = clientHome();
  const server = `127.0.0.1:${daemon.udpPort}`;
  home.write(
    '.twinkle/desk.cfg',
    ...['user_name=1001', `user_domain=${server}`, 'auth_name=1001', 'auth_pass=secret1001'],
    ...['register_at_startup=no', 'mwi_sollicited=yes', 'mwi_user=1001', `mwi_server=${server}`],
    ...['mwi_via_proxy=no', 'sip_transport=udp'],
  );
  const port = await lastingPort();
  // no sound device by these names: Twinkle says so and goes on
  home.write('.twinkle/twinkle.sys', `sip_port=${port}`, 'nic=lo', 'dev_ringtone=', 'dev_speaker=', 'dev_mic=');
  const client = launch(home, 'twinkle-console', ['desk.cfg']);
  const taken = (notifies: number) =>
    subscriptions(daemon, (list) =>
      list.some((it) => it.event === 'message-summary' && it.notifies >= notifies && it.lastStatus === 200),
    );
  await taken(1);
  const mailbox = { ext: '1001', new: 2, old: 1 };
  const answer = await daemon.api('/api/v1/simulator/mailbox', { method: 'POST', body: mailbox });
  assert.equal(answer.status, 200);
  await taken(2);
  const trace = home.read('.twinkle/twinkle.log');
  for (const line of ['Messages-Waiting: no', 'Messages-Waiting: yes', 'Voice-Message: 2/1']) {
    assert.ok(trace.includes(line), `no ${line} in:\n${trace}`);
  }
  assert.ok(client.running, client.output);
});
