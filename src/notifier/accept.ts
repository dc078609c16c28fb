import { rangeFor, widthOf } from '../model/media-range.ts';

/**
 * Chooses what a phone is sent (RFC 6665 4.1.2.1). The phone's own order decides, each type standing where its most specific
 * range does, and the package's between types of one wildcard. Null: the phone takes nothing we can write (406). A container
 * such as `multipart/mixed` names no document and plays no part.
 *
 * @param accept media ranges as `readAccept` gives them; null where the header is absent, empty where it names nothing acceptable
 * @param types what the package writes, its default first
 */
export function negotiate(accept: readonly string[] | null, types: readonly [string, ...string[]]): string | null {
  if (accept === null) return types[0];
  for (const range of accept) {
    const at = types.indexOf(range);
    if (at >= 0) return types[at] ?? null; // not `range`: it is a piece of a whole message
    if (widthOf(range) > 0) return mostWanted(accept, types);
  }
  return null;
}

/** Where there are wildcards. Each type is looked for once, however many of them there are. */
function mostWanted(accept: readonly string[], types: readonly string[]): string | null {
  let wanted: string | null = null;
  let before = accept.length;
  for (const type of types) {
    const at = rangeFor(type, accept);
    if (at < 0 || at >= before) continue;
    wanted = type;
    before = at;
  }
  return wanted;
}
