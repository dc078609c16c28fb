import { type TortureRow, tortureRows, verdict } from './torture-rows.ts';

const head = `# Torture tests

What Lamplighter does with each message of RFC 4475 and RFC 5118, and why. Made from \`test/sip/message/torture-*.ts\` by
\`npm run generate\`; the messages there are our own, with the defect the RFC shows, most of them as SUBSCRIBE. Each row is
held by a test at the parser and by one on the wire, against the running service.

\`read\` is what the parser makes of the bytes; the last word is what goes back: a status and who gave it, or nothing.
`;

/** A cell of a Markdown table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*').replaceAll('_', '\\_');
}

function line(row: TortureRow): string {
  const what = row.over === 'tcp' ? `${row.what} (TCP)` : row.what;
  return `| ${row.section} | \`${row.name}\` | ${cell(what)} | ${verdict(row)} | ${cell(row.why)} |`;
}

/** docs/torture-tests.md */
export function torturePage(): string {
  const table = (rfc: TortureRow['rfc'], title: string) =>
    [
      `## RFC ${rfc}: ${title}`,
      '',
      '| section | message | what is odd about it | what happens | why |',
      '|---|---|---|---|---|',
      ...tortureRows.filter((row) => row.rfc === rfc).map(line),
      '',
    ].join('\n');
  return `${head}\n${table(4475, 'SIP torture tests')}\n${table(5118, 'SIP torture tests for IPv6')}`;
}
