import type { Command } from 'commander';
import { asking, type Session } from '../asking.ts';
import { exits } from '../exits.ts';
import { Failure } from '../failure.ts';
import { extensionPath, query, settingOf, show, statusPath, tellAway } from '../listing.ts';
import { Row } from '../row.ts';
import { asJson, type Terminal } from '../terminal.ts';
import { subscriptionColumns } from './subs.ts';

interface Options {
  readonly id: boolean;
}

export function renotify(root: Command, terminal: Terminal): void {
  const command = root
    .command('renotify')
    .description('Sends the whole state again to the phones that watch an extension, or to one subscription.')
    .argument('<ext>', 'what is watched; where no extension has this number, the ID of a subscription')
    .option('--id', 'it is an ID, whatever extensions there are', false);
  asking<Options>(command, terminal, run);
}

async function run(session: Session, [name = '']: readonly string[], { id }: Options): Promise<number> {
  const { daemon, terminal, json } = session;
  const status = await daemon.get(statusPath);
  const found = await meant(session, name, id);
  const told: Row[] = [];
  // one by one: a list that is told at once would be a storm of its own
  for (const one of found) {
    const reply = await daemon.ask('POST', `/api/v1/subscriptions/${one.text('id') ?? ''}/renotify`);
    // 404: it has ended since it was listed
    if (reply.status !== 404) told.push(one);
  }
  if (json) terminal.out(asJson(told.map(({ value }) => value)));
  else show(session, subscriptionColumns(settingOf(status)), told, `nobody watches ${name}`);
  tellAway(session, status);
  return exits.ok;
}

/** The subscriptions that `name` means. */
async function meant({ daemon }: Session, name: string, isId: boolean): Promise<readonly Row[]> {
  const extension = isId ? null : await daemon.ask('GET', extensionPath(name));
  if (extension?.status === 200) {
    const reply = await daemon.get(query('/api/v1/subscriptions', { ext: name }));
    const rows = Row.list(reply.body, 'id');
    if (rows === null) throw await daemon.strange('GET /api/v1/subscriptions answers something else');
    return rows;
  }
  const reply = await daemon.get('/api/v1/subscriptions');
  const one = (Row.list(reply.body, 'id') ?? []).filter((row) => row.text('id') === name);
  if (one.length > 0) return one;
  const what = isId ? 'no subscription has the ID' : 'there is neither an extension nor a subscription';
  throw new Failure('unknown-extension', exits.refused, `${what} ${name}`);
}
