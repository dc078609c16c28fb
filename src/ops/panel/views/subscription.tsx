import type { ComponentChildren } from 'preact';
import { useLoaded } from '../data/loaded.ts';
import { kick, renotify } from '../data/subscriptions.ts';
import { ActionButton } from '../parts/action.tsx';
import { Ladder } from '../parts/ladder.tsx';
import { At, Until } from '../parts/lasting.tsx';
import { LoadNote } from '../parts/note.tsx';
import { Answer } from '../parts/subscription-row.tsx';
import { extensionPath } from '../words/route.ts';
import type { Subscription } from '../words/shapes.ts';
import { upright } from '../words/words.ts';

export function SubscriptionView({ id }: { readonly id: string }) {
  // The list holds it in every version; the route of one alone came later.
  const read = useLoaded<readonly Subscription[]>('/api/v1/subscriptions', 3000);
  const found = read.value.value?.find((one) => String(one.id) === id);
  return (
    <>
      <h1>
        <a href="#/subscriptions">Subscriptions</a> / {upright(id)}
      </h1>
      <LoadNote of={read} />
      {read.value.value !== null && found === undefined && (
        <p class="note">There is no subscription {upright(id)} any more. What the trace still holds of it is below.</p>
      )}
      {found !== undefined && <About subscription={found} again={read.again} />}
      <Ladder query={`subscription=${encodeURIComponent(id)}`} name={`subscription-${id}`} />
    </>
  );
}

function About({ subscription, again }: { readonly subscription: Subscription; readonly again: () => void }) {
  const { aor, ext, event, eventId, watcher, device, userAgent, source, notifies } = subscription;
  return (
    <section class="box">
      <div class="box-head">
        <h2>
          {event} of <a href={extensionPath(aor)}>{upright(ext)}</a>
        </h2>
        <span class="spring" />
        <ActionButton needs="operate" act={() => renotify(subscription.id).finally(again)}>
          Renotify
        </ActionButton>
        <ActionButton needs="operate" act={async () => kick(subscription, again)}>
          End
        </ActionButton>
      </div>
      <dl class="pairs">
        <Pair name="Of">{aor}</Pair>
        <Pair name="Watched by">{upright(watcher ?? '–')}</Pair>
        <Pair name="Phone">{upright(userAgent ?? 'says no name')}</Pair>
        <Pair name="Device">{upright(device)}</Pair>
        {eventId !== null && <Pair name="Event id">{upright(eventId)}</Pair>}
        <Pair name="Told at">{source}</Pair>
        <Pair name="Since">
          <At iso={subscription.createdAt} />
        </Pair>
        <Pair name="Ends">
          <Until iso={subscription.expiresAt} />
        </Pair>
        <Pair name="Last NOTIFY">
          <At iso={subscription.lastNotifyAt} /> ({notifies} sent since the start)
        </Pair>
        <Pair name="Its answer">
          <Answer of={subscription} />
        </Pair>
      </dl>
    </section>
  );
}

function Pair(props: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}
