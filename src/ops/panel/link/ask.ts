import { signal } from '@preact/signals';

const tokenKey = 'lamplighter-token';

/** A token is needed: the one that was sent, if any, was refused. The dialog that asks for one closes it. */
export const tokenNeeded = signal(false);

/** Grows when a new token was given: what was refused before may be asked again. */
export const tokenGiven = signal(0);

/** An answer that is no success; `code` is the API's own, `http` where it gave none. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  /** The whole answer. */
  readonly body: unknown;

  constructor(status: number, code: string, message: string, body: unknown = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.body = body;
  }
}

/** Of this tab only, and gone with it: never in the address, never in storage that stays. */
export function keepToken(token: string): void {
  sessionStorage.setItem(tokenKey, token);
  tokenNeeded.value = false;
  tokenGiven.value++;
}

/** True: there was one. */
export function forgetToken(): boolean {
  const had = sessionStorage.getItem(tokenKey) !== null;
  sessionStorage.removeItem(tokenKey);
  return had;
}

export function hasToken(): boolean {
  return sessionStorage.getItem(tokenKey) !== null;
}

export function headers(more: Record<string, string> = {}): Record<string, string> {
  const token = sessionStorage.getItem(tokenKey);
  return token === null ? more : { ...more, Authorization: `Bearer ${token}` };
}

/** Asks the API; rejects with `Refused`, or with the browser's error where nobody answered. */
export async function ask<T>(method: string, path: string, body?: object, signal?: AbortSignal): Promise<T> {
  const init: RequestInit = { method, headers: headers(), cache: 'no-store' };
  if (signal !== undefined) init.signal = signal;
  if (body !== undefined) {
    init.headers = headers({ 'Content-Type': 'application/json' });
    init.body = JSON.stringify(body);
  }
  const given = tokenGiven.peek();
  const answer = await fetch(path, init);
  if (!answer.ok) throw await refusal(answer, given);
  return (answer.status === 204 ? null : await answer.json()) as T;
}

/** What was refused, and why; asks for a token where that is the reason, unless there is a newer one than was sent. */
export async function refusal(answer: Response, given: number): Promise<Refused> {
  const body: unknown = await answer.json().catch(() => null);
  if (answer.status === 401 && given === tokenGiven.peek()) tokenNeeded.value = true;
  const { code = 'http', message = `the server answered ${answer.status}` } = errorOf(body);
  return new Refused(answer.status, code, message, body);
}

function errorOf(body: unknown): { code?: string; message?: string } {
  const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : null;
  if (typeof error !== 'object' || error === null) return {};
  const { code, message } = error as Record<string, unknown>;
  return {
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof message === 'string' ? { message } : {}),
  };
}

/** Saves what a path answers as a file: a link could not send the token. */
export async function download(path: string, name: string): Promise<void> {
  const given = tokenGiven.peek();
  const answer = await fetch(path, { headers: headers(), cache: 'no-store' });
  if (!answer.ok) throw await refusal(answer, given);
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** There is no such route: the server is of another version, or has nothing to say there. */
export function isAbsent(error: unknown): error is Refused {
  return error instanceof Refused && error.status === 404 && ['not-found', 'not-here', 'no-trace'].includes(error.code);
}

/** Words for whatever went wrong. */
export function wordsFor(error: unknown): string {
  if (error instanceof Refused) {
    return error.code === 'not-found' ? 'This version of Lamplighter does not offer this.' : error.message;
  }
  return 'Lamplighter does not answer.';
}
