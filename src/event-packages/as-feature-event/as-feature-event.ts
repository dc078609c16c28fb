import type { EventPackage } from '../event-package.ts';
import { parseRequest } from './parse.ts';
import { renderFeatures } from './render.ts';
import { bodyType, multipartType } from './words.ts';

/**
 * Device feature key synchronisation: do not disturb and call forwarding, told to the phone's own keys and wished by
 * them. No public specification; the forms are those that open implementations and public traces show.
 */
export const asFeatureEvent: EventPackage = {
  event: 'as-feature-event',
  contentTypes: [bodyType],
  expires: { min: 60, default: 3600, max: 3600 },
  reads: ['features'], // a feature given to the user, or taken away, is one of these changes too
  watchers: 'owner', // who sees another's forward target knows where he is
  implements: [
    { spec: 'RFC 6665', section: '5.4', status: 'complete' },
    { spec: 'RFC 2046', section: '5.1.3', status: 'complete' },
    { spec: 'ECMA-323', section: 'do not disturb and forwarding, as phones send and read them', status: 'partial' },
  ],
  rate: 'none', // the change is what the key in the user's hand waits for
  maxRequestBytes: 8192,
  render: renderFeatures,
  requestTypes: [bodyType, multipartType],
  request: parseRequest,
};
