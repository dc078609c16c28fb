import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import { agentPhases } from '../../model/agent.ts';
import type { Outcome } from '../../model/outcome.ts';
import { printable } from '../answers.ts';
import type { SimulatorHand } from '../deps.ts';
import { type Route, route } from '../route.ts';

const ext = z.string({ error: 'expected a string: extension numbers are JSON strings' }).min(1).max(64);
const id = z
  .string({ error: 'expected the id that call answered' })
  .min(1)
  .max(64)
  .describe('The call, as `call` answered it.');
const by = ext.describe('The extension that does it.');
const device = z.strictObject({
  uri: z.string().min(1).max(1_000),
  userAgent: z.string().max(256).nullable().default(null),
  via: z.string().max(1_000).optional(),
});
const count = z.int().min(0).max(9999);
const text = z.string().max(256);

const noSimulator = { code: 'no-simulator', message: 'the PBX is a real one: call with its phones' };
const refusals: Readonly<Record<string, ContentfulStatusCode>> = {
  'no-simulator': 404,
  'unknown-extension': 404,
  'unknown-call': 404,
  'wrong-state': 409,
};

const done = z.strictObject({ ok: z.literal(true) });
const begun = z.strictObject({ id: z.string() }).describe('The call.');

/** One thing to do to the simulated PBX. */
function action<B extends z.ZodType>(
  name: string,
  about: string,
  body: B,
  run: (hand: SimulatorHand, body: z.output<B>) => Outcome<object | null> | Promise<Outcome<object | null>>,
  schema: z.ZodType = done,
): Route {
  return route({
    method: 'POST',
    path: `/api/v1/simulator/${name}`,
    role: 'operate',
    rpc: `simulator.${name}`,
    tag: 'Simulator',
    about,
    body,
    answers: { 200: { about: 'It was done.', schema } },
    refusals,
    run: async (ask, { simulator }) => {
      if (simulator === null) return ask.no(noSimulator);
      const given = await ask.body();
      if (!given.ok) return ask.no(given.refusal);
      const outcome = await run(simulator, given.value);
      if (outcome.ok) return ask.c.json(outcome.value ?? { ok: true });
      return ask.no({ code: outcome.refusal.code, message: outcome.refusal.message });
    },
  });
}

const actions: readonly Route[] = [
  action(
    'call',
    'A call begins to ring.',
    z
      .strictObject({
        from: ext.describe('Who calls.'),
        to: ext.describe('Who is called.'),
        fromName: text.optional().describe('The name of who calls.'),
      })
      .meta({ examples: [{ from: '1001', to: '1002' }] }),
    (hand, { from, to, fromName }) => hand.call(from, to, fromName),
    begun,
  ),
  action('answer', 'It is answered.', ofCall({ id }), (hand, body) => hand.answer(body.id)),
  action('hold', 'It is held.', ofCall({ id, by }), (hand, body) => hand.hold(body.id, body.by)),
  action('resume', 'It is taken back.', ofCall({ id, by }), (hand, body) => hand.resume(body.id, body.by)),
  action('hangup', 'It ends.', ofCall({ id }), (hand, body) => hand.hangup(body.id)),
  action(
    'register',
    'A phone comes or goes.',
    z
      .strictObject({ ext, registered: z.boolean().describe('Whether it is there.'), device: device.optional() })
      .meta({ examples: [{ ext: '1001', registered: true }] }),
    (hand, body) => hand.register(body.ext, body.registered, body.device),
  ),
  action(
    'mailbox',
    'Messages wait.',
    z
      .strictObject({ ext, new: count.describe('New ones.'), old: count.describe('Old ones.') })
      .meta({ examples: [{ ext: '1001', new: 1, old: 0 }] }),
    (hand, body) => hand.mailbox(body.ext, { new: body.new, old: body.old }),
  ),
  action(
    'agent',
    'An agent changes his state at the PBX.',
    z
      .strictObject({ ext, state: z.enum(agentPhases), reason: text.nullish() })
      .meta({ examples: [{ ext: '1001', state: 'ready' }] }),
    (hand, body) => hand.agent(body.ext, { phase: body.state, reason: body.reason ?? null }),
  ),
];

function ofCall<S extends z.core.$ZodShape>(shape: S) {
  const example = Object.fromEntries(Object.keys(shape).map((key) => [key, key === 'id' ? 'call-1' : '1001']));
  return z.strictObject(shape).meta({ examples: [example] });
}

const known = actions.map(({ path }) => path.slice(path.lastIndexOf('/') + 1));

export const simulatorRoutes: readonly Route[] = [
  ...actions,
  route({
    method: 'POST',
    path: '/api/v1/simulator/{action}',
    role: 'operate',
    rpc: null,
    tag: 'Simulator',
    about: 'Answers which actions there are.',
    params: z.object({
      action: z
        .string()
        .describe('Anything else.')
        .meta({ examples: ['transfer'] }),
    }),
    answers: {},
    refusals: { 'no-simulator': 404, 'unknown-action': 404 },
    run: (ask, { simulator }) => {
      if (simulator === null) return ask.no(noSimulator);
      const message = `${printable(ask.path.action)} is none of ${known.join(', ')}`;
      return ask.no({ code: 'unknown-action', message });
    },
  }),
];
