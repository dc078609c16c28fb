import type { EventPackage } from '../event-package.ts';
import { maxPublishBytes, parseDialogInfo } from './parse.ts';
import { renderDialogs } from './render.ts';
import { mediaType } from './words.ts';

/** The dialogs of an extension (RFC 4235): what a busy-lamp field shows. Full documents only; filters are not served. */
export const dialog: EventPackage = {
  event: 'dialog',
  contentTypes: [mediaType],
  expires: { min: 60, default: 3600, max: 3600 }, // RFC 4235 3.4
  reads: ['dialogs', 'features', 'extension'],
  watchers: 'domain',
  implements: [
    { spec: 'RFC 4235', section: '3.4, 3.5, 3.7, 3.10', status: 'complete' },
    { spec: 'RFC 4235', section: '4.1, full documents', status: 'partial' },
    { spec: 'RFC 4235', section: '5.2', status: 'complete' },
  ],
  eventlist: true,
  maxRequestBytes: 0,
  concerns: ({ topic, aspects }) => {
    const shown = topic === 'features' ? 'dnd' : topic === 'extension' ? 'displayName' : undefined;
    return shown === undefined || aspects.length === 0 || aspects.includes(shown);
  },
  render: renderDialogs,
  maxPublishBytes,
  publish: parseDialogInfo,
};
