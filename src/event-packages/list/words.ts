/** RFC 4662 5.1 and 5. */
export const relatedType = 'multipart/related';
export const rlmiType = 'application/rlmi+xml';
export const rlmiNamespace = 'urn:ietf:params:xml:ns:rlmi';

/** RFC 4826 3: what a phone's own list is written in. */
export const resourceListsType = 'application/resource-lists+xml';
export const resourceListsNamespace = 'urn:ietf:params:xml:ns:resource-lists';
/** RFC 5367 3: the list may be one part of several. */
export const mixedType = 'multipart/mixed';
