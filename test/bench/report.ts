import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { benchmarks } from './kinds/index.ts';
import type { Machine } from './machine.ts';
import type { Profile } from './profile.ts';
import { type Figure, type Result, reached } from './runner.ts';

const page = 'docs/performance.md';
const snapshot = 'test/bench/results/latest.json';

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

/** What docs/performance.md has between its marks, from the committed snapshot. */
export function writeDoc(): void {
  writeFileSync(page, renewed(readFileSync(page, 'utf8'), readFileSync(snapshot, 'utf8')));
}

/** The page with the figures of a snapshot. */
export function renewed(text: string, json: string): string {
  const kept = JSON.parse(json) as Kept;
  return between(between(text, 'figures', table(kept)), 'profile', profileTable(kept));
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
export function table({ machine, results: unsorted }: Kept): string {
  const { cpu, cores, memory, kernel, node, receiveBuffer, pinned } = machine;
  const lines = [
    `${cpu}, ${cores} cores, ${memory}; ${kernel}, Node ${node}; net.core.rmem_max ${receiveBuffer}; ` +
      `${pinned ? 'daemon on core 0, load on core 1' : 'not pinned to cores'}. Median (least – most).`,
    '',
    '| benchmark | figure | measured | to reach | |',
    '| --- | --- | --- | --- | --- |',
  ];
  const order = benchmarks.map(({ name }) => name);
  const results = [...unsorted].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  for (const { name, figures, quick } of results) {
    for (const figure of Object.values(figures)) {
      const { title, unit, median, min, max } = figure;
      const range = min === max ? '' : ` (${number(min)} – ${number(max)})`;
      const mark = { true: 'reached', false: '**missed**', null: '' }[String(quick ? null : reached(figure)) as 'true'];
      lines.push(
        `| ${name}${quick ? ' (quick)' : ''} | ${title} | ${number(median)} ${unit}${range} | ${target(figure)} | ${mark} |`,
      );
    }
  }
  lines.push('');
  for (const { name, about, date, runs, pace } of results) {
    const core = pace === undefined ? '' : `, core at ${pace.median} G/s, ${pace.min} to ${pace.max}`;
    lines.push(`* **${name}** (${date}, ${runs} runs${core}): ${about}`);
  }
  return lines.join('\n');
}

function target({ atLeast, atMost, unit }: Figure): string {
  if (atLeast !== undefined) return `≥ ${number(atLeast)} ${unit}`.trim();
  return atMost === undefined ? '' : `≤ ${number(atMost)} ${unit}`.trim();
}

function number(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : String(value);
}
