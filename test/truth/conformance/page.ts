import { dialogChapter } from './dialog.ts';
import { eventChapters } from './events.ts';
import { packageChapters } from './packages.ts';
import type { Chapter, Row } from './row.ts';
import { transportChapter } from './transport.ts';
import { workedChapter } from './worked.ts';

export const chapters: readonly Chapter[] = [
  ...eventChapters,
  dialogChapter,
  ...packageChapters,
  transportChapter,
  workedChapter,
];

const head = `# Conformance

What the RFCs ask of a server of the event packages in [packages.md](packages.md), and the tests that hold it. Made from
\`test/truth/conformance/\` by \`npm run generate\`; \`test/truth/conformance.test.ts\` fails where a row is missing, or names a
test that does not exist. A test has the id of its requirement in its name: \`grep -rn E65-14 test\`.

*held*: obeyed. *differs*: served another way on purpose. *later*: belongs to what is not served yet; a test, where one is named,
shows what is answered meanwhile. *not applicable*: nothing here could break it. What is done with each message of RFC 4475 and
RFC 5118 is in [torture-tests.md](torture-tests.md).
`;

/** docs/conformance.md */
export function conformancePage(): string {
  const counts = new Map<string, number>();
  for (const { status } of chapters.flatMap(({ rows }) => rows)) counts.set(status, (counts.get(status) ?? 0) + 1);
  const sum = [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
  return [head, `${sum}.`, '', ...chapters.map(section)].join('\n');
}

function section({ title, rows }: Chapter): string {
  return [
    `## ${title}`,
    '',
    '| id | from | what is asked | | tests, or the reason |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map(line),
    '',
  ].join('\n');
}

function line({ id, source, rule, status, reason, tests }: Row): string {
  const named = Object.entries(tests).map(([file, names]) => {
    const short = file.replace(/^test\//, '').replace(/\.ts$/, '');
    return `[${short}](../${file}): ${names.map((name) => `“${cell(name)}”`).join(', ')}`;
  });
  const evidence = [reason === '' ? [] : [cell(reason)], named].flat().join('<br>');
  return `| ${id} | ${cell(source)} | ${cell(rule)} | ${status} | ${evidence} |`;
}

/** A cell of a Markdown table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*').replaceAll('_', '\\_');
}
