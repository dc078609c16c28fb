import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inSources } from '../../src/log-stack.ts';

/** Where a function begins; line and column from 0 on. */
interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Share {
  readonly name: string;
  /** Of the time the thread was not idle; 0 to 1. */
  readonly share: number;
}

/** Where the main thread spends its time; the greatest shares first. */
export interface Profile {
  readonly rooms: readonly Share[];
  readonly functions: readonly Share[];
}

/** The newest `.cpuprofile` of a folder; of one with several threads the busiest. */
export function newestProfile(folder: string): string {
  const found = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
  const newest = found.sort().at(-1);
  if (newest === undefined) throw new Error(`no profile in ${folder}`);
  return join(folder, newest);
}

/** Self times of a `.cpuprofile`. What a native function takes counts for the function that called it. */
export function selfTimes(file: string): Profile {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, { ...callFrame, place: placeOf(callFrame) }]));
  const functions = new Map<string, number>();
  const rooms = new Map<string, number>();
  let busy = 0;
  for (const [index, id] of profile.samples.entries()) {
    const frame = frames.get(id);
    const time = profile.timeDeltas[index] ?? 0;
    if (frame === undefined || frame.functionName === '(idle)') continue;
    const { place } = frame;
    busy += time;
    add(functions, place === '' ? frame.functionName : `${frame.functionName || '(anonymous)'} ${place}`, time);
    add(rooms, place === '' ? roomOfNative(frame.functionName) : roomOf(place), time);
  }
  return { functions: greatest(functions, busy), rooms: greatest(rooms, busy) };
}

/** The folder of a file of ours, the package of a foreign one, the module of Node. */
function roomOf(place: string): string {
  if (place.startsWith('node:')) return place.replace(/^(node:(?:internal\/)?\w+).*$/, '$1').replace('internal/', '');
  if (place.startsWith('node_modules/')) return place.replace(/^(node_modules\/[\w-]+).*$/, '$1');
  return place.split('/').slice(0, -1).join('/');
}

function roomOfNative(name: string): string {
  return name.startsWith('(') ? name : 'native functions of V8 and Node';
}

/** `src/sip/…` instead of where the build lies; what is in the bundle, where it came from. */
function placeOf({ url, lineNumber, columnNumber }: CallFrame): string {
  if (url === '' || url.startsWith('node:')) return url;
  const source = inSources(`${url}:${lineNumber + 1}:${columnNumber + 1}`).replace(/(?::\d+){2}$/, '');
  return source.replace(/^file:\/\//, '').replace(/^.*\/(?=(?:src|adapters|node_modules)\/)/, '');
}

function add(sums: Map<string, number>, name: string, time: number): void {
  sums.set(name, (sums.get(name) ?? 0) + time);
}

function greatest(sums: ReadonlyMap<string, number>, whole: number): Share[] {
  return [...sums].map(([name, time]) => ({ name, share: time / whole })).sort((a, b) => b.share - a.share);
}
