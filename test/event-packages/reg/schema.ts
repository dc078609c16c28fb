import assert from 'node:assert/strict';
import type { XmlElement } from '../../../src/xml/element.ts';
import { validDocument } from '../structure.ts';

/** The structure that the schema of RFC 3680 5.4 asks for. */
export function validRegInfo(xml: string): XmlElement {
  const root = validDocument(
    xml,
    'urn:ietf:params:xml:ns:reginfo',
    {
      reginfo: { required: ['version', 'state'], children: ['registration'] },
      registration: { required: ['aor', 'id', 'state'], children: ['contact'] },
      contact: {
        required: ['state', 'event', 'id'],
        optional: ['duration-registered', 'expires', 'retry-after', 'q', 'callid', 'cseq'],
        children: ['uri', 'display-name', 'unknown-param'],
      },
      uri: { required: [] },
    },
    {
      'reginfo@version': /^(0|[1-9]\d*)$/,
      'reginfo@state': /^(full|partial)$/,
      'registration@aor': /^sip:[^\s<>"]*@[a-z0-9.-]+$/,
      'registration@state': /^(init|active|terminated)$/,
      'contact@state': /^(active|terminated)$/,
      'contact@event': /^(registered|created|refreshed|shortened|expired|deactivated|probation|unregistered|rejected)$/,
      uri: /^sips?:[!-~]+$/i,
    },
  );
  const contacts = root.children.flatMap(({ children }) => children);
  for (const { children } of contacts) assert.equal(children.filter(({ name }) => name === 'uri').length, 1);
  const ids = contacts.map(({ attributes }) => attributes.get('id'));
  assert.equal(new Set(ids).size, ids.length, `ids are unique: ${ids}`);
  return root;
}
