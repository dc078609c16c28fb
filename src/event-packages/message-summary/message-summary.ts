import type { EventPackage } from '../event-package.ts';
import { maxPublishBytes, parseSummary } from './parse.ts';
import { mediaType, renderSummary } from './render.ts';

/** Messages waiting in a user's mailbox (RFC 3842): the lamp and the counts of the message key. */
export const messageSummary: EventPackage = {
  event: 'message-summary',
  contentTypes: [mediaType],
  expires: { min: 60, default: 3600, max: 86_400 }, // RFC 3842 3.4: an hour, and hours or days are usual
  reads: ['mailbox'],
  watchers: 'owner', // RFC 3842 3.7: messages are private
  implements: [
    { spec: 'RFC 3842', section: '3.3, 3.4, 3.7, 3.8, 3.11', status: 'complete' },
    { spec: 'RFC 3842', section: '3.5, 5.2, voice messages without their headers', status: 'partial' },
  ],
  eventlist: true,
  maxRequestBytes: 0, // RFC 3842 3.3: a body is a filter, which may be ignored
  render: renderSummary,
  maxPublishBytes,
  publish: parseSummary,
};
