import { babble } from './babble.ts';
import { kamailio } from './kamailio.ts';
import { opensips } from './opensips.ts';
import type { Chapter, Row } from './row.ts';

export const chapters: readonly Chapter[] = [...kamailio, ...opensips, ...babble];

const head = `# For those who come from another system

Each parameter, function, variable, command and document of Kamailio's presence_dfks, presence_dialoginfo and presence_profile,
OpenSIPS's presence_dfks and babble-drachtio-presence, and of the modules they stand on: what it is called here, and the tests that
show it. Defaults of theirs stand behind the name. Made from \`test/truth/compared/\` by \`npm run generate\`;
\`test/truth/compared.test.ts\` fails where a test that is named does not exist. Figures side by side: [performance.md](performance.md).

*same*: it can be had here. *otherwise*: what it is for is reached another way. *not here*: it cannot be had, and why.
`;

/** docs/compared.md */
export function comparedPage(): string {
  const counts = new Map<string, number>();
  for (const { status } of chapters.flatMap(({ rows }) => rows)) counts.set(status, (counts.get(status) ?? 0) + 1);
  const sum = [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
  return [head, `${sum}.`, '', ...chapters.map(section)].join('\n');
}

function section({ title, rows }: Chapter): string {
  return [`## ${title}`, '', '| there | | here | tests |', '| --- | --- | --- | --- |', ...rows.map(line), ''].join(
    '\n',
  );
}

function line({ theirs, here, status, tests }: Row): string {
  const named = Object.entries(tests).map(([file, names]) => {
    const short = file.replace(/^test\//, '').replace(/\.ts$/, '');
    return `[${short}](../${file}): ${names.map((name) => `“${plain(name)}”`).join(', ')}`;
  });
  return `| ${code(theirs)} | ${status} | ${code(here)} | ${named.join('<br>')} |`;
}

/** Markdown of our own, in a cell. */
function code(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** The name of a test, in a cell. */
function plain(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*').replaceAll('_', '\\_');
}
