import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type Command, Option } from 'commander';
import { asking, type Session } from '../asking.ts';
import { eventsIn } from '../event-reader.ts';
import { exits } from '../exits.ts';
import { Failure, unreachable } from '../failure.ts';
import { query, show } from '../listing.ts';
import { Row } from '../row.ts';
import { type Column, table } from '../table.ts';
import { asJson, printable, type Terminal, visible } from '../terminal.ts';

interface Options {
  readonly follow: boolean;
  readonly text: boolean;
  readonly limit: string;
  readonly subscription?: string;
  readonly callId?: string;
  readonly pcap?: string;
}

const base = '/api/v1/trace';

/** A daemon that is started again is back within seconds. */
const patienceMs = 30_000;
const againMs = 500;

export function trace(root: Command, terminal: Terminal): void {
  const command = root
    .command('trace')
    .description('Shows the SIP messages of an extension, the oldest first; secrets in them are hidden.')
    .argument('[ext]', 'from, to or about this one')
    .option('-f, --follow', 'goes on with those that come, until Ctrl-C; with --json one object a line', false)
    .option('-t, --text', 'the whole messages', false)
    .option('--subscription <id>', 'only those of this subscription')
    .option('--call-id <text>', 'only those with this Call-ID')
    .option('--pcap <file>', 'writes them into this file, for Wireshark and sngrep')
    .addOption(new Option('-n, --limit <count>', 'so many of the latest, 2000 at most').default('100'));
  asking<Options>(command, terminal, run);
}

async function run(session: Session, [ext]: readonly string[], options: Options): Promise<number> {
  const { daemon, terminal, json } = session;
  const { follow, text, limit, subscription, callId, pcap } = options;
  const filter = { ext, subscription, callId };
  if (pcap !== undefined) return written(session, query(`${base}.pcap`, filter), pcap);
  if (follow) return following(session, query(`${base}/stream`, filter), text);
  const reply = await daemon.get(query(base, { ...filter, limit }));
  const rows = Row.list(reply.body, 'at');
  if (rows === null) throw await daemon.strange(`GET ${base} answers something else`);
  if (json) terminal.out(asJson(reply.body));
  else if (text) terminal.out(rows.map(wholeText).join(''));
  else show(session, columns, rows, 'no message is remembered; --follow shows those that come');
  terminal.err(missedText(rows.reduce((sum, row) => sum + (row.number('missed') ?? 0), 0)));
  return exits.ok;
}

async function written({ daemon, terminal }: Session, path: string, file: string): Promise<number> {
  const pieces = daemon.download(path);
  // no file is made, and none of before lost, where there is nothing to write
  const first = await pieces.next();
  const all = async function* () {
    if (first.done !== true) yield first.value;
    yield* pieces;
  };
  try {
    await pipeline(all, createWriteStream(file, { mode: 0o600 }));
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('not-written', exits.refused, `${file}: ${whyUnwritten(error)}`);
  }
  terminal.err(`${printable(file)} written\n`);
  return exits.ok;
}

/**
 * Until Ctrl-C. A daemon that goes away is waited for, and what passed meanwhile is told as far as it remembers; one that was
 * never there, or does not come back, ends it.
 */
async function following(session: Session, path: string, text: boolean): Promise<number> {
  const { daemon, terminal, json, header } = session;
  if (header && !json && !text) terminal.out(table(followed, [], true));
  let last: string | null = null;
  /** Until when it is waited for; null: it is there. */
  let deadline: number | null = null;
  for (;;) {
    const began = Date.now();
    let why = new Failure('stream-ended', exits.unavailable, `${daemon.url} has ended the stream`);
    try {
      for await (const { event, data, id } of eventsIn(daemon.stream(path, last))) {
        [last, deadline] = [id, null];
        tell(session, event, data, text);
      }
      if (Date.now() - began > patienceMs) deadline = null;
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== unreachable || deadline === null) throw error;
      why = error;
    }
    if (deadline === null) terminal.err(`${why.message}; waiting for it\n`);
    deadline ??= Date.now() + patienceMs;
    if (Date.now() >= deadline) throw why;
    await new Promise((resolve) => setTimeout(resolve, againMs));
  }
}

function tell({ terminal, json }: Session, event: string, data: string, text: boolean): void {
  const value = parsed(data);
  if (event !== 'message') {
    if (event === 'missed') terminal.err(missedText(new Row(value).number('count') ?? 0));
  } else if (json) {
    terminal.out(asJson(value, 0));
  } else {
    const row = new Row(value);
    terminal.out(text ? wholeText(row) : table(followed, [row], false));
  }
}

function missedText(count: number): string {
  return count === 0 ? '' : `${count} messages passed too fast to be recorded\n`;
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return data;
  }
}

const columns: readonly Column<Row>[] = [
  { title: 'AT', of: timeOf },
  { title: 'DIR', of: (row) => row.text('direction') },
  { title: 'TRANSPORT', of: (row) => row.text('transport') },
  { title: 'REMOTE', of: (row) => row.text('remote') },
  { title: 'EXT', of: (row) => row.text('ext') },
  { title: 'SUB', of: (row) => row.text('subscription') },
  { title: 'MESSAGE', of: lineOf },
];

/** Rows that come one by one stand below each other all the same. */
const followed = columns.map((column, index) => ({ ...column, least: [24, 3, 9, 21, 6, 5, 0][index] ?? 0 }));

function lineOf(row: Row): string {
  const unserved = row.text('unserved');
  const notes = [row.flag('retransmission') ? ' (again)' : '', unserved === null ? '' : ` (${unserved} is not served)`];
  return `${row.text('summary') ?? ''}${notes.join('')}`;
}

/** Why no file could be made, for people. */
function whyUnwritten(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const known = {
    ENOENT: 'there is no such folder',
    EACCES: 'may not be written by this user',
    EISDIR: 'is a folder, not a file',
    ENOSPC: 'there is no room on the disk',
  };
  return known[code as keyof typeof known] ?? message;
}

/** Milliseconds count here. */
function timeOf(row: Row): string | null {
  const time = row.time('at');
  return time === null ? null : new Date(time).toISOString();
}

/** A head line, and the message as it stood on the wire; nothing in it that a terminal obeys. */
function wholeText(row: Row): string {
  const [at, direction, transport] = [timeOf(row) ?? '-', row.text('direction') ?? '-', row.text('transport') ?? '-'];
  const head = `# ${at} ${direction} ${transport} ${row.text('remote') ?? '-'} ${row.text('summary') ?? ''}`;
  const lines = (row.text('text') ?? '').replace(/(?:\r?\n)+$/, '').split(/\r?\n/);
  return `${printable(head).trimEnd()}\n${lines.map((line) => `${visible(line)}\n`).join('')}\n`;
}
