import type { Route } from '../route.ts';
import { agentRoutes } from './agents.ts';
import { auditRoutes } from './audit.ts';
import { checkSyncRoutes } from './check-sync.ts';
import { checkRoutes } from './checks.ts';
import { configRoutes } from './config.ts';
import { documentRoutes } from './document.ts';
import { eventRoutes } from './events.ts';
import { extensionRoutes } from './extensions.ts';
import { featureRoutes } from './features.ts';
import { groupRoutes } from './groups.ts';
import { probeRoutes, statusRoutes } from './health.ts';
import { logLevelRoutes } from './log-level.ts';
import { metricsRoutes } from './metrics.ts';
import { phoneRoutes } from './phones.ts';
import { profileRoutes } from './profiles.ts';
import { provisionRoutes } from './provision.ts';
import { publicationRoutes } from './publications.ts';
import { pushRoutes } from './push.ts';
import { rpcRoutes } from './rpc.ts';
import { setupRoutes } from './setup.ts';
import { simulatorRoutes } from './simulator.ts';
import { subscriptionRoutes } from './subscriptions.ts';
import { traceRoutes } from './trace.ts';
import { watchedRoutes } from './watched.ts';
import { wayRoutes } from './ways.ts';

/** Every route that is declared (src/ops/route.ts), in the order of the documentation. */
export const routes: readonly Route[] = [
  ...statusRoutes,
  ...checkRoutes,
  ...extensionRoutes,
  ...featureRoutes,
  ...agentRoutes,
  ...subscriptionRoutes,
  ...eventRoutes,
  ...traceRoutes,
  ...phoneRoutes,
  ...provisionRoutes,
  ...watchedRoutes,
  ...pushRoutes,
  ...checkSyncRoutes,
  ...publicationRoutes,
  ...groupRoutes,
  ...profileRoutes,
  ...auditRoutes,
  ...wayRoutes,
  ...simulatorRoutes,
  ...setupRoutes,
  ...rpcRoutes,
  ...probeRoutes,
  ...metricsRoutes,
  ...logLevelRoutes,
  ...configRoutes,
  ...documentRoutes,
];
