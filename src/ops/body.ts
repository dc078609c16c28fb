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
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') return refused('not-json', 'expected Content-Type: application/json', 415);
  // The client went away in the middle: that is no fault of ours, and nobody hears the answer.
  const bytes = await readBytes(c.req.raw.body).catch(() => 'aborted' as const);
  if (bytes === 'aborted') return refused('invalid-body', 'the body was broken off', 400);
  if (bytes === null) {
    // What is left of the body would be read as the next request.
    c.header('Connection', 'close');
    return refused('too-large', `a body has at most ${mostBytes} bytes`, 413);
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return refused('invalid-body', 'the body is not JSON in UTF-8', 400);
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? granted(parsed.data) : refused('invalid-body', explain(parsed.error), 400);
}

/** null: more than a body may have. */
async function readBytes(body: ReadableStream<Uint8Array> | null): Promise<Buffer | null> {
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

function explain(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => {
      const path = issue.path.map(String).join('.');
      return printable(path === '' ? issue.message : `${path}: ${issue.message}`, 300);
    })
    .join('; ');
}
