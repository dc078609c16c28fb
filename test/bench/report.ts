import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { benchmarks } from './kinds/index.ts';
import type { Machine } from './machine.ts';
import type { Profile } from './profile.ts';
import { type Figure, type Result, reached, type Spread } from './runner.ts';

const page = 'docs/performance.md';
/** A sitting on a quick machine, and one on a slow one. */
export const snapshots = ['test/bench/results/latest.json', 'test/bench/results/xeon.json'] as const;

/** Of which benchmark, where and when. */
interface KeptProfile extends Profile {
  readonly benchmark: string;
  readonly cpu: string;
  readonly date: string;
}

/** A file of results. */
export interface Kept {
  readonly machine: Machine;
  readonly results: readonly Result[];
  readonly profile?: KeptProfile | undefined;
}

/** On the terminal. */
export function printTable({ figures, quick, pace }: Result): void {
  for (const figure of Object.values(figures)) {
    const { title, unit, median, min, max } = figure;
    const mark = { true: 'ok  ', false: 'MISS', null: '    ' }[String(quick ? null : reached(figure)) as 'true'];
    const range = min === max ? '' : ` (${number(min)} – ${number(max)})`;
    console.log(`  ${mark} ${title.padEnd(52)} ${number(median)} ${unit}${range}   ${target(figure)}`);
  }
  if (pace !== undefined) console.log(`       core at ${pace.median} G/s (${pace.min} – ${pace.max})`);
}

/**
 * Every run leaves its figures under var/bench. A `file` of the caller's gains them, benchmark by benchmark; one of another
 * machine is written anew. A profile says itself where it was taken, and takes the place of any other.
 */
export function keep(file: string | null, kept: Kept): void {
  const { machine, results, profile } = kept;
  if (results.length === 0 && profile === undefined) return;
  write(`var/bench/${new Date().toISOString().replaceAll(/[:.]/g, '-')}.json`, kept);
  if (file === null) return;
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Kept) : null;
  if (results.length === 0 && before !== null) {
    write(file, { ...before, profile });
    return;
  }
  const same = before !== null && JSON.stringify(before.machine) === JSON.stringify(machine) ? before : null;
  const stays = (same?.results ?? []).filter(({ name }) => !results.some((result) => result.name === name));
  write(file, { machine, results: [...stays, ...results], profile: profile ?? same?.profile });
}

function write(path: string, kept: Kept): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(kept, null, 2)}\n`);
}

/** What docs/performance.md has between its marks, from the committed snapshots. */
export function writeDoc(): void {
  writeFileSync(page, renewed(readFileSync(page, 'utf8')));
}

/** The page with the figures of the snapshots. */
export function renewed(text: string): string {
  const [quick, slow] = snapshots.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Kept);
  if (quick === undefined || slow === undefined) return text;
  const tables = { figures: table(quick), 'slow figures': aimedTable(slow), profile: profileTable(quick) };
  return Object.entries(tables).reduce((page, [mark, content]) => between(page, mark, content), text);
}

function between(text: string, mark: string, content: string): string {
  const [head, tail] = [`<!-- ${mark} -->`, `<!-- end of ${mark} -->`];
  const [before, rest] = text.split(head);
  const after = rest?.split(tail)[1];
  if (before === undefined || after === undefined) throw new Error(`${page} has no marks ${head} and ${tail}`);
  return `${before}${head}\n${content}\n${tail}${after}`;
}

function profileTable({ profile }: Kept): string {
  if (profile === undefined) return 'No profile has been kept.';
  const lines = [
    `Of the benchmark \`${profile.benchmark}\`, on ${profile.cpu}, ${profile.date}:`,
    '',
    '| room | self time | function | self time |',
    '| --- | --- | --- | --- |',
  ];
  const rows = Math.min(15, Math.max(profile.rooms.length, profile.functions.length));
  for (let row = 0; row < rows; row++) {
    const [room, work] = [profile.rooms[row], profile.functions[row]];
    const cells = [room, work].flatMap((one) =>
      one === undefined ? ['', ''] : [one.name, `${(one.share * 100).toFixed(1)} %`],
    );
    lines.push(`| ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

/** As Markdown. */
export function table({ machine, results }: Kept): string {
  const sorted = inOrder(results);
  const rows = sorted.flatMap((result) => Object.values(result.figures).map((figure) => row(result, figure)));
  const notes = sorted.map(({ name, about, date, runs, pace }) => {
    return `* **${name}** (${date}, ${runs} runs${coreAt(', ', pace)}): ${about}`;
  });
  return [...head(machine), ...rows, '', ...notes].join('\n');
}

/** Only what is to be reached, and what the core did meanwhile. */
function aimedTable({ machine, results }: Kept): string {
  const sorted = inOrder(results);
  const rows = sorted.flatMap((result) => {
    const aimed = Object.values(result.figures).filter((figure) => reached(figure) !== null);
    return aimed.map((figure) => row(result, figure));
  });
  const notes = sorted.map(({ name, date, runs, pace }) => `${name} (${date}, ${runs} runs${coreAt(', ', pace)})`);
  return [...head(machine), ...rows, '', `${notes.join('; ')}.`].join('\n');
}

function inOrder(results: readonly Result[]): readonly Result[] {
  const order = benchmarks.map(({ name }) => name);
  return [...results].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
}

function head({ cpu, cores, memory, kernel, node, receiveBuffer, pinned }: Machine): readonly string[] {
  return [
    `${cpu}, ${cores} cores, ${memory}; ${kernel}, Node ${node}; net.core.rmem_max ${receiveBuffer}; ` +
      `${pinned ? 'daemon on core 0, load on core 1' : 'not pinned to cores'}. Median (least – most).`,
    '',
    '| benchmark | figure | measured | to reach | |',
    '| --- | --- | --- | --- | --- |',
  ];
}

function row({ name, quick }: Result, figure: Figure): string {
  const { title, unit, median, min, max } = figure;
  const range = min === max ? '' : ` (${number(min)} – ${number(max)})`;
  const mark = { true: 'reached', false: '**missed**', null: '' }[String(quick ? null : reached(figure)) as 'true'];
  return `| ${name}${quick ? ' (quick)' : ''} | ${title} | ${number(median)} ${unit}${range} | ${target(figure)} | ${mark} |`;
}

function coreAt(before: string, pace: Spread | undefined): string {
  return pace === undefined ? '' : `${before}core at ${pace.median} G/s, ${pace.min} to ${pace.max}`;
}

function target({ atLeast, atMost, unit }: Figure): string {
  if (atLeast !== undefined) return `≥ ${number(atLeast)} ${unit}`.trim();
  return atMost === undefined ? '' : `≤ ${number(atMost)} ${unit}`.trim();
}

function number(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : String(value);
}
