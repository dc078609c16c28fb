/*
 * SIP text travels through this code as Latin-1 strings: one character is one byte of the wire, so whatever a phone
 * sent (UTF-8, Latin-1, broken) is echoed byte for byte. These functions are the only bridge to real text.
 */

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Every other character takes more than one byte. A regular expression costs five times as much for a document. */
function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

/** Wire text as people's text: UTF-8 where the bytes are that, Latin-1 otherwise. For XML, logs and comparisons. */
export function toText(wire: string): string {
  if (isAscii(wire)) return wire;
  try {
    return utf8.decode(Buffer.from(wire, 'latin1'));
  } catch {
    return wire; // COMPAT(old phones): a Latin-1 display name; each byte is its character
  }
}

/** People's text as wire text (UTF-8 bytes), for header values made of names that did not come off the wire. */
export function fromText(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/**
 * Without SP and HTAB at both ends. `String.trim` would also take byte A0, which ends many a UTF-8 letter (`à`), and so
 * break what must go back as it came.
 */
export function trimmed(wire: string): string {
  let start = 0;
  let end = wire.length;
  while (start < end && isBlank(wire.charCodeAt(start))) start++;
  while (end > start && isBlank(wire.charCodeAt(end - 1))) end--;
  return start === 0 && end === wire.length ? wire : wire.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/**
 * A copy that does not keep the whole message it was cut from in memory. For values that outlive their message. `join` writes
 * its parts into a new text, for half of what the way through a buffer costs; of one part it would give that part itself.
 */
export function detached(wire: string): string {
  return wire.length < 2 ? wire : [wire.slice(0, 1), wire.slice(1)].join('');
}
