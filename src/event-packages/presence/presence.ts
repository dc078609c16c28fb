import type { Topic } from '../../model/views.ts';
import type { EventPackage } from '../event-package.ts';
import { maxPublishBytes, parsePresence } from './parse.ts';
import { renderPresence } from './render.ts';
import { pidfType, xpidfType } from './words.ts';

/** What of a topic can be seen here; all of it where nothing stands. */
const aspectShown: Readonly<Partial<Record<Topic, string>>> = {
  features: 'dnd',
  registration: 'reachable', // how many, and where, is nobody's business
  extension: 'known',
};

/** Presence (RFC 3856) of an extension, made from its calls, do not disturb and registrations. Full documents only. */
export const presence: EventPackage = {
  event: 'presence',
  contentTypes: [pidfType, xpidfType],
  expires: { min: 60, default: 3600, max: 3600 }, // RFC 3856 6.4
  reads: ['dialogs', 'features', 'registration', 'extension', 'published'],
  watchers: 'domain',
  // The profile's rate and not RFC 3856 6.10's five seconds: phones use presence for lamps, and ringing would be missed.
  implements: [
    { spec: 'RFC 3856', section: '6.3, 6.4, 6.6, 6.7, 6.8', status: 'complete' },
    { spec: 'RFC 3863', section: '4', status: 'complete' },
    { spec: 'RFC 4479', section: '3.1, person', status: 'partial' },
    { spec: 'RFC 4480', section: '3.2, activities', status: 'partial' },
  ],
  eventlist: true,
  maxRequestBytes: 0,
  concerns: ({ topic, aspects }) => {
    const shown = aspectShown[topic];
    return shown === undefined || aspects.length === 0 || aspects.includes(shown);
  },
  render: renderPresence,
  maxPublishBytes,
  publish: parsePresence,
};
