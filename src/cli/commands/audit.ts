import { type Command, Option } from 'commander';
import { asking } from '../asking.ts';
import { agentText, featureText } from '../feature-words.ts';
import { list, nameColumn, query } from '../listing.ts';
import type { Row } from '../row.ts';
import { stamp } from '../table.ts';
import type { Terminal } from '../terminal.ts';

export function audit(root: Command, terminal: Terminal): void {
  const command = root
    .command('audit')
    .description('Lists who changed what, from where, and what became of it; the latest at the end.')
    .argument('[ext]', 'the features of this one alone')
    .addOption(new Option('-n, --limit <count>', 'so many of the latest, 1000 at most').default('100'));
  asking<{ limit: string }>(command, terminal, (session, [ext], { limit }) =>
    list(session, {
      path: query('/api/v1/audit', { ext, limit }),
      key: 'at',
      ext,
      none: 'nobody has changed anything',
      order: (rows) => [...rows].reverse(),
      columns: (setting) => [
        { title: 'AT', of: (row) => stamp(row.time('at')) },
        nameColumn(setting),
        { title: 'FEATURE', of: (row) => row.text('feature') },
        { title: 'OLD', of: (row) => auditedText(row, 'old') },
        { title: 'NEW', of: (row) => auditedText(row, 'new') },
        { title: 'WISHED', of: (row) => auditedText(row, 'wished') },
        { title: 'DECISION', of: (row) => row.text('decision') },
        { title: 'VIA', of: (row) => row.text('via') },
        { title: 'WHO', of: (row) => row.text('who') },
        { title: 'FROM', of: (row) => row.text('from') },
        { title: 'REASON', of: (row) => row.text('reason') },
      ],
    }),
  );
}

function auditedText(row: Row, which: 'old' | 'new' | 'wished'): string | null {
  const value = row.row(which);
  return row.text('feature') === 'agent' ? agentText(value) : featureText(value);
}
