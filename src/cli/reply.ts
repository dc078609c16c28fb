/** What the daemon answered. */
export interface Reply {
  readonly status: number;
  /** undefined: it is no JSON. */
  readonly body: unknown;
  readonly text: string;
  /** By the daemon's clock; milliseconds since the epoch. */
  readonly at: number;
}

/** The error of an answer of the API; null: it is none. */
export function refusalIn(body: unknown): { readonly code: string; readonly message: string } | null {
  const { error } = (typeof body === 'object' && body !== null ? body : {}) as { readonly error?: unknown };
  const { code, message } = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  return typeof code === 'string' && typeof message === 'string' ? { code, message } : null;
}

export function isGood({ status }: Reply): boolean {
  return status >= 200 && status < 300;
}
