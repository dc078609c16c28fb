import { type Check, many, odd } from '../model/check.ts';
import type { DaemonSeen } from './seen.ts';

/** Of domains told one by one. */
const mostDomains = 5;

/** Phones that log in well, and ask for everything in a domain that is not ours: they are answered 404. */
export const unservedDomains: Check<DaemonSeen> = {
  name: 'unserved-domains',
  look: ({ unservedDomains: all }) =>
    [...all]
      .sort((a, b) => b.count - a.count)
      .slice(0, mostDomains)
      .map(({ domain, by, source, count, lastAt }) =>
        odd(
          `phones ask in ${domain}, which is not served: ${many(count, 'time')} since the start, the last ` +
            `${new Date(lastAt).toISOString()} by ${by ?? 'somebody'} at ${source}`,
          `is it another name or address of your PBX: aliases: [${domain}] and lamplighter reload; is it the domain of your ` +
            'users: domain. Else correct the phone',
        ),
      ),
};
