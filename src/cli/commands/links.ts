import type { Command } from 'commander';
import { asking, type Session } from '../asking.ts';
import { exits } from '../exits.ts';
import { show, statusPath } from '../listing.ts';
import { Row } from '../row.ts';
import { stamp } from '../table.ts';
import { asJson, type Terminal } from '../terminal.ts';

export function links(root: Command, terminal: Terminal): void {
  const command = root
    .command('links')
    .description('Lists the PBXs and whether they are connected; exit code 1 where one is not.');
  asking(command, terminal, run);
}

async function run(session: Session): Promise<number> {
  const { daemon, terminal, json } = session;
  const status = await daemon.get(statusPath);
  const all = Row.list(
    new Row(status.body).rows('links').map(({ value }) => value),
    'source',
  );
  if (all === null) throw await daemon.strange(`GET ${statusPath} answers something else`);
  if (json) terminal.out(asJson(all.map(({ value }) => value)));
  else {
    const columns = [
      { title: 'PBX', of: (row: Row) => row.text('source') },
      { title: 'STATE', of: (row: Row) => row.text('state') },
      { title: 'SINCE', of: (row: Row) => stamp(row.time('since')) },
      { title: 'REASON', of: (row: Row) => row.text('reason') },
    ];
    show(session, columns, all, 'no PBX has been heard of yet');
  }
  return all.length > 0 && all.every((row) => row.text('state') === 'up') ? exits.ok : exits.refused;
}
