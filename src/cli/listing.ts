import type { Session } from './asking.ts';
import type { Reply } from './reply.ts';
import { Row } from './row.ts';
import { type Column, stamp, table } from './table.ts';
import { asJson, printable } from './terminal.ts';

/** How the daemon itself is, which columns and last lines are made of. */
export interface Setting {
  /** The default domain, whose extensions are named by their number alone. */
  readonly domain: string | null;
  /** Its clock, at the answer; milliseconds since the epoch. */
  readonly now: number;
}

export interface Listing {
  /** Of the API. */
  readonly path: string;
  /** A text that each row has. */
  readonly key: string;
  readonly columns: (setting: Setting) => readonly Column<Row>[];
  /** Said where there are no rows. */
  readonly none: string;
  /** Who was asked for: where nothing is listed and there is no such extension, that is said. */
  readonly ext?: string | undefined;
  /** Which of the rows are meant; default all. */
  readonly filter?: (row: Row) => boolean;
  /** In this order. */
  readonly order?: (rows: readonly Row[]) => readonly Row[];
}

/** Prints what the API lists, and which PBX is away. */
export async function list(session: Session, listing: Listing): Promise<number> {
  const { daemon, terminal, json } = session;
  const { path, key, filter, ext } = listing;
  const [reply, status] = await Promise.all([daemon.get(path), daemon.get(statusPath)]);
  // one extension is asked for by its own address
  const one = Array.isArray(reply.body) ? null : reply.body;
  const all = Row.list(one === null ? reply.body : [one], key);
  if (all === null) throw await daemon.strange(`GET ${path.replace(/\?.*/, '')} answers something else`);
  const rows = filter === undefined ? all : all.filter(filter);
  if (rows.length === 0 && ext !== undefined) await daemon.get(extensionPath(ext));
  if (json) {
    const whole = one !== null || filter === undefined;
    terminal.out(asJson(whole ? reply.body : rows.map(({ value }) => value)));
  } else {
    const { order = (same: readonly Row[]) => same } = listing;
    show(session, listing.columns(settingOf(status)), order(rows), listing.none);
  }
  // An extension that nobody has told of is listed where it is asked for by its name.
  const isSeen = !path.startsWith(extensionsPath) || all.some((row) => !row.flag('untold'));
  tellAway(session, status, isSeen);
  return 0;
}

export const statusPath = '/api/v1/status';
const extensionsPath = '/api/v1/extensions';

export function extensionPath(ext: string): string {
  return `${extensionsPath}/${encodeURIComponent(ext)}`;
}

/** `path?ext=1001&limit=10`, of those that are given. */
export function query(path: string, values: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return given.length === 0 ? path : `${path}?${given.join('&')}`;
}

/** Prints rows, or what there is to say where there are none. */
export function show(
  { terminal, header }: Pick<Session, 'terminal' | 'header'>,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  none: string,
): void {
  if (rows.length === 0) terminal.err(`${none}\n`);
  else terminal.out(table(columns, rows, header));
}

export function settingOf(status: Reply): Setting {
  return { domain: new Row(status.body).text('domain'), now: status.at };
}

/**
 * Says which PBX is away and since when, so that nobody takes an old truth for the present one.
 *
 * @param isSeen false: nothing of the PBX has been seen that could be old.
 */
export function tellAway({ terminal }: Pick<Session, 'terminal'>, { body }: Reply, isSeen = true): void {
  const rest = isSeen ? 'its extensions are as last seen (stale)' : 'its extensions are not known yet';
  for (const link of new Row(body).rows('links').filter((one) => one.text('state') !== 'up')) {
    const name = printable(link.text('source') ?? '?');
    const reason = link.text('reason');
    const since = stamp(link.time('since')) ?? 'an unknown time';
    const why = reason === null ? '' : ` (${printable(reason)})`;
    terminal.err(`PBX ${name} is ${printable(link.text('state') ?? 'away')} since ${since}${why}: ${rest}\n`);
  }
}

/** How an extension is called: by its number, with the domain where that is not the usual one. */
export function nameOf(row: Row, { domain }: Setting): string | null {
  const [ext, aor] = [row.text('ext'), row.text('aor')];
  return aor === null || ext === null || aor === `${ext}@${domain}` ? (ext ?? aor) : aor;
}

export function nameColumn(setting: Setting): Column<Row> {
  return { title: 'EXT', of: (row) => nameOf(row, setting) };
}

/** What was true when its PBX was last seen. */
export const staleColumn: Column<Row> = { title: 'STALE', of: (row) => (row.flag('stale') ? 'stale' : null) };
