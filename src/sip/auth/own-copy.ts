/**
 * A copy that does not keep the message it was cut from in memory: for texts of strangers that are kept. Any text, where
 * `detached` is for wire text alone: it would fold letters beyond Latin-1 into others.
 */
export function ownCopy(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
