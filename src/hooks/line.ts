import type { Clock } from '../model/clock.ts';
import type { HookCall } from '../model/hook.ts';
import type { Logger } from '../model/logger.ts';
import type { Random } from '../model/random.ts';

/** How questions reach the admin's code, whatever it is. Data crossing it is what JSON can say. */
export interface HookLine {
  /** What it is, for log and audit: `module hooks.mjs`. */
  readonly name: string;
  /** False: it is certain that nobody there takes this call. */
  takes(call: HookCall): boolean;
  start(): void;
  /** The answer as it came. Rejects with a HookFailure where none came within `deadlineMs`. */
  ask(call: HookCall, message: object, deadlineMs: number): Promise<unknown>;
  /** Bounded; nothing of it is left behind. */
  stop(): Promise<void>;
}

export interface LineTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The first wait before what ended is started again; doubles up to 30 s. Default 500. */
  readonly restartMs?: number;
}

/** Why there is no answer; the message is for the admin and holds no secret. */
export class HookFailure extends Error {}

/** An answer is at most so long, as JSON; characters, or bytes. */
export const longestAnswer = 64 * 1024;

/** What lived this long was well: its next end starts the back-off anew. Milliseconds. */
export const wellAfterMs = 60_000;
const usualFirstMs = 500;
const longestMs = 30_000;

/** How long to wait before it is started again, after so many ends in a row; milliseconds. */
export function restartMs(ends: number, random: Random, firstMs = usualFirstMs): number {
  const full = Math.min(firstMs * 2 ** Math.min(ends, 10), longestMs);
  return full / 2 + random.fraction() * (full / 2);
}

/** What is looked at of a piece that was printed: more is not shown, and may be very much. */
export function startOf(bytes: Buffer): string {
  return bytes.subarray(0, 1200).toString('utf8');
}

/** What others print is shown this short, in one line. */
export function shortLine(text: string, longest = 300): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ').trim();
  return clean.length > longest ? `${clean.slice(0, longest)}…` : clean;
}
