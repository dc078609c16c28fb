import assert from 'node:assert/strict';
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { TracedPath } from '../../src/model/trace.ts';
import { Capture } from '../../src/trace/pcap.ts';
import { Stage } from '../flows/stage.ts';
import { Home } from '../support/daemon.ts';
import { lastingPort } from '../support/ports.ts';
import { subscribe, udp, wire } from '../trace/messages.ts';
import { orRequired } from './required.ts';

const run = promisify(execFile);

function lacks(tool: string, packages: string, ...words: string[]): string | false {
  try {
    execFileSync(tool, words, { stdio: 'ignore' });
    return false;
  } catch {
    return orRequired(`${tool} (Debian: ${packages}) is not installed`) ?? false;
  }
}

const noTshark = lacks('tshark', 'tshark', '--version');
const noTcpdump = lacks('tcpdump', 'tcpdump', '--version');
const noKamailio = lacks('kamailio', 'kamailio', '-v');

let stage: Stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage.close());

/** A capture file of what one phone said by UDP and by TCP. */
async function captured(): Promise<{ readonly file: string; readonly ext: string }> {
  const ext = stage.ext();
  for (const transport of ['udp', 'tcp'] as const) {
    const phone = await stage.phone(ext, {}, transport);
    await (await phone.subscribe({ event: 'dialog' })).next();
  }
  await stage.listed(ext, (list) => list.length > 0 && list.every(({ lastStatus }) => lastStatus === 200));
  const answer = await fetch(`${stage.daemon.http}/api/v1/trace.pcap?ext=${ext}`);
  const file = stage.home.path('one.pcap');
  writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
  return { file, ext };
}

async function fields(file: string, filter: string, ...names: string[]): Promise<string[][]> {
  const port = `==${stage.daemon.udpPort},sip`;
  const decode = ['-d', `udp.port${port}`, '-d', `tcp.port${port}`];
  const checks = ['ip.check_checksum', 'udp.check_checksum', 'tcp.check_checksum'].flatMap((one) => [
    '-o',
    `${one}:TRUE`,
  ]);
  const words = [
    '-r',
    file,
    '-n',
    ...decode,
    ...checks,
    '-Y',
    filter,
    '-T',
    'fields',
    ...names.flatMap((name) => ['-e', name]),
  ];
  const { stdout } = await run('tshark', words);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

test('Wireshark reads the capture file: every message as SIP, every checksum right', { skip: noTshark }, async () => {
  const { file, ext } = await captured();
  const said = await fields(file, 'sip', 'frame.protocols', 'sip.Method', 'sip.Status-Code', 'sip.from.user');
  assert.equal(said.length, 12);
  assert.equal(said.filter(([protocols]) => protocols?.includes(':tcp:')).length, 6);
  assert.equal(said.filter(([, method]) => method === 'SUBSCRIBE').length, 4);
  assert.equal(said.filter(([, , status]) => status === '401').length, 2);
  assert.ok(said.every(([, , , from]) => from === ext));
  const bad =
    'ip.checksum.status == "Bad" or udp.checksum.status == "Bad" or tcp.checksum.status == "Bad" or _ws.malformed';
  assert.deepEqual(await fields(file, bad, 'frame.number'), []);
  assert.deepEqual(await fields(file, 'tcp.analysis.lost_segment or tcp.analysis.out_of_order', 'frame.number'), []);
});

test('Wireshark reads IPv6, and puts a message of several packets together', { skip: noTshark }, async () => {
  const capture = new Capture();
  const end = (address: string, port: number) => ({ address, port });
  const v6: TracedPath = { ...udp, local: end('2001:db8::1', stage.daemon.udpPort), remote: end('2001:db8::2', 5060) };
  const tls: TracedPath = { ...v6, transport: 'tls', connection: 'x' };
  const body = 'x'.repeat(130_000);
  const large = wire(
    [
      'MESSAGE sip:a SIP/2.0',
      'Call-ID: large',
      'CSeq: 1 MESSAGE',
      'Content-Type: text/plain',
      `Content-Length: ${body.length}`,
    ],
    body,
  );
  const pieces = [
    capture.begin(),
    capture.write({
      at: 1_700_000_000_123,
      direction: 'in',
      path: v6,
      payload: Buffer.from(subscribe('1001', '1002')),
    }),
    capture.write({ at: 1_700_000_000_124, direction: 'in', path: tls, payload: Buffer.from(large) }),
  ];
  const file = stage.home.path('six.pcap');
  writeFileSync(file, Buffer.concat(pieces));
  const said = await fields(file, 'sip', 'ipv6.src', 'sip.Method', 'frame.time_epoch', 'sip.Content-Length');
  assert.deepEqual(
    said.map(([source, method, time, length]) => [source, method, Number(time).toFixed(3), length]),
    [
      ['2001:db8::2', 'SUBSCRIBE', '1700000000.123', ''],
      ['2001:db8::2', 'MESSAGE', '1700000000.124', '130000'],
    ],
  );
  assert.deepEqual(
    await fields(file, 'udp.checksum.status == "Bad" or tcp.checksum.status == "Bad"', 'frame.number'),
    [],
  );
});

test('tcpdump reads the capture file', { skip: noTcpdump }, async () => {
  const { file } = await captured();
  const { stdout, stderr } = await run('tcpdump', ['-n', '-vv', '-r', file]);
  assert.match(stderr, /link-type RAW \(Raw IP\)/);
  assert.match(stdout, /UDP.*length \d+/);
  assert.match(stdout, /Flags \[P\.\], cksum 0x[0-9a-f]+ \(correct\)/);
  assert.doesNotMatch(stdout, /incorrect|bad (ip|udp) cksum|truncated/);
});

/** A Kamailio that takes HEP and says what it took. */
class HepKamailio {
  readonly home = new Home();
  readonly lines: string[] = [];
  port = 0;
  #child: ChildProcess | null = null;

  async start(): Promise<void> {
    this.port = await lastingPort();
    const modules = ['/usr/lib/x86_64-linux-gnu/kamailio/modules', '/usr/lib/aarch64-linux-gnu/kamailio/modules'];
    const file = this.home.write(
      'kamailio.cfg',
      `#!KAMAILIO
debug=2
log_stderror=yes
fork=no
children=1
disable_tcp=yes
listen=udp:127.0.0.1:${this.port}
mpath="${modules.filter((path) => existsSync(path)).join(':')}"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "sl.so"
loadmodule "db_text.so"
loadmodule "sipcapture.so"
modparam("sipcapture", "db_url", "text://${this.home.folder}")
modparam("sipcapture", "capture_on", 1)
modparam("sipcapture", "hep_capture_on", 1)
request_route { xlog("L_WARN", "took $rm $ci from $si:$sp\\n"); drop; }
onreply_route { xlog("L_WARN", "took $rs $ci from $si:$sp\\n"); drop; }
`,
    );
    const child = spawn(
      'kamailio',
      ['-DD', '-E', '-f', file, '-m', '64', '-M', '16', '-w', this.home.folder, '-Y', this.home.folder],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
  }

  async until(fits: RegExp, again: () => Promise<unknown>): Promise<string> {
    const end = Date.now() + 30_000;
    for (;;) {
      const line = this.lines.find((one) => fits.test(one));
      if (line !== undefined) return line;
      if (Date.now() > end) throw new Error(`Kamailio never said ${fits}:\n${this.lines.slice(-20).join('\n')}`);
      await again();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child !== null && child.exitCode === null) {
      const over = once(child, 'exit');
      child.kill('SIGTERM');
      await over;
    }
    this.home.remove();
  }
}

test("Kamailio's sipcapture takes our HEP3: addresses, ports and message are what they were", {
  skip: noKamailio,
}, async () => {
  const kamailio = new HepKamailio();
  await kamailio.start();
  const hep = `trace: { hep: { to: '127.0.0.1:${kamailio.port}', captureId: 4711, password: homers-word } }`;
  const own = await Stage.open(hep);
  try {
    const hand = await own.hand();
    const options = () => hand.ask({ user: 'probe', method: 'OPTIONS' });
    const line = await kamailio.until(/took OPTIONS/, options);
    assert.match(line, new RegExp(`took OPTIONS \\w+@hand from 127\\.0\\.0\\.1:${hand.port}$`), 'the phone, not us');
    await kamailio.until(new RegExp(`took 200 \\w+@hand from 127\\.0\\.0\\.1:${own.daemon.udpPort}$`), options);
  } finally {
    await own.close();
    await kamailio.stop();
  }
});
