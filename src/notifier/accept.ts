/**
 * Chooses what a phone is sent (RFC 6665 4.1.2.1). The phone's own order, by q and then as written, decides between exact names, the package's
 * between wildcards. Null: the phone takes nothing we can write (406). A container such as `multipart/mixed` names no
 * document and plays no part.
 *
 * @param accept lower-case media ranges; null where the header is absent, empty where it names nothing acceptable
 * @param types what the package writes, its default first
 */
export function negotiate(accept: readonly string[] | null, types: readonly [string, ...string[]]): string | null {
  if (accept === null) return types[0];
  for (const range of accept) {
    const at = types.indexOf(range);
    if (at >= 0) return types[at] ?? null; // not `range`: it is a piece of a whole message
  }
  for (const range of accept) {
    const wild = types.find((type) => range === '*/*' || (range.endsWith('/*') && type.startsWith(range.slice(0, -1))));
    if (wild !== undefined) return wild;
  }
  return null;
}
