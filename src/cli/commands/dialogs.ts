import type { Command } from 'commander';
import { asking } from '../asking.ts';
import { list, nameColumn, query, staleColumn } from '../listing.ts';
import { stamp } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { callState } from './ext.ts';

export function dialogs(root: Command, terminal: Terminal): void {
  const command = root
    .command('dialogs')
    .description('Lists the calls, a line for each extension that has a part in one.')
    .argument('[ext]', 'the calls of this one alone');
  asking(command, terminal, (session, [ext]) =>
    list(session, {
      path: query('/api/v1/dialogs', { ext }),
      key: 'ext',
      ext,
      none: 'no calls',
      columns: (setting) => [
        nameColumn(setting),
        { title: 'STATE', of: callState },
        { title: 'DIRECTION', of: (row) => row.text('direction') },
        { title: 'SINCE', of: (row) => stamp(row.time('since')) },
        staleColumn,
        { title: 'NUMBER', of: (row) => row.text('remote.number') },
        { title: 'NAME', of: (row) => row.text('remote.name') },
      ],
    }),
  );
}
