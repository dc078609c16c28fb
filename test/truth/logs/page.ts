import { type ChangeLine, changeLines } from './changes.ts';
import { type LogCall, logCalls } from './scan.ts';

const head = `# Logs

One line on standard output for each thing that happened: JSON where standard output is no terminal (\`log.format\`), for journald and
collectors; \`12:00:01 INFO  changes: feature changed aor=…\` on a terminal. The same content. Made from the code by \`npm run generate\`;
tests compare the lines below with lines that were really written.

\`\`\`json
{"level":"info","time":"2026-01-31T12:00:01.000Z","room":"changes","aor":"1001@pbx.example.com","feature":"cfa","old":"off","new":"on 1002","by":"phone","who":"1001","from":"udp:192.0.2.7:5060","userAgent":"Yealink SIP-T46S","message":"feature changed"}
\`\`\`

* Standard output has nothing but these lines. What is for people, the greeting at the start, goes to standard error where they are JSON.
* \`level\`, \`time\` (UTC), \`message\` stand in each line; \`room\` says which part speaks. \`message\` does not change from line to line: what
  differs stands in the fields.
* Level \`info\`, the default, tells what people and the PBX's links do and what goes wrong: a few lines an hour for 1,000 extensions.
  \`debug\` tells what calls and phones do: a line or two for each call of each extension, one for each subscription that begins.
* \`lamplighter log-level debug\`, or \`PUT /api/v1/log-level\` with \`{"level":"debug","seconds":600}\`, which forgets itself after ten minutes;
  \`log.level\` in the configuration for good. No restart, no subscription is lost.
* Text from phones, PBXs and clients is foreign: control characters are escaped, so that no line can be forged and no terminal moved.
* Passwords, tokens, digests, keys and bodies of SIP messages are in no line. A test runs the daemon with a secret of each kind and
  looks for them.
* What attacks, and what looks like one, is told by room \`security\` in a form made for fail2ban: [security.md](security.md).
* The audit trail in the database (\`GET /api/v1/audit\`, \`lamplighter audit\`) has the changes of features and agents, whatever the level.

Who switched on a forward of 1001, and from where:

\`\`\`sh
journalctl -u lamplighter -o cat | jq -cR 'fromjson? | select(.message == "feature changed" and (.aor | startswith("1001@")))'
\`\`\`

## Changes

One line for each: who, what, from where, old and new.
`;

/** docs/logs.md */
export function logsPage(): string {
  return [head, ...changeLines.map(section), ...everything(logCalls())].join('\n');
}

function section({ message, level, room, about, fields }: ChangeLine): string {
  const rows = Object.entries(fields).map(([name, text]) => `| \`${name}\` | ${cell(text)} |`);
  return [
    `### ${message}`,
    '',
    `Level ${level}, room ${room}. ${about}`,
    '',
    '| field | |',
    '| --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

const severity = ['error', 'warn', 'info', 'debug'] as const;
const titles = { error: 'Errors', warn: 'Warnings', info: 'Information', debug: 'For who looks closely' };

/** Every message that the code can write, by level and words. */
function everything(calls: readonly LogCall[]): readonly string[] {
  const intro = [
    '## Every message',
    '',
    '`…` in a message stands for what differs, in the fields for more of them. Errors come with `code` and `fix` where there is one:',
    '[errors.md](errors.md).',
    '',
  ];
  const tables = severity.flatMap((level) => {
    const rows = calls.filter((call) => call.level === level).map(row);
    return [
      `### ${titles[level]}`,
      '',
      '| message | fields | in |',
      '| --- | --- | --- |',
      ...new Set(rows.sort()),
      '',
    ];
  });
  return [...intro, ...tables];
}

function row({ message, fields, file }: LogCall): string {
  const names = fields === null ? '…' : fields.map((name) => `\`${name}\``).join(', ');
  return `| ${cell(message)} | ${names} | \`${file}\` |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
