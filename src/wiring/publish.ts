import { Compositor, type CompositorDeps } from '../compositor/compositor.ts';
import type { PublishInterval } from '../compositor/publish.ts';
import type { Config } from '../config/schema.ts';
import { eventPackages } from '../event-packages/index.ts';
import type { Current } from './current.ts';

type Wired = Pick<CompositorDeps, 'clock' | 'random' | 'logger' | 'state' | 'store' | 'apply' | 'grant'>;

/**
 * Publications of one user for one extension, and of all of them for it: a proxy makes one of each call (Kamailio), a phone
 * one of each line. In all.
 */
const limits = { perPublisher: 30, perResource: 60, total: 10_000 };

/** Of one user for one extension: a call is three, and there may be a few at once. */
const pace = { burst: 20, everyMs: 500 };

/** The event state compositor with the admin's settings. */
export function compositorOf(current: Current, wired: Wired): Compositor {
  return new Compositor({
    ...wired,
    packages: eventPackages,
    rightOf: (publisher, resource) => current.now.rights.of(publisher, resource),
    interval: intervalOf(current.config),
    limits,
    pace,
  });
}

export function intervalOf({ publish: { minExpires: min, maxExpires: max } }: Config): PublishInterval {
  return { min, max };
}
