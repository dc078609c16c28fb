import type { z } from 'zod';
import type { Outcome } from '../model/outcome.ts';
import { granted, refused } from '../model/outcome.ts';
import type { OpsContext } from './answers.ts';
import { printable } from './answers.ts';

const mostBytes = 64 * 1024;

/**
 * Reads a JSON body. The refusal's `status` is the HTTP status: 415 wrong type (a form of another site can only send
 * the types that need no preflight), 413 too large, 400 not JSON, not what is expected, or broken off.
 */
export async function readBody<T>(c: OpsContext, schema: z.ZodType<T>): Promise<Outcome<T>> {
  const text = await readText(c, ['application/json']);
  if (!text.ok) return text;
  let value: unknown;
  try {
    value = JSON.parse(text.value);
  } catch {
    return notJson;
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? granted(parsed.data) : refused('invalid-body', explain(parsed.error), 400);
}

const notJson = refused('invalid-body', 'the body is not JSON in UTF-8', 400);

/** The text of a body of one of these types, all of which need a preflight. Refusals as those of `readBody`. */
export async function readText(c: OpsContext, types: readonly string[]): Promise<Outcome<string>> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (!types.includes(type)) return refused('not-json', `expected Content-Type: ${types[0]}`, 415);
  // The client went away in the middle: that is no fault of ours, and nobody hears the answer.
  const bytes = await readBytes(c.req.raw.body).catch(() => 'aborted' as const);
  if (bytes === 'aborted') return refused('invalid-body', 'the body was broken off', 400);
  if (bytes === null) {
    // What is left of the body would be read as the next request.
    c.header('Connection', 'close');
    return refused('too-large', `a body has at most ${mostBytes} bytes`, 413);
  }
  try {
    return granted(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return notJson;
  }
}

/** null: more than a body may have. Rejects where it is broken off. */
export async function readBytes(body: ReadableStream<Uint8Array> | null): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (body === null) return Buffer.alloc(0);
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks);
    size += value.byteLength;
    if (size > mostBytes) return null;
    chunks.push(value);
  }
}

/** What is wrong where, for the client. */
export function explain(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => {
      const path = issue.path.map(String).join('.');
      return printable(path === '' ? issue.message : `${path}: ${issue.message}`, 300);
    })
    .join('; ');
}
