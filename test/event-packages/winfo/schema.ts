import assert from 'node:assert/strict';
import type { XmlElement } from '../../../src/xml/element.ts';
import { validDocument } from '../structure.ts';

/** The structure that the schema of RFC 3858 6 asks for. */
export function validWatcherInfo(xml: string): XmlElement {
  const root = validDocument(
    xml,
    'urn:ietf:params:xml:ns:watcherinfo',
    {
      watcherinfo: { required: ['version', 'state'], children: ['watcher-list'] },
      'watcher-list': { required: ['resource', 'package'], children: ['watcher'] },
      watcher: { required: ['status', 'event', 'id'], optional: ['display-name', 'expiration', 'duration-subscribed'] },
    },
    {
      'watcherinfo@version': /^(0|[1-9]\d*)$/,
      'watcherinfo@state': /^(full|partial)$/,
      'watcher-list@package': /^[\w.-]+$/,
      'watcher@status': /^(pending|active|waiting|terminated)$/,
      'watcher@event': /^(subscribe|approved|deactivated|probation|rejected|timeout|giveup|noresource)$/,
      'watcher@expiration': /^\d+$/,
      'watcher@duration-subscribed': /^\d+$/,
      watcher: /^sip:[^\s<>"]*$/,
    },
  );
  const ids = root.children.flatMap(({ children }) => children.map(({ attributes }) => attributes.get('id')));
  assert.equal(new Set(ids).size, ids.length, `ids are unique: ${ids}`);
  return root;
}
