import type { Command } from 'commander';
import { asking, type Session } from '../asking.ts';
import { exits } from '../exits.ts';
import { Failure } from '../failure.ts';
import { show } from '../listing.ts';
import { Row } from '../row.ts';
import { asJson, printable, type Terminal, visible } from '../terminal.ts';

const base = '/api/v1/provision';

export function provision(root: Command, terminal: Terminal): void {
  const command = root
    .command('provision')
    .description(
      'Prints what a phone of a vendor needs for lamps and feature keys; without a vendor lists those known.',
    )
    .argument('[vendor]', 'as listed')
    .argument('[ext]', 'for whom');
  asking(command, terminal, (session, [vendor, ext]) => {
    if (vendor === undefined) return vendors(session);
    if (ext === undefined) throw new Failure('usage', exits.usage, 'expected an extension behind the vendor');
    return snippet(session, vendor, ext);
  });
}

async function vendors(session: Session): Promise<number> {
  const { daemon, terminal, json } = session;
  const reply = await daemon.get(base);
  const rows = Row.list(reply.body, 'vendor');
  if (rows === null) throw await daemon.strange(`GET ${base} answers something else`);
  if (json) terminal.out(asJson(reply.body));
  else {
    const columns = [
      { title: 'VENDOR', of: (row: Row) => row.text('vendor') },
      { title: 'PHONES', of: (row: Row) => row.text('name') },
    ];
    show(session, columns, rows, 'no vendor is known');
  }
  return exits.ok;
}

/** The snippet alone on standard output, fit for a file; what to know about it on standard error. */
async function snippet({ daemon, terminal, json }: Session, vendor: string, ext: string): Promise<number> {
  const path = `${base}/${encodeURIComponent(vendor)}/${encodeURIComponent(ext)}`;
  const reply = await daemon.get(path);
  const body = new Row(reply.body);
  const text = body.text('text');
  if (text === null) throw await daemon.strange(`GET ${path} answers something else`);
  if (json) terminal.out(asJson(reply.body));
  else {
    terminal.out(`${text.replace(/\n$/, '').split('\n').map(visible).join('\n')}\n`);
    for (const note of body.texts('notes')) terminal.err(`note: ${printable(note)}\n`);
  }
  return exits.ok;
}
