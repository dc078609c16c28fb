import type { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import { agentPhases } from '../../model/agent.ts';
import { type OpsEnv, refuse } from '../answers.ts';
import { readBody } from '../body.ts';
import type { OpsDeps } from '../deps.ts';
import { agentShape } from '../shapes.ts';
import { aorOr, noSuchExtension } from './extensions.ts';
import { originOf, statusFor } from './features.ts';

/** The shape of an agent as the API answers it, so that what was read can be sent back. */
const wishBody = z.strictObject({
  state: z.enum([...agentPhases, 'loggedOn'], { error: `expected one of ${agentPhases.join(', ')}, loggedOn` }),
  reason: z.string({ error: 'expected a string' }).max(256).nullish(),
});

export function agentRoutes(app: Hono<OpsEnv>, deps: OpsDeps): void {
  app.put('/api/v1/extensions/:ext/agent', async (c) => {
    const aor = aorOr(c, c.req.param('ext'), deps);
    if (typeof aor !== 'string') return aor;
    const view = deps.hub.view(aor);
    if (!view?.known) return noSuchExtension(c);
    const body = await readBody(c, wishBody);
    if (!body.ok) {
      const { code, message, status } = body.refusal;
      const agent = agentShape(view.agent ?? null);
      return refuse(c, (status ?? 400) as ContentfulStatusCode, code, message, { agent });
    }
    const { state: phase, reason = null } = body.value;
    const { refusal, state } = await deps.grantAgent({ aor, feature: 'agent', phase, reason, origin: originOf(c) });
    const agent = agentShape(state);
    if (refusal !== null) return refuse(c, statusFor(refusal), refusal.code, refusal.message, { agent });
    return c.json(agent);
  });
}
