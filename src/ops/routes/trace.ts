import { setImmediate as turnOver } from 'node:timers/promises';
import { z } from 'zod';
import type { TraceDesk, TracedMessage, TraceFilter } from '../../model/trace.ts';
import { roleRefusal } from '../access/role-guard.ts';
import { printable } from '../answers.ts';
import type { OpsDeps } from '../deps.ts';
import { extQuery, wholeNumber } from '../params.ts';
import { type Ask, type Route, route } from '../route.ts';
import { tracedSchema, traceShape } from '../traced.ts';
import { aorAsked } from './extensions.ts';

const tag = 'Trace';
const mostMessages = 2_000;

const filterQuery = extQuery.extend({
  subscription: z
    .string()
    .regex(/^\d{1,15}$/, 'expected the number of a subscription')
    .transform(Number)
    .optional()
    .describe('Only of this subscription, as the list of subscriptions numbers it.')
    .meta({ type: 'integer', pattern: undefined, minimum: 1, examples: [1] }),
  callId: z
    .string()
    .min(1)
    .max(1_024)
    .optional()
    .describe('Only with this Call-ID.')
    .meta({ examples: ['8f3a2c@192.0.2.21'] }),
});

type Query = z.output<typeof filterQuery>;

const refusals = {
  'no-trace': 404,
  'unknown-extension': 404,
  'unknown-subscription': 404,
  'ambiguous-extension': 409,
} as const;

export const traceRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/trace',
    role: 'read',
    rpc: 'trace.list',
    tag,
    about: 'The last SIP messages, oldest first, without their secrets.',
    query: filterQuery.extend({
      limit: wholeNumber(1, mostMessages, 200).describe(
        `The newest so many, up to ${mostMessages}; of very long ones fewer, 4 MB in all.`,
      ),
    }),
    answers: { 200: { about: 'The messages.', schema: z.array(tracedSchema) } },
    refusals: { ...refusals, 'too-many-clients': 503 },
    run: async (ask, deps) => {
      const { c } = ask;
      const leave = deps.traceLists.take();
      if (leave === null) {
        c.header('Retry-After', '10');
        return ask.no({ code: 'too-many-clients', message: 'too many clients list messages; wait a little' });
      }
      const isMethod = c.env.rpc !== undefined;
      // Whoever does not read has his list in memory; JSON-RPC takes each at once, and bounds what it holds itself.
      if (!isMethod) c.env.outgoing.once('close', leave);
      try {
        const asked = await askedFor(ask, deps);
        if (asked instanceof Response) return asked;
        c.header('Content-Type', 'application/json');
        if (c.req.method === 'HEAD') return c.body(null);
        return c.body(streamOf(listOf(await asked.desk.list(asked.filter, ask.query.limit))));
      } finally {
        if (isMethod) leave();
      }
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/trace/stream',
    role: 'read',
    rpc: null,
    tag,
    about:
      'SIP messages as they pass (server-sent events). `message`: one; `missed`: so many passed too fast. `Last-Event-ID` resumes.',
    query: filterQuery.extend({
      lastEventId: z
        .string()
        .max(64)
        .optional()
        .describe('For those that cannot send the header.')
        .meta({ examples: ['1769847330000-42'] }),
    }),
    answers: { 200: { about: 'Without end.', type: 'text/event-stream', schema: tracedSchema } },
    refusals: { ...refusals, 'too-many-clients': 503 },
    run: async (ask, deps) => {
      const { c } = ask;
      const asked = await askedFor(ask, deps);
      if (asked instanceof Response) return asked;
      c.header('Content-Type', 'text/event-stream; charset=utf-8');
      // COMPAT(nginx): it would hold events back until its buffer is full.
      c.header('X-Accel-Buffering', 'no');
      if (c.req.method === 'HEAD') return c.body(null);
      const lastId = c.req.header('last-event-id') ?? ask.query.lastEventId ?? null;
      const body = deps.traceStreams.open(asked.desk, asked.filter, lastId);
      if (body !== null) return c.body(body);
      c.header('Content-Type', 'application/json');
      c.header('Retry-After', '10');
      return ask.no({ code: 'too-many-clients', message: 'too many clients follow the messages; close one' });
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/trace.pcap',
    role: 'read',
    rpc: null,
    tag,
    about: 'The same as a capture file for Wireshark. That of everything is for admins.',
    query: filterQuery,
    answers: { 200: { about: 'The file.', type: 'application/vnd.tcpdump.pcap' } },
    refusals: { ...refusals, 'role-too-small': 403 },
    run: async (ask, deps) => {
      const { c } = ask;
      const asked = await askedFor(ask, deps);
      if (asked instanceof Response) return asked;
      const lacking = Object.keys(asked.filter).length === 0 ? roleRefusal(c, 'admin') : null;
      if (lacking !== null) return lacking;
      c.header('Content-Type', 'application/vnd.tcpdump.pcap');
      c.header('Content-Disposition', 'attachment; filename="lamplighter.pcap"');
      if (c.req.method === 'HEAD') return c.body(null);
      return c.body(streamOf(asked.desk.pcap(asked.filter)));
    },
  }),
];

interface Asked {
  readonly desk: TraceDesk;
  readonly filter: TraceFilter;
}

/** Which messages are meant; the answer instead where there is nothing that could have any. */
async function askedFor(ask: Ask<unknown, Query, unknown>, deps: OpsDeps): Promise<Asked | Response> {
  const { c, query, no } = ask;
  const { trace: desk } = deps;
  if (desk === undefined) return no({ code: 'no-trace', message: 'no messages are kept: trace.keep is 0' });
  const { ext, subscription, callId } = query;
  const aor = aorAsked(c, ext, deps);
  if (aor instanceof Response) return aor;
  const filter = {
    ...(aor === undefined ? {} : { aor }),
    ...(subscription === undefined ? {} : { subscription }),
    ...(callId === undefined ? {} : { callId }),
  };
  // Who is no extension of the PBX may be a phone with a wrong number, and one that has ended may be asked for just then.
  if (aor !== undefined && !deps.hub.view(aor)?.known && (await desk.list({ aor }, 1)).length === 0) {
    return no({ code: 'unknown-extension', message: `there is no ${printable(ext ?? '')}, nor a message about it` });
  }
  if (subscription !== undefined && !deps.subscriptions.list().some(({ id }) => id === subscription)) {
    const isOver = (await desk.list({ subscription }, 1)).length > 0;
    if (!isOver) return no({ code: 'unknown-subscription', message: `there is no subscription ${subscription}` });
  }
  return { desk, filter };
}

/** Of an answer; bytes. */
const pieceBytes = 64 * 1024;

/** An array in pieces: written at once, megabytes of it would keep all others waiting. */
async function* listOf(messages: readonly TracedMessage[]): AsyncIterable<Uint8Array> {
  let piece = '[';
  for (const [index, message] of messages.entries()) {
    piece += `${index === 0 ? '' : ','}${JSON.stringify(traceShape(message))}`;
    if (piece.length < pieceBytes) continue;
    yield Buffer.from(piece);
    piece = '';
    await turnOver();
  }
  yield Buffer.from(`${piece}]`);
}

/** Made as fast as the client takes it. */
function streamOf(pieces: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => {
      await iterator.return?.();
    },
  });
}
