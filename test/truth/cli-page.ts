import { examples } from '../../src/cli/examples.ts';
import { exitMeanings } from '../../src/cli/exits.ts';
import { ownOptions, sharedOptions } from '../../src/cli/manual.ts';
import { program } from '../../src/cli/program.ts';
import { processTerminal } from '../../src/cli/terminal.ts';
import { type CommandNode, type OptionNode, treeOf, usageOf, type WordNode } from '../../src/cli/tree.ts';

/** docs/cli.md, from the command line itself. */
export function cliPage(): string {
  const commands = treeOf(program(processTerminal()));
  const common = sharedOptions(commands);
  return `# The command line

Made from the program (\`npm run generate\`); \`lamplighter man | man -l -\` shows the same as a manual page. In a checkout
\`lamplighter\` is \`npx lamplighter\`.

| command | does |
| --- | --- |
${commands.map((command) => `| [\`${usage(command)}\`](#lamplighter-${command.name}) | ${cell(command.about)} |`).join('\n')}

## Asking the daemon

Commands that show or change something ask the running daemon over HTTP. Where it is, and with which token it is asked, they
read from its configuration: the file of \`--config\`, else of \`LAMPLIGHTER_CONFIG\`, else
\`/etc/lamplighter/lamplighter.yaml\`; where there is none, the address of the demo. Of \`http.tokens\` they take the one that
may do the most, of those whose file this user may read. \`LAMPLIGHTER_TOKEN_FILE\` names a file with another token, for an
operator who may not read the daemon's files. A token has no place on a command line, which every user of the host can read.

\`--url\` asks a daemon elsewhere. The token of the usual configuration is not sent there, unless \`--config\` says so too.

| option | |
| --- | --- |
${common.map((option) => `| ${optionCell(option)} | ${cell(option.about)} |`).join('\n')}

## What they print

A table has a line for each row, columns at least two spaces apart, and \`-\` where there is nothing, for \`grep\` and \`awk\`. What
came from a phone or a caller has its control characters, and the signs that turn the direction of writing, replaced by \`?\`,
and is cut at 48 characters but in the last column. Times are in UTC, as in the log. \`--json\` prints what the API says
([docs/rpc.md](rpc.md) has the same by JSON-RPC), and where something goes wrong an object \`error\`.

Standard output has the answer, standard error all else. Where a PBX is down the last truth is shown, marked \`stale\`, and the
last line on standard error says so:

\`\`\`
$ lamplighter features
EXT   DND  CFA      CFB  CFNA  STALE
1001  off  on:1002  off  off   stale
PBX main is down since 2026-11-22T03:10:30Z (ECONNREFUSED): its extensions are as last seen (stale)
\`\`\`

| exit code | meaning |
| --- | --- |
${exitMeanings.map(([code, meaning]) => `| ${code} | ${meaning} |`).join('\n')}

## Completion

\`\`\`
source <(lamplighter completion bash)     # in ~/.bashrc
source <(lamplighter completion zsh)      # in ~/.zshrc, after compinit
\`\`\`

The tab key offers commands, options and values, and the extensions and subscriptions of the running daemon; where it is not
there, or wants another token, none.

## Commands
${commands.map((command) => section(command, common)).join('')}`;
}

function section(command: CommandNode, common: readonly OptionNode[]): string {
  const own = ownOptions(command.options, common);
  const rows = [
    ...command.words.map((word) => `| \`${word.name}\` | ${cell(withChoices(word))} |`),
    ...own.map((option) => `| ${optionCell(option)} | ${cell(withChoices(option))} |`),
  ];
  const asks = command.options.some(({ long }) => long === '--url');
  const lines = (examples[command.name] ?? []).map(([line, does]) => [`lamplighter ${line}`, does] as const);
  const width = Math.max(0, ...lines.map(([line]) => line.length));
  return [
    `\n### lamplighter ${command.name}\n\n\`${usage(command)}\`${asks ? ' and the options of all that ask the daemon' : ''}\n`,
    `\n${command.about}\n`,
    rows.length === 0 ? '' : `\n| | |\n| --- | --- |\n${rows.join('\n')}\n`,
    lines.length === 0
      ? ''
      : `\n\`\`\`\n${lines.map(([line, does]) => `${line.padEnd(width)}   # ${does}`).join('\n')}\n\`\`\`\n`,
  ].join('');
}

function usage({ name, words }: CommandNode): string {
  return [name, ...words.map(usageOf)].join(' ');
}

function optionCell({ short, long, value }: OptionNode): string {
  const flags = short === null ? long : `${short}, ${long}`;
  return `\`${flags}${value === null ? '' : ` <${value}>`}\``;
}

function withChoices({
  about,
  choices,
  usual = null,
}: (WordNode & { readonly usual?: string | null }) | OptionNode): string {
  const more = [
    ...(choices.length === 0 ? [] : [choices.join(', ')]),
    ...(usual === null ? [] : [`default: ${usual}`]),
  ];
  return more.length === 0 ? about : `${about} (${more.join('; ')})`;
}

/** A bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
