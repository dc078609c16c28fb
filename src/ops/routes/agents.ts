import { z } from 'zod';
import { agentPhases } from '../../model/agent.ts';
import { extParam } from '../params.ts';
import { type Route, route } from '../route.ts';
import { agentSchema } from '../schemas.ts';
import { agentShape } from '../shapes.ts';
import { statusFor, wishRefusals } from '../wish-refusals.ts';
import { extensionRefusals, viewOr } from './extensions.ts';
import { originOf } from './features.ts';

/** The shape of an agent as the API answers it, so that what was read can be sent back. */
const wishBody = z
  .strictObject({
    state: z
      .enum([...agentPhases, 'loggedOn'], { error: `expected one of ${agentPhases.join(', ')}, loggedOn` })
      .describe('`loggedOn`: who is logged off becomes ready, all others stay what they are.'),
    reason: z.string({ error: 'expected a string' }).max(256).nullish().describe('Why not ready.'),
  })
  .meta({ examples: [{ state: 'notReady', reason: 'lunch' }] });

export const agentRoutes: readonly Route[] = [
  route({
    method: 'PUT',
    path: '/api/v1/extensions/{ext}/agent',
    role: 'operate',
    rpc: 'agents.set',
    tag: 'Features',
    about: "Wishes for an agent's state as his phone does; answers what the PBX then holds.",
    params: z.object({ ext: extParam }),
    body: wishBody,
    answers: { 200: { about: 'What the PBX holds now; null: he is no agent.', schema: agentSchema.nullable() } },
    refusals: { ...extensionRefusals, ...wishRefusals },
    beside: z.object({ agent: agentSchema.nullable().describe('What stands.') }),
    run: async (ask, deps) => {
      const view = viewOr(ask.c, ask.path.ext, deps);
      if (view instanceof Response) return view;
      const body = await ask.body();
      if (!body.ok) return ask.no(body.refusal, { agent: agentShape(view.agent ?? null) });
      const { state: phase, reason = null } = body.value;
      const origin = originOf(ask.c);
      const { refusal, state } = await deps.grantAgent({ aor: view.aor, feature: 'agent', phase, reason, origin });
      const agent = agentShape(state);
      return refusal === null ? ask.c.json(agent) : ask.no({ ...refusal, status: statusFor(refusal) }, { agent });
    },
  }),
];
