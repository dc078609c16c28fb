import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pinned } from '../../bench/pinned.ts';
import { testFile } from '../lab/paths.ts';

export interface CallsOptions {
  readonly port: number;
  readonly caller: string;
  /** Absent: nobody asks for it. */
  readonly password?: string;
  readonly called: string;
  /** Calls a second. */
  readonly rate: number;
  readonly calls: number;
  /** The port at which the called phone is registered. */
  readonly calledPort: number;
  /** Where both are kept; default anywhere. */
  readonly core?: number;
}

/** What SIPp counted. */
export interface CallsReport {
  readonly made: number;
  readonly lost: number;
  /** The same, of the phone that is called. */
  readonly taken: number;
  readonly dropped: number;
  /** Requests and answers that had to be sent again. */
  readonly repeated: number;
  /** INVITE to 200, challenge included; milliseconds. */
  readonly answerMs: { readonly p50: number; readonly p99: number };
  /** Screens and errors of both, for a failure. */
  readonly log: string;
}

/** Places calls at a steady rate between two phones that are both SIPp, and waits for the end of the last one. */
export async function callsAtRate(options: CallsOptions): Promise<CallsReport> {
  const folder = await mkdtemp(join(tmpdir(), 'lamp-sipp-'));
  const { caller, called, password, calls, rate, core } = options;
  const seconds = Math.ceil(calls / rate) + 20;
  // -abortunexp: an INVITE, an ACK or a 200 that comes again ends no call; one that is refused does not end, and so counts
  const manners = ['-default_behaviors', 'all,-abortunexp', '-nostdin', '-timer_resol', '1'];
  const limits = ['-timeout', `${seconds}s`, '-timeout_error', ...manners];
  const sipp = (
    name: string,
    words: readonly string[],
  ): { readonly child: ChildProcess; readonly screen: Promise<string> } => {
    const file = ['-sf', testFile('interop', 'sipp', `${name}.xml`), '-i', '127.0.0.1'];
    const errors = ['-trace_err', '-error_file', join(folder, `${name}.errors`)];
    const all = [...file, ...limits, ...errors, ...words];
    const [program, parameters] = core === undefined ? ['sipp', all] : pinned(core, 'sipp', all);
    const child = spawn(program, parameters, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    return { child, screen: screenOf(child) };
  };
  // -aa: OPTIONS and NOTIFY are answered, but count as calls: so no -m, which would end it too early
  const answering = sipp('answer', ['-p', String(options.calledPort), '-aa']);
  try {
    await isBound(options.calledPort);
    const challenged = password === undefined ? [] : ['-au', caller, '-ap', password];
    const calling = sipp(password === undefined ? 'call_unasked' : 'call', [
      ...['-s', called, '-key', 'caller', caller, ...challenged],
      ...['-m', String(calls), '-r', String(rate), '-trace_rtt', `127.0.0.1:${options.port}`],
    ]);
    const screen = await calling.screen;
    await new Promise((resolve) => setTimeout(resolve, 1200)); // for as long answer.xml answers a BYE that comes again
    answering.child.kill('SIGINT');
    const answered = await answering.screen;
    const files = await readdir(folder);
    const times = files.find((name) => name.endsWith('_rtt.csv'));
    const errors = files.filter((name) => name.endsWith('.errors'));
    const told = await Promise.all(errors.map((name) => readFile(join(folder, name), 'utf8')));
    return {
      made: counter(screen, 'Successful call'),
      lost: counter(screen, 'Failed call'),
      taken: counter(answered, 'Successful call'),
      dropped: counter(answered, 'Failed call'),
      repeated: retransmissions(screen) + retransmissions(answered),
      answerMs: shares(times === undefined ? '' : await readFile(join(folder, times), 'utf8')),
      log: [tail(screen), tail(answered), ...told.map((text) => text.slice(0, 4000))].join('\n'),
    };
  } finally {
    answering.child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
}

async function screenOf(child: ChildProcess): Promise<string> {
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(child, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

/** Until a UDP socket has this port, or five seconds. */
async function isBound(port: number): Promise<void> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  for (let tries = 0; tries < 250; tries += 1) {
    if ((await readFile('/proc/net/udp', 'utf8')).includes(wanted)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The cumulative column of the last statistics screen. */
function counter(screen: string, name: string): number {
  const all = [...screen.matchAll(new RegExp(`${name}\\s+\\|\\s+\\d+\\s+\\|\\s+(\\d+)`, 'g'))];
  return Number(all.at(-1)?.[1] ?? Number.NaN);
}

/** The second number behind each message of the last scenario screen. */
function retransmissions(screen: string): number {
  const last = screen.slice(screen.lastIndexOf('Messages  Retrans'));
  const rows = last.matchAll(/^ *(?:\w+ (?:-+>|<-+)(?: +[BE]-RTD\d)?|(?:-+>|<-+) \w+(?: +[BE]-RTD\d)?) +\d+ +(\d+)/gm);
  return [...rows].reduce((sum, [, count]) => sum + Number(count), 0);
}

function shares(csv: string): { readonly p50: number; readonly p99: number } {
  const times = csv
    .split('\n')
    .slice(1)
    .map((line) => Number(line.split(';')[1]))
    .filter((value) => Number.isFinite(value))
    .sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

function tail(screen: string): string {
  return screen.slice(screen.lastIndexOf('Messages  Retrans') - 200);
}
