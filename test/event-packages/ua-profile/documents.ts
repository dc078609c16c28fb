import type { ProfileDocument, ProfileShelf } from '../../../src/model/profile-document.ts';

export function document(parts: Partial<ProfileDocument> = {}): ProfileDocument {
  return {
    kind: 'device',
    domain: 'lamplighter.test',
    name: '001565112233',
    contentType: 'text/plain',
    content: 'account.1.enable = 1\n',
    etag: 'e1',
    readers: 'everybody',
    effectiveBy: null,
    updatedAt: 0,
    ...parts,
  };
}

export function shelf(parts: Partial<ProfileShelf> = {}): ProfileShelf {
  return {
    user: null,
    device: null,
    localNetwork: null,
    models: new Map(),
    deviceName: '001565112233',
    delivery: { url: null, prefer: 'document', effectiveBy: null },
    ...parts,
  };
}
