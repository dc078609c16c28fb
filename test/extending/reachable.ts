import type { EventPackage } from '../../src/event-packages/event-package.ts';
import type { Change, ResourceView } from '../../src/model/views.ts';

const mediaType = 'text/plain';

/** How many phones a user has registered, and whether he talks: for a wallboard that reads no XML. */
export const reachable: EventPackage = {
  event: 'x-reachable',
  contentTypes: [mediaType],
  expires: { min: 60, default: 3600, max: 3600 },
  reads: ['registration', 'dialogs'],
  concerns,
  watchers: 'domain',
  implements: [{ spec: 'this page', status: 'complete' }],
  leastIntervalMs: 1_000,
  maxRequestBytes: 0,
  render: (view) => ({ bodies: [{ contentType: mediaType, content: textOf(view), covers: 'full' }], shown: [] }),
};

function textOf({ contacts, dialogs }: ResourceView): string {
  return `Phones: ${contacts}\r\nTalking: ${dialogs.length > 0 ? 'yes' : 'no'}\r\n`;
}

/** A phone that only calls itself otherwise alters nothing here. */
function concerns({ topic, aspects }: Change): boolean {
  return topic !== 'registration' || aspects.includes('contacts');
}
