import { tokenVariable } from './address.ts';
import { examples } from './examples.ts';
import { exitMeanings } from './exits.ts';
import { type CommandNode, type OptionNode, treeOf, usageOf, type WordNode } from './tree.ts';

type Root = Parameters<typeof treeOf>[0];

/** The manual page, lamplighter(1), in the language of man(7). */
export function manualPage(root: Root, version: string): string {
  const commands = treeOf(root);
  const common = sharedOptions(commands);
  return [
    '.\\" made from the command line itself: npm run generate',
    `.TH LAMPLIGHTER 1 "" "Lamplighter ${roff(version)}" "User Commands"`,
    '.SH NAME',
    'lamplighter \\- lamps and feature keys for desk phones, next to an existing PBX',
    '.SH SYNOPSIS',
    '.B lamplighter',
    '.RI [ command ]',
    '.RI [ options ]',
    '.RI [ arguments ]',
    '.SH DESCRIPTION',
    'Lamplighter runs beside an Asterisk or FreeSWITCH and tells desk phones who rings, talks and holds, and how',
    'their feature keys stand. Without a command it runs the daemon.',
    '.PP',
    'Commands that show or change something ask the running daemon over HTTP. Where it is, and with which token it is',
    'asked, stands in its configuration.',
    '.SH COMMANDS',
    ...commands.flatMap((command) => commandText(command, common)),
    '.SH COMMON OPTIONS',
    ...common.flatMap(optionText),
    '.SH OUTPUT',
    'Tables have a line for each row, columns at least two spaces apart, and',
    '.B \\-',
    'where there is nothing. What came from a phone or a caller has its control characters replaced by a question mark.',
    'Times are in UTC. Messages go to standard error, and so does the last line, which names a PBX that is down: what',
    'is marked',
    '.B stale',
    'was true when it was last seen.',
    '.SH EXIT STATUS',
    ...exitMeanings.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, sentence(meaning)]),
    '.SH ENVIRONMENT',
    '.TP',
    '.B LAMPLIGHTER_CONFIG',
    'The configuration, where',
    '.B \\-\\-config',
    'names none.',
    '.TP',
    `.B ${tokenVariable}`,
    'A file with the token to ask the daemon with, in place of that in its configuration. A token has no place on a',
    'command line, which every user of the host can read.',
    '.SH FILES',
    '.TP',
    '.I /etc/lamplighter/lamplighter.yaml',
    'The configuration, where nothing else is named and this user may read it.',
    '.SH EXAMPLES',
    ...commands.flatMap(({ name }) => (examples[name] ?? []).flatMap(exampleText)),
    '',
  ].join('\n');
}

function exampleText([line, does]: readonly [string, string]): readonly string[] {
  return ['.TP', `.B lamplighter ${roff(line)}`, sentence(does)];
}

function commandText({ name, about, words, options }: CommandNode, common: readonly OptionNode[]): readonly string[] {
  const own = ownOptions(options, common);
  const usage = words.map((word) => ` ${roff(usageOf(word))}`).join('');
  return [
    '.TP',
    `.BR "lamplighter ${roff(name)}" "${usage.replaceAll('"', '\\(dq')}"`,
    sentence(about),
    ...(words.length + own.length === 0 ? [] : ['.RS', ...words.flatMap(wordText), ...own.flatMap(optionText), '.RE']),
  ];
}

function wordText({ name, about, choices }: WordNode): readonly string[] {
  const some = choices.length === 0 ? '' : ` (${choices.join(', ')})`;
  return ['.TP', `.I ${roff(name)}`, sentence(`${about}${some}`)];
}

function optionText({ short, long, about, value, usual, choices }: OptionNode): readonly string[] {
  const flags = [...(short === null ? [] : [short]), long].map((flag) => `\\fB${roff(flag)}\\fR`).join(', ');
  const takes = value === null ? '' : ` \\fI${roff(value)}\\fR`;
  const more = [
    ...(choices.length === 0 ? [] : [choices.join(', ')]),
    ...(usual === null ? [] : [`default: ${usual}`]),
  ];
  return ['.TP', `${flags}${takes}`, sentence(`${about}${more.length === 0 ? '' : ` (${more.join('; ')})`}`)];
}

/** The options of all commands that ask the daemon, which are told once. */
export function sharedOptions(commands: readonly CommandNode[]): readonly OptionNode[] {
  return commands.find(({ name }) => name === 'links')?.options ?? [];
}

/** Those that a command has for itself, or means otherwise. */
export function ownOptions(options: readonly OptionNode[], common: readonly OptionNode[]): readonly OptionNode[] {
  return options.filter(({ long, about }) => !common.some((one) => one.long === long && one.about === about));
}

/** `who` → `Who.` */
function sentence(text: string): string {
  return roff(`${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`);
}

/** Text as roff prints it: backslashes and hyphens are signs of its own, and so is what begins a line. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replace(/^([.'])/, '\\&$1');
}
