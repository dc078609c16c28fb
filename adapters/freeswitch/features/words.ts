/**
 * What may be repeated to a phone by way of FreeSWITCH: it neither escapes nor bounds what it writes into its XML, and dies
 * of more than 1,024 bytes (COMPAT FreeSWITCH 1.11: `write_csta_xml_chunk`).
 */
export const safeValue = /^[0-9A-Za-z*#+._@-]{1,32}$/;

/** A sofia profile. */
export const safeProfile = /^[0-9A-Za-z_.-]{1,64}$/;

/** What may stand in a key or a value of mod_db and mod_hash, and be dialled by the dialplan of config/freeswitch. */
export const safeTarget = /^[0-9A-Za-z*#+._-]{1,64}$/;

/** `user@domain` as a key of mod_db and mod_hash, or as an argument of `user_data`: no `/`, no blank. */
export const safeAor = /^[0-9A-Za-z*#+._-]{1,64}@[0-9A-Za-z.:[\]_-]{1,128}$/;

const mostRings = 20;

/** A count of rings; undefined for what is none, zero included. More than 20 is 20. */
export function readRings(text: string | undefined): number | undefined {
  const count = /^\d{1,6}$/.test(text ?? '') ? Math.min(Number(text), mostRings) : 0;
  return count > 0 ? count : undefined;
}

/** Seconds as a count of rings, begun ones counted; null for none. */
export function ringsOf(seconds: string | undefined, secondsPerRing: number): number | null {
  const count = /^\d{1,4}$/.test(seconds ?? '') ? Math.ceil(Number(seconds) / secondsPerRing) : 0;
  return count > 0 ? Math.min(count, mostRings) : null;
}

/** Foreign text for a log line: no control characters, at most `most` characters. */
export function printable(text: string, most: number): string {
  const plain = text.replace(/[^\x20-\x7e]/g, '?');
  return plain.length > most ? `${plain.slice(0, most)}…` : plain;
}

/**
 * `user@host:port` of a contact, however FreeSWITCH writes it (`"x" <sip:1001@192.0.2.7:5060;fs_nat=yes>`,
 * `sofia/internal/sip:1001@192.0.2.7:5060`); null where it is none. Two devices never share one.
 */
export function contactAddress(contact: string): string | null {
  const [, user = '', host = '', port = ''] =
    /sips?:([^@<>;?\s]+)@(\[[0-9a-f:.]+\]|[^:;?<>\s\]]+)(?::(\d{1,5}))?/i.exec(contact.slice(0, 1_000)) ?? [];
  return host === '' ? null : `${user}@${host.toLowerCase()}:${port === '' ? '5060' : port}`;
}
