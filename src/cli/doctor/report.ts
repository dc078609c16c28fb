import type { Finding } from '../../model/check.ts';
import { printable } from '../../model/printable.ts';
import { asCalled } from '../called.ts';

/** A line for each finding, `ok`, `warn` or `fail` first, so that grep finds them; its fix below it. */
export function asText(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ level, check, text, fix }) => [
    `${level.padEnd(4)}  ${check}: ${printable(text)}`,
    ...(fix === null ? [] : [`      fix: ${asCalled(printable(fix))}`]),
  ]);
  return `${lines.join('\n')}\n`;
}

export function asJson(findings: readonly Finding[]): string {
  return `${JSON.stringify({ ok: !fails(findings), findings }, null, 2)}\n`;
}

/** Something does not work. */
export function fails(findings: readonly Finding[]): boolean {
  return findings.some(({ level }) => level === 'fail');
}
