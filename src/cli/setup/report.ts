import type { Finding } from '../../model/check.ts';
import type { Place, SetupPbx, SetupProblem } from '../../model/setup.ts';
import { asCalled } from '../called.ts';
import { printable } from '../terminal.ts';

const names = { asterisk: 'Asterisk', freepbx: 'FreePBX', freeswitch: 'FreeSWITCH', fusionpbx: 'FusionPBX' } as const;

/** What was found, where, and what is missing; a line each, greppable. */
export function foundText(pbx: SetupPbx): string {
  const { facts, problems } = pbx;
  const width = Math.max(...facts.map(({ what }) => what.length), 0);
  return [
    headline(pbx),
    ...facts.map(({ what, value, at }) => `  ${what.padEnd(width)}  ${printable(value)}${placed(at, '  ')}`),
    ...problems.flatMap(problemLines),
  ].join('\n');
}

function headline({ flavour, version, running, folder }: SetupPbx): string {
  const state = running === null ? '' : running ? ', running' : ', not running';
  return `${names[flavour]}${version === null ? '' : ` ${printable(version)}`} in ${folder}${state}`;
}

export function problemLines({ level, code, text, fix, at }: SetupProblem): readonly string[] {
  return [
    `${level.padEnd(4)}  ${code}: ${printable(text)}${placed(at, '  ')}`,
    `      fix: ${asCalled(printable(fix))}`,
  ];
}

/** The lines that belong into the files of the PBX, as they are to stand there. */
export function editText({ edits }: SetupPbx): string {
  return edits
    .map(({ file, why, before, lines }) => {
      const place = before === null ? 'at its end' : `before its line ${before}`;
      return [`${file}, ${place}: ${why}`, ...lines.map((line) => `    ${line}`)].join('\n');
    })
    .join('\n');
}

export function checkText(findings: readonly Finding[]): string {
  return findings
    .flatMap(({ level, check, text, fix }) => [
      `${level.padEnd(4)}  ${check}: ${printable(text)}`,
      ...(fix === null ? [] : [`      fix: ${asCalled(printable(fix))}`]),
    ])
    .join('\n');
}

function placed(at: Place | null, before: string): string {
  if (at === null) return '';
  return `${before}(${printable(at.file)}${at.line === null ? '' : `:${at.line}`})`;
}
