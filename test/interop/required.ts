/** Set in CI: what is missing on the machine is a failure there, not a skip. */
const required = process.env['LAMPLIGHTER_INTEROP'] === 'required';
// The daemon inherits the environment and takes every LAMPLIGHTER_… for a setting: an unknown one ends it.
delete process.env['LAMPLIGHTER_INTEROP'];

/** `reason`: why tests cannot run here; null: they can. The same for `skip`; throws where a skip is not allowed. */
export function orRequired(reason: string | null): string | null {
  if (reason !== null && required) throw new Error(`the interop suite needs: ${reason}`);
  return reason;
}
