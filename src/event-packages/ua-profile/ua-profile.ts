import { domainOf } from '../../model/aor.ts';
import { isWanted } from '../../model/media-range.ts';
import { granted, type Outcome, refused } from '../../model/outcome.ts';
import type { ResourceView } from '../../model/views.ts';
import type { EventPackage, SubscribeIntent } from '../event-package.ts';
import { choose, profileType } from './choice.ts';
import { formOf, render } from './render.ts';

const mostRanges = 20;
const longestRange = 100;

/** Profile documents for phones and their users (RFC 6080). */
export const uaProfile: EventPackage = {
  event: 'ua-profile',
  // Documents have whatever type they have; these are the usual ones.
  contentTypes: ['application/xml', 'text/xml', 'text/plain', 'application/url', 'message/external-body'],
  // RFC 6080 6.4: a day, for profiles are rarely changed and phones hear of it.
  expires: { min: 60, default: 86_400, max: 86_400 },
  reads: ['profile'],
  watchers: 'domain',
  params: ['profile-type', 'vendor', 'model', 'version'],
  distinguishedBy: 'profile-type',
  implements: [{ spec: 'RFC 6080', status: 'partial' }],
  // an admin's editor writes a file several times
  leastIntervalMs: 5_000,
  maxRequestBytes: 0, // RFC 6080 6.3: bodies are ignored
  admits,
  render,
};

/** The same with another interval for phones that ask for none; seconds, asked each time. */
export function uaProfileWith(defaultExpires: () => number): EventPackage {
  const { min, max } = uaProfile.expires;
  return {
    ...uaProfile,
    expires: {
      min,
      max,
      get default() {
        return defaultExpires();
      },
    },
  };
}

/**
 * Keeps all of Accept: documents come and go, and each has its own type. Refusals: `profile-type-unknown` (489),
 * `profile-forbidden` (403), `not-acceptable` (406).
 */
function admits(view: ResourceView, { watcher, own, accept, params }: SubscribeIntent): Outcome<string> {
  if (profileType(params, view.profiles) === null) {
    return refused('profile-type-unknown', 'Unknown Profile Type', 489);
  }
  const choice = choose(view.aor, view.profiles, { watcher, own, params });
  if (choice.forbidden) return refused('profile-forbidden', 'Not Your Profile', 403);
  const ranges = kept(accept);
  if (ranges === null) return refused('not-acceptable', 'Not Acceptable', 406);
  if (choice.document === null || choice.document.content === '') return granted(ranges);
  const form = formOf(choice, ranges, Number.POSITIVE_INFINITY, domainOf(view.aor), false);
  return form === null ? refused('not-acceptable', 'Not Acceptable', 406) : granted(ranges);
}

function kept(accept: readonly string[] | null): string | null {
  if (accept === null) return '*/*';
  const ranges = accept.filter((range) => range.length <= longestRange).slice(0, mostRanges);
  return ranges.some(isWanted) ? ranges.join(', ') : null;
}
