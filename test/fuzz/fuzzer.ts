import { mutate, reframed } from './mutators.ts';
import { type Property, properties } from './properties.ts';
import { authorizations, featureBodies, messages, publishedBodies, values } from './samples.ts';
import { Seeded } from './seeded.ts';

/** A message of at most this many bytes must be read within `limitMs`. */
const judgedBytes = 8192;
const limitMs = 5;
/**
 * How long an input that took more is read again and again; ms. An input that is slow is slow every time; a core that is
 * lent to others, or code that V8 has yet to compile, is slow for some readings: 13 in a row have been seen.
 */
const doubtMs = 3000;

export interface FuzzReport {
  readonly turns: number;
  readonly slowestMs: number;
  /** What is wrong, with everything needed to see it again; null: nothing was found. */
  readonly failure: string | null;
}

export interface FuzzOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Start here; default 0. */
  readonly from?: number;
  /** At most this many turns; default as many as fit in. */
  readonly turns?: number;
}

/** The input of one turn: the same for the same seed and turn, whatever came before. */
function inputOf(chance: Seeded): readonly [Property, string] {
  const longest = chance.once(50) ? 70_000 : judgedBytes;
  const kind = chance.below(20);
  if (kind < 2) return [properties.value, mutate(values, chance, longest)];
  if (kind < 4) return [properties.authorization, mutate(authorizations, chance, longest)];
  if (kind < 7) return [properties.feature, mutate(featureBodies, chance, longest)];
  if (kind < 9) return [properties.publication, mutate(publishedBodies, chance, longest)];
  const message = mutate(messages, chance, longest);
  const framed = chance.once(2) ? reframed(message) : message;
  return [kind < 13 ? properties.stream : properties.message, framed];
}

function timed(property: Property, input: string): number {
  const started = performance.now();
  property.read(input);
  return performance.now() - started;
}

/** The time an input needs, other work of the machine left out. */
function milliseconds(property: Property, input: string): number {
  let least = timed(property, input);
  const until = performance.now() + doubtMs;
  while (least > limitMs && performance.now() < until) least = Math.min(least, timed(property, input));
  return least;
}

/** One turn; what is wrong with it, or how long the reading took. */
function turn(seed: number, at: number): number | string {
  const chance = new Seeded(seed, at);
  const [property, input] = inputOf(chance);
  const failed = (what: string) =>
    `seed ${seed}, turn ${at}: ${property.name}: ${what}\n` +
    `again: npm run fuzz -- --seed ${seed} --turn ${at}\ninput: ${JSON.stringify(input)}`;
  try {
    const took = milliseconds(property, input);
    if (took > limitMs && input.length <= judgedBytes) return failed(`${took.toFixed(2)} ms for ${input.length} bytes`);
    property.check(input, chance);
    return input.length <= judgedBytes ? took : 0;
  } catch (error) {
    return failed(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

/** Turns until the time is over or something is found. */
export function fuzz({ seed, seconds, from = 0, turns = Number.MAX_SAFE_INTEGER }: FuzzOptions): FuzzReport {
  const until = performance.now() + seconds * 1000;
  let slowestMs = 0;
  let done = 0;
  for (; done < turns && performance.now() < until; done++) {
    const outcome = turn(seed, from + done);
    if (typeof outcome === 'string') return { turns: done + 1, slowestMs, failure: outcome };
    slowestMs = Math.max(slowestMs, outcome);
  }
  return { turns: done, slowestMs, failure: null };
}
