import type { Command } from 'commander';
import { asking } from '../asking.ts';
import { featureText } from '../feature-words.ts';
import { extensionPath, list, nameColumn, staleColumn } from '../listing.ts';
import type { Row } from '../row.ts';
import type { Terminal } from '../terminal.ts';

export function features(root: Command, terminal: Terminal): void {
  const command = root
    .command('features')
    .description('Lists do not disturb and the forwards of the extensions, as the PBX holds them.')
    .argument('[ext]', 'this one alone');
  asking(command, terminal, (session, [ext]) =>
    list(session, {
      path: ext === undefined ? '/api/v1/extensions' : extensionPath(ext),
      key: 'ext',
      none: 'no extension is known',
      columns: (setting) => [
        nameColumn(setting),
        ...(['dnd', 'cfa', 'cfb', 'cfna'] as const).map((feature) => ({
          title: feature.toUpperCase(),
          of: (row: Row) => featureText(row.row(`features.${feature}`)),
        })),
        staleColumn,
      ],
    }),
  );
}
