import type { Command } from 'commander';
import { asking } from '../asking.ts';
import { agentText, featureText } from '../feature-words.ts';
import { extensionPath, list, nameColumn, type Setting, staleColumn } from '../listing.ts';
import type { Row } from '../row.ts';
import type { Column } from '../table.ts';
import type { Terminal } from '../terminal.ts';

export function ext(root: Command, terminal: Terminal): void {
  const command = root
    .command('ext')
    .description('Lists the extensions: their calls, features, phones and messages.')
    .argument('[ext]', 'this one alone');
  asking(command, terminal, (session, [ext]) =>
    list(session, {
      path: ext === undefined ? '/api/v1/extensions' : extensionPath(ext),
      key: 'ext',
      columns,
      none: 'no extension is known: either the PBX has not answered yet, or its users are in none of the domains',
    }),
  );
}

function columns(setting: Setting): readonly Column<Row>[] {
  return [
    nameColumn(setting),
    { title: 'STATE', of: stateOf },
    { title: 'REGISTERED', of: (row) => (row.flag('untold') ? null : row.flag('registered') ? 'yes' : 'no') },
    { title: 'CALLS', of: (row) => row.rows('dialogs').length, right: true },
    ...(['dnd', 'cfa', 'cfb', 'cfna'] as const).map((feature) => ({
      title: feature.toUpperCase(),
      of: (row: Row) => featureText(row.row(`features.${feature}`)),
    })),
    { title: 'NEW', of: newMessages, right: true },
    { title: 'SUBS', of: (row) => row.number('subscriptions'), right: true },
    { title: 'AGENT', of: (row) => agentText(row.row('agent')) },
    staleColumn,
    { title: 'NAME', of: (row) => row.text('displayName') },
  ];
}

/** A ringing phone is more urgent than a talking one. null: not known. */
function stateOf(row: Row): string | null {
  const states = row.rows('dialogs').map(callState);
  const first = ['ringing', 'talking', 'held', 'calling'].find((state) => states.includes(state));
  if (first !== undefined) return first;
  return row.flag('untold') ? null : row.flag('registered') ? 'idle' : 'away';
}

/** What its phone does: `held`: its user holds the other side. */
export function callState(dialog: Row): string {
  if (dialog.flag('held')) return 'held';
  if (dialog.text('state') === 'confirmed') return 'talking';
  return dialog.text('direction') === 'recipient' ? 'ringing' : 'calling';
}

/** null: it has no mailbox. */
function newMessages(row: Row): number | null {
  const fresh = row.number('mailbox.new');
  return fresh === null ? null : fresh + (row.number('mailbox.newUrgent') ?? 0);
}
