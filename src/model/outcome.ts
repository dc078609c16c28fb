/** An expected "no": a value, never thrown. */
export interface Refusal {
  /** Stable and machine readable, kebab-case: `self-forward`, `external-target`, `not-well-formed`, … */
  readonly code: string;
  /** For the admin or the caller of the API; holds no secret. */
  readonly message: string;
  /** The SIP status that says the same, where the refusal can end in a SIP answer. */
  readonly status?: number;
}

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

export function granted<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function refused<T = never>(code: string, message: string, status?: number): Outcome<T> {
  return { ok: false, refusal: status === undefined ? { code, message } : { code, message, status } };
}
