import type { Command } from 'commander';
import { asking } from '../asking.ts';
import { list, nameColumn, query, type Setting } from '../listing.ts';
import type { Row } from '../row.ts';
import { type Column, stamp } from '../table.ts';
import type { Terminal } from '../terminal.ts';

export function subs(root: Command, terminal: Terminal): void {
  const command = root
    .command('subs')
    .description("Lists the phones' subscriptions: who watches what, and how the last NOTIFY was answered.")
    .argument('[ext]', 'what is watched')
    .option('--watcher <ext>', 'only those of the phones of this user');
  asking<{ watcher?: string }>(command, terminal, (session, [ext], { watcher }) =>
    list(session, {
      path: query('/api/v1/subscriptions', { ext }),
      key: 'event',
      ext,
      none: 'no subscriptions',
      ...(watcher === undefined ? {} : { filter: (row) => isNamed(row.text('watcher'), watcher) }),
      columns: subscriptionColumns,
    }),
  );
}

/** `1001` means that user of any domain, `1001@pbx.example` one of them. */
function isNamed(aor: string | null, wanted: string): boolean {
  return aor !== null && (aor === wanted || aor.replace(/@[^@]*$/, '') === wanted);
}

export function subscriptionColumns(setting: Setting): readonly Column<Row>[] {
  const { now, domain } = setting;
  return [
    { title: 'ID', of: (row) => row.number('id'), right: true },
    nameColumn(setting),
    { title: 'EVENT', of: (row) => row.text('event') },
    {
      title: 'WATCHER',
      of: (row) => row.text('watcher')?.replace(new RegExp(`@${escaped(domain ?? '')}$`), '') ?? null,
    },
    { title: 'SOURCE', of: (row) => row.text('source') },
    { title: 'EXPIRES', of: (row) => secondsTo(row.time('expiresAt'), now), right: true },
    { title: 'NOTIFIES', of: (row) => row.number('notifies'), right: true },
    { title: 'LAST-NOTIFY', of: (row) => stamp(row.time('lastNotifyAt')) },
    { title: 'ANSWER', of: (row) => row.number('lastStatus'), right: true },
    { title: 'USER-AGENT', of: (row) => row.text('userAgent') },
  ];
}

function escaped(text: string): string {
  return text.replace(/[^\w@-]/g, '\\$&');
}

/** `312s`; never less than none. */
export function secondsTo(time: number | null, now: number): string | null {
  return time === null ? null : `${Math.max(0, Math.round((time - now) / 1000))}s`;
}
