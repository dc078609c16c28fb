import type { Command } from 'commander';
import { asking, type Session } from '../asking.ts';
import { exits } from '../exits.ts';
import { isGood, refusalIn } from '../reply.ts';
import { asJson, printable, type Terminal } from '../terminal.ts';

export function kick(root: Command, terminal: Terminal): void {
  const command = root
    .command('kick')
    .description('Ends subscriptions with a last NOTIFY; the phones subscribe anew.')
    .argument('<id...>', 'as `lamplighter subs` lists them');
  asking(command, terminal, run);
}

async function run({ daemon, terminal, json }: Session, ids: readonly string[]): Promise<number> {
  const ended: string[] = [];
  for (const id of ids) {
    const reply = await daemon.ask('DELETE', `/api/v1/subscriptions/${encodeURIComponent(id)}`);
    const refusal = refusalIn(reply.body);
    if (isGood(reply)) {
      ended.push(id);
      if (!json) terminal.out(`${printable(id)} ended\n`);
    } else if (refusal === null) {
      throw await daemon.strange(`DELETE of a subscription answers ${reply.status}`);
    } else {
      terminal.err(`${printable(refusal.message)}\n`);
    }
  }
  if (json) terminal.out(asJson({ ended }));
  return ended.length === ids.length ? exits.ok : exits.refused;
}
