import type { EventPackage } from '../event-package.ts';
import { mediaType, renderWatchers } from './render.ts';

/**
 * Who watches a user (RFC 3857), for one package: `dialog` gives `dialog.winfo`. The template is not applied to itself, so
 * `dialog.winfo.winfo` is an unknown package.
 */
export function winfoOf(about: string): EventPackage {
  return {
    event: `${about}.winfo`,
    contentTypes: [mediaType],
    expires: { min: 60, default: 3600, max: 3600 }, // RFC 3857 4.4
    reads: [],
    about,
    watchers: 'owner', // RFC 3857 4.6: the user himself, and nobody else unasked
    implements: [
      { spec: 'RFC 3857', section: '4, all watchers are active: none has to wait for approval', status: 'partial' },
      { spec: 'RFC 3858', section: '3, 4, full documents', status: 'partial' },
    ],
    leastIntervalMs: 5000, // RFC 3857 4.10
    maxRequestBytes: 0,
    render: (_, request) => renderWatchers(about, request),
  };
}
