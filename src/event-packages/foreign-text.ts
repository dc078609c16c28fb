/**
 * Text that a stranger wrote, as one line of at most `maxLength` UTF-16 units: control characters and lone surrogates are
 * gone, runs of blanks are one. `''` where nothing is left.
 */
export function foreignText(text: string, maxLength: number): string {
  // Cut before the replacements too: their work is bounded by what is kept.
  const line = withoutControls(text.slice(0, 4 * maxLength).replace(/\s+/g, ' '));
  return withoutControls(line.trim().slice(0, maxLength)).trim(); // the cut may have left half a character
}

function withoutControls(text: string): string {
  return /^[ -~]*$/.test(text) ? text : text.replace(/[\p{Cc}\p{Cs}]/gu, '');
}
