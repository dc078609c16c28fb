import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { program } from '../../../src/cli/program.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';

class Aborted extends Error {}

/** What a command line printed, and how it ended. */
export interface Typed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Types a command line: without a process, without this machine's environment. */
export async function typed(words: readonly string[], environment: Record<string, string> = {}): Promise<Typed> {
  let code: number | null = null;
  const texts = { out: '', err: '' };
  const terminal: Terminal = {
    out: (text) => {
      texts.out += text;
    },
    err: (text) => {
      texts.err += text;
    },
    exit: (given) => {
      code = given;
    },
    abort: (given) => {
      code ??= given;
      throw new Aborted(texts.err);
    },
    mayBeCut: () => undefined,
    environment,
  };
  try {
    await program(terminal).parseAsync(['node', 'lamplighter', ...words]);
  } catch (error) {
    if (!(error instanceof Aborted)) throw error;
  }
  if (code === null) throw new Error(`${words.join(' ')} has no exit code`);
  return { code, ...texts };
}

/** The cells of each line, as `awk` would see them split at two spaces. */
export function cells(table: string): readonly (readonly string[])[] {
  return table
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/));
}

/** A web server that is none of ours. */
export async function foreign(serve: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server: Server = createServer(serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
}

/** Answers each path with this JSON; what is not named is 404 in the form of the API. */
export function answering(answers: Readonly<Record<string, unknown>>, status = 200): RequestListener {
  return (request, response) => {
    const path = request.url?.replace(/\?.*/, '') ?? '';
    const known = answers[path] ?? (path === '/healthz' ? { alive: true, version: '0.0.9' } : undefined);
    response.writeHead(known === undefined ? 404 : path === '/healthz' ? 200 : status, {
      'content-type': 'application/json',
    });
    response.end(JSON.stringify(known ?? { error: { code: 'not-found', message: `nothing at ${path}` } }));
  };
}
