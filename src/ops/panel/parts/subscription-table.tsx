import { kick, renotify } from '../data/subscriptions.ts';
import { extensionPath, subscriptionPath } from '../words/route.ts';
import type { Subscription } from '../words/shapes.ts';
import { upright } from '../words/words.ts';
import { ActionButton } from './action.tsx';
import { At, Until } from './lasting.tsx';
import { Answer } from './subscription-row.tsx';

interface Table {
  readonly rows: readonly Subscription[];
  readonly caption: string;
  /** Not on the page of one extension. */
  readonly withExtension: boolean;
  readonly again: () => void;
}

export function SubscriptionTable({ rows, caption, withExtension, again }: Table) {
  return (
    <div class="scroll">
      <table class="stacks">
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Id</th>
            {withExtension && <th scope="col">Of</th>}
            <th scope="col">Event</th>
            <th scope="col">Watched by</th>
            <th scope="col">Phone</th>
            <th scope="col">Ends</th>
            <th scope="col">Last NOTIFY</th>
            <th scope="col">Answer</th>
            <th scope="col">
              <span class="unseen">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.id} row={row} withExtension={withExtension} again={again} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ row, withExtension, again }: { readonly row: Subscription } & Pick<Table, 'withExtension' | 'again'>) {
  return (
    <tr>
      <th scope="row" data-label="Id">
        <a href={subscriptionPath(row.id)}>{row.id}</a>
      </th>
      {withExtension && (
        <td data-label="Of">
          <a href={extensionPath(row.aor)}>{upright(row.ext)}</a>
        </td>
      )}
      <td data-label="Event">
        {row.event}
        {row.eventId !== null && <small class="quiet"> id={upright(row.eventId)}</small>}
      </td>
      <td data-label="Watched by">{upright(row.watcher ?? '–')}</td>
      <td data-label="Phone">
        <span class="two-lines" title={row.userAgent ?? undefined}>
          {upright(row.userAgent ?? 'says no name')}
          <small class="quiet">{row.source}</small>
        </span>
      </td>
      <td data-label="Ends" class="number">
        <Until iso={row.expiresAt} />
      </td>
      <td data-label="Last NOTIFY" class="number">
        <At iso={row.lastNotifyAt} /> <small class="quiet">({row.notifies})</small>
      </td>
      <td data-label="Answer">
        <Answer of={row} />
      </td>
      <td class="actions">
        <ActionButton
          needs="operate"
          class="small"
          label={`Send the state again, subscription ${row.id}`}
          act={() => renotify(row.id).finally(again)}
        >
          Renotify
        </ActionButton>
        <ActionButton
          needs="operate"
          class="small"
          label={`End subscription ${row.id}`}
          act={async () => kick(row, again)}
        >
          End
        </ActionButton>
      </td>
    </tr>
  );
}
