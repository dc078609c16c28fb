import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aorOf } from '../model/aor.ts';
import { type Clock, within } from '../model/clock.ts';
import type { DialogPhase } from '../model/dialog-state.ts';
import type { Logger } from '../model/logger.ts';
import type { Random } from '../model/random.ts';
import type { Notifier } from '../notifier/notifier.ts';
import type { Hub } from '../state/hub.ts';
import { SqliteStore } from '../store/sqlite-store.ts';
import { Phones } from './phones.ts';

/** What the rooms have to know of the piece. */
export interface Script {
  readonly source: string;
  readonly domain: string;
  readonly users: readonly string[];
  readonly password: string;
  readonly userAgent: string;
}

/** Rooms of a rehearsal's own. */
export interface RehearsedRooms {
  readonly hub: Pick<Hub, 'apply'>;
  readonly notifier: Notifier;
  /** Opens the sockets; resolves with the port of the first. */
  open(): Promise<number>;
  /** Closes them. */
  stop(): Promise<void>;
  close(): void;
}

export interface RehearsalOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** One that nobody reads, else as the daemon's. */
  readonly logger: Logger;
  /** Makes rooms over a store, wired as those of the daemon. */
  readonly rooms: (script: Script, store: SqliteStore) => RehearsedRooms;
  /** A slow machine starts with what it has rehearsed until then; ms, default 3,500. */
  readonly longestMs?: number;
}

/**
 * SUBSCRIBEs of each act, which has rooms of its own: code that V8 has compiled for the objects of one is thrown away when it
 * meets those of the next, until it fits both.
 */
const acts: readonly number[] = [1_000, 1_000, 2_500];
const usualLongestMs = 3_500;

const lamps = Array.from({ length: 200 }, (_, index) => String(2000 + index));

const script: Script = {
  source: 'rehearsal',
  domain: 'rehearsal.invalid',
  users: Array.from({ length: 50 }, (_, index) => `phone${index}`),
  password: 'rehearsal',
  userAgent: 'Rehearsal/1',
};

/**
 * Runs the whole river in small before the phones come: rooms of its own, a throw-away database, phones on a loopback
 * socket. The first thousands of requests of a fresh process cost two to three times as much as later ones, until V8
 * has compiled the code, and a storm after a power cut meets exactly that process: 10,000 subscriptions then take
 * half of the time (docs/performance.md). Resolves with the number of SUBSCRIBEs answered; whatever it rejects with
 * is no reason not to start.
 */
export async function rehearse(options: RehearsalOptions): Promise<number> {
  giveBytesAway();
  const { clock, longestMs = usualLongestMs } = options;
  const until = clock.now() + longestMs;
  let answered = 0;
  for (const cycles of acts) answered += await play(options, cycles, until);
  return answered;
}

/**
 * V8 compiles for a process in which no bytes were ever given to another thread; when some are, it throws all away that looks
 * into any. Something does so in every daemon, soon after its start (measured: 60 functions, in the storm).
 */
function giveBytesAway(): void {
  const bytes = new ArrayBuffer(1);
  structuredClone(bytes, { transfer: [bytes] });
}

async function play(
  { clock, random, logger, rooms }: RehearsalOptions,
  cycles: number,
  until: number,
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-rehearsal-'));
  const ends: (() => void | Promise<void>)[] = [() => rmSync(folder, { recursive: true, force: true })];
  try {
    const store = new SqliteStore({ path: join(folder, 'rehearsal.db'), clock, random, logger });
    ends.push(() => store.close());
    const { hub, notifier, open, stop, close } = rooms(script, store);
    ends.push(close);
    ends.push(() => notifier.stop());
    const phones = new Phones({ ...script, clock, lamps, random });
    ends.push(() => phones.close());
    const port = await open();
    // while the phones still answer: it waits for what is under way
    ends.push(stop);
    fill(hub);
    notifier.start();
    const done = phones.play(port, cycles, (round) => call(hub, round, clock.now()));
    await within(clock, Math.max(until - clock.now(), 0), done, () => undefined);
    return phones.answered;
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

function fill(hub: RehearsedRooms['hub']): void {
  const { source, domain } = script;
  const extensions = lamps.map((lamp) => ({ aor: aorOf(lamp, domain), displayName: null }));
  const snapshot = { extensions, dialogs: [], features: [], registrations: [], mailboxes: [] };
  hub.apply({ source, type: 'snapshot', epoch: '1', snapshot });
  hub.apply({ source, type: 'link', state: 'up', reason: null });
}

const course: readonly (DialogPhase | null)[] = ['early', 'confirmed', null];

/** One lamp after the other rings, talks and is idle again. */
function call(hub: RehearsedRooms['hub'], round: number, now: number): void {
  const lamp = lamps[Math.floor(round / course.length) % lamps.length] ?? '';
  const phase = course[round % course.length] ?? null;
  const id = `call-${Math.floor(round / course.length)}`;
  const remote = { number: '3000', name: 'Rehearsal', presentable: true };
  const leg = { id, call: id, direction: 'recipient', holding: false, remote, since: now } as const;
  const { source, domain } = script;
  hub.apply({ source, type: 'dialogs', aor: aorOf(lamp, domain), legs: phase === null ? [] : [{ ...leg, phase }] });
}
