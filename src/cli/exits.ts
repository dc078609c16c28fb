/** Exit codes of the commands; those of a daemon that a fault stops are in src/model/errors.ts. README lists them all. */
export const exits = {
  ok: 0,
  /** What was asked was refused, or something was found wrong. */
  refused: 1,
  /** The configuration is wrong. */
  configuration: 2,
  /** EX_USAGE of sysexits: the command line makes no sense. */
  usage: 64,
  /** EX_UNAVAILABLE: nothing answers at the daemon's address, or no Lamplighter. */
  unavailable: 69,
  /** EX_NOPERM: no token, a wrong one, or one whose role is too small. */
  forbidden: 77,
} as const;

/** What the codes of commands mean, for the manual; those of a daemon that ends are in README. */
export const exitMeanings: readonly (readonly [number, string])[] = [
  [exits.ok, 'done'],
  [exits.refused, 'refused, or something was found wrong: an unknown extension, a PBX that is down'],
  [exits.configuration, 'the configuration is wrong'],
  [exits.usage, 'the command line makes no sense'],
  [exits.unavailable, 'the daemon does not answer, or what answers is no Lamplighter'],
  [exits.forbidden, 'no token, a wrong one, or one whose role is too small'],
];
