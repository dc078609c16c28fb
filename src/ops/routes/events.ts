import { z } from 'zod';
import { userOf } from '../../model/aor.ts';
import type { OpsDeps } from '../deps.ts';
import { followGroups, groupShape } from '../groups.ts';
import { type Route, route } from '../route.ts';
import { changeSchema } from '../schemas.ts';
import { extensionShape, linkShape } from '../shapes.ts';
import type { EventStream } from '../sse.ts';

export const eventRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/events',
    role: 'read',
    rpc: null,
    tag: 'Events',
    about: 'Every change as it happens (server-sent events); `Last-Event-ID` resumes after a break.',
    query: z.strictObject({
      lastEventId: z
        .string()
        .max(64)
        .optional()
        .describe('For those that cannot send the header.')
        .meta({ examples: ['1769847330000-42'] }),
    }),
    answers: { 200: { about: 'Without end.', type: 'text/event-stream', schema: changeSchema } },
    refusals: { 'too-many-clients': 503 },
    run: (ask, { stream }) => {
      const { c } = ask;
      // A HEAD reads no events.
      const lastId = c.req.header('last-event-id') ?? ask.query.lastEventId ?? null;
      // Everybody on this host is `local` where there are no tokens.
      const who = c.get('who') === 'local' ? null : c.get('who');
      const body = c.req.method === 'HEAD' ? null : stream.open(lastId, who);
      if (body === null && c.req.method !== 'HEAD') {
        c.header('Retry-After', '10');
        return ask.no({ code: 'too-many-clients', message: 'too many clients read the events; close one' });
      }
      c.header('Content-Type', 'text/event-stream; charset=utf-8');
      // COMPAT(nginx): it would hold events back until its buffer is full.
      c.header('X-Accel-Buffering', 'no');
      return body === null ? c.body(null) : c.body(body);
    },
  }),
];

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
