import { granted, type Outcome, refused } from './outcome.ts';

/**
 * Compiles the regular expressions of the configuration. A refusal has the code `bad-pattern` and names the pattern. A
 * repeated group with a repetition or a choice inside (`(\d+)+`, `(\d|\d)*`) is refused: it can take seconds, or hours,
 * even on 32 characters, and the characters are a phone's.
 */
export function compilePatterns(patterns: readonly string[]): Outcome<readonly RegExp[]> {
  const compiled: RegExp[] = [];
  for (const pattern of patterns) {
    if (hasNestedRepetition(pattern)) {
      return refused(
        'bad-pattern',
        `${pattern}: a repetition or a choice inside a repeated group; write it without one of the two`,
      );
    }
    try {
      compiled.push(new RegExp(pattern));
    } catch (error) {
      return refused(
        'bad-pattern',
        `${pattern}: ${error instanceof Error ? error.message : 'not a regular expression'}`,
      );
    }
  }
  return granted(compiled);
}

/** Looks for a repetition of open length around a group that can match the same text in two ways. */
function hasNestedRepetition(pattern: string): boolean {
  // Escapes and classes hide brackets and stars; to this question they are letters.
  const plain = pattern
    .replace(/\\./g, 'x')
    .replace(/\[[^\]]*\]/g, 'x')
    .replace(/\(\?(?:<?[=!]|:|<\w+>)/g, '(');
  const open: boolean[] = [];
  for (let at = 0; at < plain.length; at++) {
    if (plain[at] === '(') open.push(false);
    const closes = plain[at] === ')';
    const inner = closes ? (open.pop() ?? false) : false;
    const rest = plain.slice(at + (closes ? 1 : 0));
    const repeats = /^(?:[*+]|\{\d+,\d*\})/.test(rest);
    if (closes && inner && repeats) return true;
    const chooses = plain[at] === '|' || rest.startsWith('?');
    if ((inner || repeats || chooses) && open.length > 0) open[open.length - 1] = true;
  }
  return false;
}
