export const mediaType = 'application/dialog-info+xml';
export const namespace = 'urn:ietf:params:xml:ns:dialog-info';

/** The virtual dialog that shows do not disturb, with the revision of the feature: what ended never comes back (RFC 4235 3.7.1). */
export const dndPrefix = 'dnd-';
/** The virtual dialog, terminated for ever, for phones that want one while nobody calls. */
export const idleId = 'idle';

/** RFC 3323 4.1.1.3: who withholds his identity. */
export const anonymousUri = 'sip:anonymous@anonymous.invalid';
export const anonymousName = 'Anonymous';
