import type { Hono } from 'hono';
import { userOf } from '../../model/aor.ts';
import { type OpsEnv, refuse } from '../answers.ts';
import type { OpsDeps } from '../deps.ts';
import { followGroups, groupShape } from '../groups.ts';
import { extensionShape, linkShape } from '../shapes.ts';
import type { EventStream } from '../sse.ts';

export function eventRoutes(app: Hono<OpsEnv>, stream: EventStream): void {
  app.get('/api/v1/events', (c) => {
    c.header('Content-Type', 'text/event-stream; charset=utf-8');
    // COMPAT(nginx): it would hold events back until its buffer is full.
    c.header('X-Accel-Buffering', 'no');
    if (c.req.method === 'HEAD') return c.body(null);
    const body = stream.open();
    if (body !== null) return c.body(body);
    c.header('Retry-After', '10');
    return refuse(c, 503, 'too-many-clients', 'too many clients read the events; close one');
  });
}

/** Puts what happens in the hub on the stream; answers how to stop. */
export function feed(stream: EventStream, { hub, subscriptions, groups, phones }: OpsDeps): () => void {
  const noMoreChanges = hub.onChange(({ aor, topic, aspects }) =>
    stream.send(null, () => {
      const view = hub.view(aor);
      return {
        ext: userOf(aor),
        aor,
        topic,
        aspects,
        extension: view?.known ? extensionShape(view, subscriptions.count(aor), phones?.list(aor)) : null,
      };
    }),
  );
  const noMoreGroups = followGroups(groups, hub, (group) => stream.send('group', () => groupShape(group, hub)));
  const noMoreLinks = hub.onLink((link) => stream.send('link', () => linkShape(link)));
  return () => {
    noMoreChanges();
    noMoreGroups();
    noMoreLinks();
  };
}
