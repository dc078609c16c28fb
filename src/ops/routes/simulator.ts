import type { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import { agentPhases } from '../../model/agent.ts';
import type { Outcome } from '../../model/outcome.ts';
import { type OpsContext, type OpsEnv, printable, refuse } from '../answers.ts';
import { readBody } from '../body.ts';
import type { OpsDeps, SimulatorHand } from '../deps.ts';

const ext = z.string({ error: 'expected a string: extension numbers are JSON strings' }).min(1).max(64);
const id = z.string({ error: 'expected the id that call answered' }).min(1).max(64);
const device = z.strictObject({
  uri: z.string().min(1).max(1_000),
  userAgent: z.string().max(256).nullable().default(null),
  via: z.string().max(1_000).optional(),
});
const count = z.int().min(0).max(9999);

const statusOf: Readonly<Record<string, ContentfulStatusCode>> = { 'unknown-extension': 404, 'unknown-call': 404 };

/** One thing to do to the simulated PBX: reads its body, does it, answers. */
type Action = (c: OpsContext, hand: SimulatorHand) => Promise<Response>;

const actions: Readonly<Record<string, Action>> = {
  call: action(z.strictObject({ from: ext, to: ext, fromName: z.string().max(256).optional() }), (hand, body) =>
    hand.call(body.from, body.to, body.fromName),
  ),
  answer: action(z.strictObject({ id }), (hand, body) => hand.answer(body.id)),
  hold: action(z.strictObject({ id, by: ext }), (hand, body) => hand.hold(body.id, body.by)),
  resume: action(z.strictObject({ id, by: ext }), (hand, body) => hand.resume(body.id, body.by)),
  hangup: action(z.strictObject({ id }), (hand, body) => hand.hangup(body.id)),
  register: action(z.strictObject({ ext, registered: z.boolean(), device: device.optional() }), (hand, body) =>
    hand.register(body.ext, body.registered, body.device),
  ),
  mailbox: action(z.strictObject({ ext, new: count, old: count }), (hand, body) =>
    hand.mailbox(body.ext, { new: body.new, old: body.old }),
  ),
  agent: action(
    z.strictObject({ ext, state: z.enum(agentPhases), reason: z.string().max(256).nullish() }),
    (hand, body) => hand.agent(body.ext, { phase: body.state, reason: body.reason ?? null }),
  ),
};

export function simulatorRoutes(app: Hono<OpsEnv>, { simulator }: OpsDeps): void {
  app.post('/api/v1/simulator/:action', (c) => {
    if (simulator === null) return refuse(c, 404, 'no-simulator', 'the PBX is a real one: call with its phones');
    const name = c.req.param('action');
    if (Object.hasOwn(actions, name)) return actions[name]?.(c, simulator) as Promise<Response>;
    const known = Object.keys(actions).join(', ');
    return refuse(c, 404, 'unknown-action', `${printable(name)} is none of ${known}`);
  });
}

function action<T>(
  schema: z.ZodType<T>,
  run: (hand: SimulatorHand, body: T) => Outcome<object | null> | Promise<Outcome<object | null>>,
): Action {
  return async (c, hand) => {
    const body = await readBody(c, schema);
    if (!body.ok) {
      const { code, message, status } = body.refusal;
      return refuse(c, (status ?? 400) as ContentfulStatusCode, code, message);
    }
    const outcome = await run(hand, body.value);
    if (outcome.ok) return c.json(outcome.value ?? { ok: true });
    const { code, message } = outcome.refusal;
    return refuse(c, statusOf[code] ?? 409, code, message);
  };
}
