import { type Check, odd } from '../model/check.ts';
import { compilePatterns } from '../model/patterns.ts';
import type { ConfigSeen } from './config-checks.ts';

/** Numbers that cost much, and what stops them. */
interface Costly {
  readonly what: string;
  readonly numbers: readonly string[];
  /** So many that fit are too many: a pattern for one country abroad is meant. */
  readonly tooMany: number;
  readonly deny: string;
}

/** What stands before a number abroad, and the same in a pattern: E.164, most countries, North America. */
const prefixes = [
  ['+', '\\+'],
  ['00', '00'],
  ['011', '011'],
] as const;
/** Where calls in the country begin with 0, 011 is a town: Turin, Leeds without its last digit. */
const inTown = '0301234567';
/** Latvia, Cuba, Somalia, Papua New Guinea, the Maldives: where stolen passwords let calls go, and few have branches. */
const afar = ['37167000000', '5371234567', '2525123456', '6751234567', '9603123456'];
/** Satellites and numbers of no country (E.164: 870, 878, 881 to 883, 979), and premium numbers of North America. */
const nowhere = ['870773111234', '881612345678', '882161234567', '979012345678', '19005550100'];
/** Of 0900, 0190 and 0137 without what stands before them at home. */
const service = ['9001234567', '900123456', '90012345678', '190123456', '1371234567'];

const costly: readonly Costly[] = [
  ...prefixes.flatMap(([prefix, pattern]): readonly Costly[] => [
    { what: 'abroad', numbers: afar.map((number) => prefix + number), tooMany: 2, deny: `^${pattern}` },
    {
      what: 'a satellite or a premium service',
      numbers: nowhere.map((number) => prefix + number),
      tooMany: 1,
      deny: `^${pattern}(87[08]|88[1-3]|979|1900)`,
    },
  ]),
  // COMPAT(Germany): 0900 is premium in much of Europe, 0190 was before it; 0137 are votes, 118 directories that connect
  {
    what: 'a premium service',
    numbers: ['0', '+49', '0049'].flatMap((prefix) => service.map((number) => prefix + number)),
    tooMany: 1,
    deny: '^(0|\\+49|0049)(900|190|137)',
  },
  { what: 'a directory service', numbers: ['11833', '118000', '118118'], tooMany: 1, deny: '^118' },
  // COMPAT(North America): with and without the 1 before it
  {
    what: 'a premium service',
    numbers: ['19005550100', '9005550100'],
    tooMany: 1,
    deny: '^1?900\\d{7}$',
  },
];

/** Forwards to anywhere are what stolen passwords are used for. */
export const policyTooWide: Check<ConfigSeen> = {
  name: 'policy-too-wide',
  look: ({ config }) => {
    const { allow, deny } = config.features.policy;
    const [open, shut] = [compilePatterns(allow), compilePatterns(deny)];
    if (!open.ok || !shut.ok) return [];
    const fits = (number: string) =>
      open.value.some((pattern) => pattern.test(number)) && !shut.value.some((pattern) => pattern.test(number));
    const isTown = fits(inTown) && !afar.some((number) => fits(`00${number}`));
    const through = costly
      .filter(({ deny: line }) => !(isTown && line.startsWith('^011')))
      .map(({ numbers, ...kind }) => ({ ...kind, numbers: numbers.filter(fits) }))
      .filter(({ numbers, tooMany }) => numbers.length >= tooMany);
    const [first] = through;
    const [number] = first?.numbers ?? [];
    if (first === undefined || number === undefined) return [];
    const by = allow[open.value.findIndex((pattern) => pattern.test(number))];
    // what stops numbers abroad stops satellites, too
    const lines = [...new Set(through.map((one) => one.deny))].filter(
      (line, _index, all) => !all.some((other) => other !== line && line.startsWith(other)),
    );
    return [
      odd(
        `features.policy.allow has ${by}: phones, and whoever has the password of one, forward calls to ${number}, ` +
          `which is ${first.what}, at your cost`,
        `add to features.policy: deny: [${lines.map((line) => `'${line}'`).join(', ')}], or name in allow what is needed ` +
          '(docs/security.md); right where such numbers are meant',
      ),
    ];
  },
};

/** A pattern matches anywhere in a number, where it is not held at both ends. */
export const policyNotAnchored: Check<ConfigSeen> = {
  name: 'policy-not-anchored',
  look: ({ config }) =>
    config.features.policy.allow
      .filter((pattern) => !isAnchored(pattern))
      .map((pattern) =>
        odd(
          `features.policy.allow has ${pattern}, which is not held by ^ and $ at both ends: longer numbers that only contain it fit, too`,
          "write it from ^ to $, each side of a | too: '^0[1-9]\\d{5,11}$'",
        ),
      ),
};

/** Whatever matches is the whole number: each choice begins with ^ and ends with $. */
export function isAnchored(pattern: string): boolean {
  // escapes and classes hide brackets and ends; to this question they are letters
  const plain = pattern.replace(/\\./g, 'x').replace(/\[[^\]]*\]/g, 'x');
  return choicesOf(plain).every((one) => {
    const inner = groupOf(one);
    return inner === null ? one.startsWith('^') && one.endsWith('$') : isAnchored(inner);
  });
}

/** Split at each | that stands in no group. */
function choicesOf(plain: string): readonly string[] {
  const choices = [''];
  let depth = 0;
  for (const letter of plain) {
    if (letter === '(') depth += 1;
    if (letter === ')') depth -= 1;
    if (letter === '|' && depth === 0) choices.push('');
    else choices[choices.length - 1] += letter;
  }
  return choices;
}

/** What is in the one group that is the whole text; null: it is none, or one that looks ahead or back. */
function groupOf(plain: string): string | null {
  const [, inner] = /^\((?:\?:|\?<\w+>|(?!\?))(.*)\)$/.exec(plain) ?? [];
  if (inner === undefined) return null;
  let depth = 0;
  for (const letter of inner) {
    if (letter === '(') depth += 1;
    if (letter === ')') depth -= 1;
    if (depth < 0) return null;
  }
  return inner;
}
