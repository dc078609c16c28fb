import { useLoaded } from '../data/loaded.ts';
import { keepQuery, query } from '../data/place.ts';
import { LoadNote } from '../parts/note.tsx';
import { SubscriptionTable } from '../parts/subscription-table.tsx';
import type { Subscription } from '../words/shapes.ts';
import { counted } from '../words/words.ts';

/** As many rows as one page draws without delay; a search finds the others. */
const mostRows = 500;

export function SubscriptionsView() {
  const read = useLoaded<readonly Subscription[]>('/api/v1/subscriptions', 5000);
  const all = read.value.value ?? [];
  const find = (query.value.get('find') ?? '').toLowerCase();
  const wanted = query.value.get('answer') ?? '';
  const event = query.value.get('event') ?? '';
  const events = [...new Set(all.map((one) => one.event))].sort();
  const found = all.filter(
    (one) => (event === '' || one.event === event) && answers(one, wanted) && textOf(one).includes(find.trim()),
  );
  return (
    <>
      <h1>Subscriptions</h1>
      <div class="tools">
        <label class="search">
          <span class="unseen">Find a subscription</span>
          <input
            id="search"
            type="search"
            autocomplete="off"
            placeholder="Find: number, watcher, address, phone…   ( / )"
            value={find}
            onInput={(input) => keepQuery({ find: input.currentTarget.value })}
          />
        </label>
        <label class="choice">
          <span class="unseen">Event</span>
          <select value={event} onChange={(change) => keepQuery({ event: change.currentTarget.value })}>
            <option value="">all events</option>
            {events.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label class="choice">
          <span class="unseen">Answer</span>
          <select value={wanted} onChange={(change) => keepQuery({ answer: change.currentTarget.value })}>
            <option value="">all answers</option>
            <option value="bad">not answered, or refused</option>
            <option value="good">answered</option>
          </select>
        </label>
        <p class="summary quiet">
          {read.value.value !== null &&
            (found.length === all.length ? counted(all.length, 'subscription') : `${found.length} of ${all.length}`)}
        </p>
      </div>
      <LoadNote of={read} />
      {read.value.value !== null && found.length === 0 && (
        <p class="note">
          {all.length === 0
            ? 'No phone has subscribed. Point its BLF keys, and its feature sync, to Lamplighter.'
            : 'No subscription fits.'}
        </p>
      )}
      {found.length > 0 && (
        <SubscriptionTable
          rows={found.slice(0, mostRows)}
          caption="Subscriptions of phones"
          withExtension={true}
          again={read.again}
        />
      )}
      {found.length > mostRows && <p class="note">The first {mostRows} are shown; narrow it down to see the others.</p>}
    </>
  );
}

function answers({ lastStatus }: Subscription, wanted: string): boolean {
  if (wanted === '') return true;
  const good = lastStatus !== null && lastStatus < 300;
  return wanted === 'good' ? good : lastStatus !== null && !good;
}

function textOf({ id, aor, event, watcher, userAgent, source, device }: Subscription): string {
  return [id, aor, event, watcher, userAgent, source, device].join('\n').toLowerCase();
}
