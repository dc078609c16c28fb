import { performance } from 'node:perf_hooks';
import { createMiddleware } from 'hono/factory';
import { Grid, otherName, Spread } from '../../model/tally.ts';
import type { OpsEnv } from '../answers.ts';

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Routes are those declared; this is for what we overlook. */
const mostRoutes = 400;

/** What the HTTP server counts of itself. */
export class HttpMeter {
  /** By declared route and status. */
  readonly requests = new Grid([], mostRoutes);
  readonly seconds = new Spread(seconds);

  /** Before everything else: what the guards refuse counts too. */
  readonly count = createMiddleware<OpsEnv>(async (c, next) => {
    const began = performance.now();
    await next();
    const route = c.get('route');
    this.requests.add(route ?? otherName, c.res.status);
    this.seconds.add((performance.now() - began) / 1000);
  });
}
