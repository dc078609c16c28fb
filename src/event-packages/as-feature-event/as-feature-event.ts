import type { EventPackage } from '../event-package.ts';
import { parsePublication, parseRequest } from './parse.ts';
import { renderFeatures } from './render.ts';
import { bodyType, multipartType } from './words.ts';

/**
 * Device feature key synchronisation: do not disturb, call forwarding and what an agent is, told to the phone's own keys
 * and wished by them. No public specification; the forms are those that open implementations and public traces show.
 */
export const asFeatureEvent: EventPackage = {
  event: 'as-feature-event',
  contentTypes: [bodyType],
  expires: { min: 60, default: 3600, max: 3600 },
  reads: ['features', 'agent'], // a feature given to the user, or taken away, is one of these changes too
  watchers: 'owner', // who sees another's forward target knows where he is
  implements: [
    { spec: 'RFC 6665', section: '5.4', status: 'complete' },
    { spec: 'RFC 2046', section: '5.1.3', status: 'complete' },
    {
      spec: 'ECMA-323',
      section: 'do not disturb, forwarding and agent states, as phones send and read them',
      status: 'partial',
    },
  ],
  rate: 'none', // the change is what the key in the user's hand waits for
  maxRequestBytes: 8192,
  render: renderFeatures,
  requestTypes: [bodyType, multipartType],
  request: parseRequest,
  publishTypes: [bodyType, multipartType],
  maxPublishBytes: 8192,
  publish: parsePublication,
};
