import { ask } from '../link/ask.ts';
import { askFirst } from '../parts/dialogs.tsx';
import type { Subscription } from '../words/shapes.ts';
import { attempt } from './session.ts';

/** Sends the whole state again. */
export async function renotify(id: Subscription['id']): Promise<void> {
  await ask('POST', `/api/v1/subscriptions/${id}/renotify`, {});
}

/** Ends a subscription, after a question; `done` when it has ended. */
export function kick({ id, ext, event, device }: Subscription, done: () => void): void {
  askFirst({
    title: `End subscription ${id}?`,
    text: `${device} watches ${event} of ${ext}. It gets a last NOTIFY; most phones subscribe again at once, some only when they are restarted.`,
    yes: 'End it',
    act: () =>
      void attempt(() => ask('DELETE', `/api/v1/subscriptions/${id}`)).then((went) => {
        if (went) done();
      }),
  });
}
