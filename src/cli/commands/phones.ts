import type { Command } from 'commander';
import { asking } from '../asking.ts';
import { list, nameColumn, query } from '../listing.ts';
import { stamp } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { secondsTo } from './subs.ts';

export function phones(root: Command, terminal: Terminal): void {
  const command = root
    .command('phones')
    .description('Lists the phones that have registered through Lamplighter (inline).')
    .argument('[ext]', 'the phones of this one alone');
  asking(command, terminal, (session, [ext]) =>
    list(session, {
      path: query('/api/v1/phones', { ext }),
      key: 'ext',
      ext,
      none: 'no phone has registered through Lamplighter; only inline do they (docs/deploy/inline.md)',
      columns: (setting) => [
        nameColumn(setting),
        { title: 'SOURCE', of: (row) => row.text('source') },
        { title: 'TRANSPORT', of: (row) => row.text('transport') },
        { title: 'REACHABLE', of: (row) => (row.flag('reachable') ? 'yes' : 'no') },
        { title: 'SINCE', of: (row) => stamp(row.time('since')) },
        { title: 'EXPIRES', of: (row) => secondsTo(row.time('expiresAt'), setting.now), right: true },
        { title: 'CONTACT', of: (row) => row.text('contact') },
        { title: 'USER-AGENT', of: (row) => row.text('userAgent') },
      ],
    }),
  );
}
