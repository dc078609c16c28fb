export const pidfType = 'application/pidf+xml';
export const xpidfType = 'application/xpidf+xml';

/** RFC 3863, RFC 4479, RFC 4480. COMPAT(several): phones look for the prefixes `dm` and `rpid`, not for namespaces. */
export const namespaces = {
  xmlns: 'urn:ietf:params:xml:ns:pidf',
  'xmlns:dm': 'urn:ietf:params:xml:ns:pidf:data-model',
  'xmlns:rpid': 'urn:ietf:params:xml:ns:pidf:rpid',
} as const;

/** COMPAT(Polycom): the old sets write this line themselves; no reader fetches what it names. */
export const xpidfDoctype = '<!DOCTYPE presence PUBLIC "-//IETF//DTD RFCxxxx XPIDF 1.0//EN" "xpidf.dtd">';
