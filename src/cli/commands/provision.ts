import { type Command, Option } from 'commander';
import { phoneTransports, provisionWays } from '../../model/provision.ts';
import { asking, type Session } from '../asking.ts';
import { exits } from '../exits.ts';
import { Failure } from '../failure.ts';
import { show } from '../listing.ts';
import { Row } from '../row.ts';
import { asJson, printable, type Terminal, visible } from '../terminal.ts';

const base = '/api/v1/provision';

/** What of the query was said; by its names. */
type Wished = Readonly<Partial<Record<'transport' | 'lamps' | 'list' | 'way' | 'pickup', string>>>;

export function provision(root: Command, terminal: Terminal): void {
  const command = root
    .command('provision')
    .description(
      'Prints what a phone of a vendor needs for lamps and feature keys; without a vendor lists those known.',
    )
    .argument('[vendor]', 'as listed')
    .argument('[ext]', 'for whom')
    .option('--lamps <names>', 'what its keys shall watch, by commas: 1002,1003,park+701')
    .option('--list <name>', 'a list to watch as a whole')
    .addOption(new Option('--way <way>', 'how its subscriptions come to Lamplighter').choices(provisionWays))
    .addOption(new Option('--transport <transport>', 'over what').choices(phoneTransports))
    .option('--pickup <code>', "the PBX's code for taking another's call (default: **)");
  asking<Wished>(command, terminal, (session, [vendor, ext], options) => {
    if (vendor === undefined) return vendors(session);
    if (ext === undefined) return nobody(session, vendor);
    return snippet(session, vendor, ext, options);
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

/** A vendor without an extension: what is missing, or that there is no such vendor. */
async function nobody({ daemon }: Session, vendor: string): Promise<never> {
  const { body } = await daemon.get(base);
  const known = (Row.list(body, 'vendor') ?? []).map((row) => row.text('vendor') ?? '');
  if (known.length > 0 && !known.includes(vendor.toLowerCase())) {
    const text = `no vendor is called ${printable(vendor.slice(0, 40))}; there are ${known.map((one) => printable(one)).join(', ')}`;
    throw new Failure('unknown-vendor', exits.refused, text);
  }
  throw new Failure('usage', exits.usage, `for whom? expected an extension: provision ${printable(vendor)} 1001`);
}

/** The snippet alone on standard output, fit for a file; what to know about it on standard error. */
async function snippet(session: Session, vendor: string, ext: string, options: Wished): Promise<number> {
  const { daemon, terminal, json } = session;
  const path = `${base}/${encodeURIComponent(vendor)}/${encodeURIComponent(ext)}`;
  const { transport, lamps, list, way, pickup } = options;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ transport, lamps, list, way, pickup })) {
    if (value !== undefined) query.set(name, value);
  }
  const reply = await daemon.get(query.size === 0 ? path : `${path}?${query}`);
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
