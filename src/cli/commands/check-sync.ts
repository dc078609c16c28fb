import type { Command } from 'commander';
import { asking } from '../asking.ts';
import { phonesMs } from '../daemon.ts';
import { exits } from '../exits.ts';
import { extensionPath, show } from '../listing.ts';
import { Row } from '../row.ts';
import { asJson, type Terminal } from '../terminal.ts';

interface Options {
  readonly event: string;
  readonly reboot: boolean;
}

export function checkSync(root: Command, terminal: Terminal): void {
  const command = root
    .command('check-sync')
    .description('Has the phones of an extension read their configuration again.')
    .argument('<ext>', 'whose')
    .option('--event <name>', 'what they are told, where it is not the usual', 'check-sync')
    .option('--reboot', 'and start again, if they know how', false);
  asking<Options>(command, terminal, async (session, [ext = ''], { event, reboot }) => {
    const { daemon, terminal: screen, json } = session;
    const wish = { event, reboot: reboot ? true : undefined };
    const reply = await daemon.must('POST', `${extensionPath(ext)}/check-sync`, wish, phonesMs);
    const rows = Row.list(
      new Row(reply.body).rows('phones').map(({ value }) => value),
      'contact',
    );
    if (rows === null) throw await daemon.strange('POST of check-sync answers something else');
    if (json) screen.out(asJson(reply.body));
    else {
      const columns = [
        { title: 'SOURCE', of: (row: Row) => row.text('source') },
        { title: 'ANSWER', of: (row: Row) => row.text('answer') },
        { title: 'CONTACT', of: (row: Row) => row.text('contact') },
        { title: 'USER-AGENT', of: (row: Row) => row.text('userAgent') },
      ];
      show(session, columns, rows, 'told; the PBX does not say which phones');
    }
    return exits.ok;
  });
}
