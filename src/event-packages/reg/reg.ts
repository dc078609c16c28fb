import type { EventPackage } from '../event-package.ts';
import { mediaType, renderRegistration } from './render.ts';

/** Where a user is registered (RFC 3680), as his PBX says. */
export const reg: EventPackage = {
  event: 'reg',
  contentTypes: [mediaType],
  expires: { min: 60, default: 3761, max: 3761 }, // RFC 3680 4.4
  reads: ['registration'],
  concerns: ({ aspects }) => aspects.includes('contacts'), // which phones they are is not told
  watchers: 'owner', // RFC 3680 4.6: contacts tell where he is
  implements: [
    { spec: 'RFC 3680', section: '4.4, 4.6, 4.10', status: 'complete' },
    { spec: 'RFC 3680', section: '5, full documents of what the PBX tells', status: 'partial' },
  ],
  leastIntervalMs: 5000, // RFC 3680 4.10
  maxRequestBytes: 0, // RFC 3680 4.3: a filter, which may be ignored
  render: renderRegistration,
};
