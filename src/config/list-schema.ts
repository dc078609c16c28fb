import { z } from 'zod';
import { deepestList, mostMembers } from '../model/resource-list.ts';

/** What the user part of an address may hold without being written in another way (RFC 3261 25.1), and `#` of dial codes. */
const userPart = z
  .string()
  .regex(/^[\w.!~*'()&=+$,;?/#-]{1,64}$/, 'expected a number or name, without its domain; numbers in quotes');

const displayNames = z
  .record(
    z.string().regex(/^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,4}$/, 'expected a language such as en or de-AT'),
    z.string().min(1).max(128),
  )
  .refine((names) => Object.keys(names).length <= 8, 'expected at most 8 languages');

/** The schema of an entry of `lists`; the parts that other sections have too are handed in. */
export function listSchema<P extends z.ZodType, D extends z.ZodType>(pattern: P, domain: D) {
  return z
    .strictObject({
      name: userPart.describe('The number or name phones subscribe to; it hides an extension of the same name.'),
      domain: domain.optional().describe('Whose list; default: of `domain`. Its members are of the same.'),
      displayNames: displayNames.optional().describe('What phones may call it, by language.'),
      members: z
        .array(userPart)
        .min(1)
        .max(mostMembers)
        .optional()
        .describe('Extensions and lamps, and the names of other lists and groups, in the order to show them.'),
      group: userPart.optional().describe('Everybody in this one of `groups`, or of the groups of the PBX.'),
      extensions: pattern
        .optional()
        .describe('Every extension of the PBX whose whole number this regular expression fits.'),
    })
    .superRefine(({ members, group, extensions }, context) => {
      if (members !== undefined || group !== undefined || extensions !== undefined) return;
      context.addIssue({ code: 'custom', path: ['name'], message: 'needs members, group or extensions' });
    });
}

interface Entry {
  readonly name: string;
  readonly domain?: string | undefined;
  readonly members?: readonly string[] | undefined;
}

export interface ListProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What is wrong with the lists together: a name twice in a domain, a list that contains itself, lists too deep in lists. */
export function listProblems(lists: readonly Entry[], domain: string): readonly ListProblem[] {
  const keyOf = (entry: Entry, name: string) => `${name}@${entry.domain ?? domain}`;
  const known = new Map(lists.map((entry) => [keyOf(entry, entry.name), entry]));
  const problems: ListProblem[] = [];
  for (const [index, entry] of lists.entries()) {
    const key = keyOf(entry, entry.name);
    if (lists.findIndex((other) => keyOf(other, other.name) === key) !== index) {
      problems.push({ path: ['lists', index, 'name'], message: `there is another list ${entry.name}` });
      continue;
    }
    const inside = (each: Entry): readonly string[] =>
      (each.members ?? []).map((name) => keyOf(each, name)).filter((name) => known.has(name));
    const loop = wayBack(key, inside, known);
    if (loop !== null) {
      const way = loop.map((name) => known.get(name)?.name).join(', ');
      problems.push({ path: ['lists', index, 'members'], message: `a list cannot contain itself: ${way}` });
    } else if (depthOf(key, inside, known) > deepestList) {
      const message = `more than ${deepestList} lists within lists`;
      problems.push({ path: ['lists', index, 'members'], message });
    }
  }
  return problems;
}

type Inside = (entry: Entry) => readonly string[];

/** The lists on the shortest way from a list to itself; null: there is none. Breadth first, each looked at once. */
function wayBack(start: string, inside: Inside, known: ReadonlyMap<string, Entry>): readonly string[] | null {
  const from = new Map<string, string>();
  const queue = [start];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    const entry = known.get(name);
    for (const next of entry === undefined ? [] : inside(entry)) {
      if (next === start) {
        const way = [start];
        for (let at: string | undefined = name; at !== undefined && at !== start; at = from.get(at))
          way.splice(1, 0, at);
        return [...way, start];
      }
      if (from.has(next)) continue;
      from.set(next, name);
      queue.push(next);
    }
  }
  return null;
}

/** Lists on the longest way down from one, itself counted; more than the limit is not counted further. */
function depthOf(start: string, inside: Inside, known: ReadonlyMap<string, Entry>): number {
  let level = new Set([start]);
  let depth = 0;
  while (level.size > 0 && depth <= deepestList) {
    depth += 1;
    const below = [...level].flatMap((name) => {
      const entry = known.get(name);
      return entry === undefined ? [] : inside(entry);
    });
    level = new Set(below);
  }
  return depth;
}
