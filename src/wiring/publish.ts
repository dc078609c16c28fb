import { Compositor, type CompositorDeps } from '../compositor/compositor.ts';
import type { PublishRights } from '../config/readings.ts';
import type { Config } from '../config/schema.ts';
import { eventPackages } from '../event-packages/index.ts';

type Wired = Pick<CompositorDeps, 'clock' | 'random' | 'logger' | 'state' | 'store' | 'apply' | 'grant'>;

/**
 * Publications of one user for one extension, and of all of them for it: a proxy makes one of each call (Kamailio), a phone
 * one of each line. In all.
 */
const limits = { perPublisher: 30, perResource: 60, total: 10_000 };

/** Of one user for one extension: a call is three, and there may be a few at once. */
const pace = { burst: 20, everyMs: 500 };

/** The event state compositor with the admin's settings. */
export function compositorOf(config: Config, rights: PublishRights, wired: Wired): Compositor {
  const { minExpires: min, maxExpires: max } = config.publish;
  return new Compositor({
    ...wired,
    packages: eventPackages,
    rightOf: (publisher, resource) => rights.of(publisher, resource),
    interval: { min, max },
    limits,
    pace,
  });
}
