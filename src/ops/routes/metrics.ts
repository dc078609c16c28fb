import { type Route, route } from '../route.ts';

/** For Prometheus. */
export const metricsRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/metrics',
    role: 'read',
    rpc: null,
    tag: 'Health',
    about: 'Everything that is counted, for Prometheus (docs/metrics.md).',
    answers: { 200: { about: 'The text format of Prometheus.', type: 'text/plain' } },
    refusals: { 'no-metrics': 404 },
    run: async ({ c, no }, { metrics }) => {
      if (metrics === undefined) return no({ code: 'no-metrics', message: 'this server counts nothing' });
      return c.body(await metrics.text(), 200, { 'Content-Type': metrics.contentType });
    },
  }),
];
