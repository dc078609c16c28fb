/**
 * Text of phones, PBXs and clients, fit for a message, a log line or a terminal: control characters, line ends and signs that
 * turn the direction of writing become `?`.
 *
 * @param longest characters that are kept; what is cut off is an `…`.
 */
export function printable(text: string, longest = Number.POSITIVE_INFINITY): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '?');
  return clean.length > longest ? `${clean.slice(0, longest)}…` : clean;
}
