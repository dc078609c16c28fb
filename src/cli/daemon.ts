import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { request as overHttp } from 'node:http';
import { exits } from './exits.ts';
import { Failure, unreachable } from './failure.ts';
import { isGood, type Reply, refusalIn } from './reply.ts';
import { version } from './version.ts';

/** A daemon that is well answers in milliseconds; a reload waits for its PBXs. */
const patienceMs = 20_000;

/**
 * What waits for phones to answer: 5 s for a PBX that was asked first and did not, and the 32 s after which a phone that
 * says nothing counts as 408 (RFC 3261 17.1.2.2, Timer F), with some to spare.
 */
export const phonesMs = 45_000;
const probeMs = 5_000;

/** What stands there may be anything: more than the API says of 50,000 extensions is none of it. */
const mostBytes = 256 * 1024 * 1024;

/** Where the daemon is, and who asks. */
export interface Address {
  /** `http://127.0.0.1:8090`, without a path. */
  readonly url: string;
  readonly token: string | null;
  /** What to do where the token is missing or wrong. */
  readonly tokenFix: string;
  /** What to do where nothing answers. */
  readonly absentFix: string;
}

/** How a question is put. */
interface Opening {
  readonly body?: unknown;
  readonly signal: AbortSignal;
  /** When `signal` gives up. */
  readonly timeoutMs: number;
  readonly more?: OutgoingHttpHeaders;
}

/** `POST`, `PUT` and `DELETE` change something. */
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** The running daemon, by its HTTP API. What stands between a question and its answer rejects as a `Failure`. */
export class Daemon {
  readonly #address: Address;

  constructor(address: Address) {
    this.#address = address;
  }

  get url(): string {
    return this.#address.url;
  }

  /** The body of a 2xx answer in JSON. All else is a Failure: what the API refuses ends with exit code 1. */
  async get(path: string): Promise<Reply> {
    return this.must('GET', path);
  }

  /** As `get`, for what changes something. */
  async must(method: Method, path: string, body?: unknown, timeoutMs = patienceMs): Promise<Reply> {
    return this.#granted(method, path, await this.ask(method, path, body, timeoutMs));
  }

  /**
   * Whatever the API answers, but for what no command can do anything about: a token that is missing, wrong or of too small
   * a role.
   */
  async ask(method: Method, path: string, body?: unknown, timeoutMs = patienceMs): Promise<Reply> {
    return this.#understood(method, path, await this.send(method, path, { body, timeoutMs }));
  }

  /** The bare exchange: any status, any text. */
  async send(method: Method, path: string, options: { body?: unknown; timeoutMs?: number } = {}): Promise<Reply> {
    const { body, timeoutMs = patienceMs } = options;
    const signal = AbortSignal.timeout(timeoutMs);
    return this.#replyOf(await this.#open(method, path, { body, signal, timeoutMs }), signal);
  }

  /** An answer that goes on for ever, piece by piece, from behind the event `after`; the same Failures as `must`. */
  async *stream(path: string, after: string | null): AsyncGenerator<string> {
    const answer = await this.#begun(path, after === null ? {} : { 'last-event-id': after });
    if (!(answer.headers['content-type'] ?? '').startsWith('text/event-stream')) {
      answer.destroy();
      throw await this.strange(`${bare(path)} is no stream of events`);
    }
    answer.setEncoding('utf8');
    try {
      for await (const piece of answer) yield piece as string;
    } catch {
      // broken off: the same as ended
    }
  }

  /** A file, piece by piece; the same Failures as `must`, and that it was broken off. */
  async *download(path: string): AsyncGenerator<Buffer> {
    const answer = await this.#begun(path, {});
    try {
      for await (const piece of answer) yield piece as Buffer;
    } catch (error) {
      throw this.#absent(error);
    }
  }

  /** What answers there is not what it should be; asks once more, what it is. */
  async strange(what: string): Promise<Failure> {
    const alive = await this.send('GET', '/healthz', { timeoutMs: probeMs }).catch(() => null);
    const other = alive === null ? null : versionIn(alive.body);
    if (other === null) {
      return new Failure(
        'no-lamplighter',
        exits.unavailable,
        `what answers at ${this.url} is no Lamplighter (${what})`,
        'another program has the address of http.listen: stop it, or name the right one with --config or --url',
      );
    }
    const fix = `it is Lamplighter ${other}, this command ${version}: start the daemon anew, or use its own command`;
    return new Failure('other-version', exits.unavailable, `${this.url}: ${what}`, fix);
  }

  /** A 200 whose body may take long. */
  async #begun(path: string, more: OutgoingHttpHeaders): Promise<IncomingMessage> {
    const waiting = new AbortController();
    const timer = setTimeout(() => waiting.abort(new DOMException('', 'TimeoutError')), patienceMs);
    const { signal } = waiting;
    const answer = await this.#open('GET', path, { more, signal, timeoutMs: patienceMs }).finally(() =>
      clearTimeout(timer),
    );
    if (answer.statusCode === 200) return answer;
    const reply = await this.#replyOf(answer, AbortSignal.timeout(patienceMs));
    await this.#granted('GET', path, await this.#understood('GET', path, reply));
    throw await this.strange(`GET ${bare(path)} answers ${reply.status}`);
  }

  async #understood(method: Method, path: string, reply: Reply): Promise<Reply> {
    if (isGood(reply) && reply.status !== 204 && reply.body === undefined) {
      throw await this.strange(`${method} ${bare(path)} answers no JSON`);
    }
    const refusal = refusalIn(reply.body);
    const { token, tokenFix } = this.#address;
    if (reply.status === 401) {
      const what = token === null ? 'wants a token' : 'does not know this token';
      throw new Failure(refusal?.code ?? 'token-needed', exits.forbidden, `${this.url} ${what}`, tokenFix);
    }
    if (reply.status === 403 && refusal?.code === 'role-too-small') {
      throw new Failure(refusal.code, exits.forbidden, refusal.message, tokenFix);
    }
    if (reply.status === 404 && refusal?.code === 'not-found') {
      throw await this.strange(`there is no ${method} ${bare(path)}`);
    }
    return reply;
  }

  async #granted(method: Method, path: string, reply: Reply): Promise<Reply> {
    if (isGood(reply)) return reply;
    const refusal = refusalIn(reply.body);
    if (refusal === null) throw await this.strange(`${method} ${bare(path)} answers ${reply.status}`);
    throw new Failure(refusal.code, exits.refused, refusal.message);
  }

  async #open(method: Method, path: string, { body, signal, timeoutMs, more = {} }: Opening): Promise<IncomingMessage> {
    const { url, token } = this.#address;
    const content = body === undefined ? null : JSON.stringify(body);
    const headers = {
      'user-agent': `lamplighter-cli/${version}`,
      ...more,
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(content === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }),
    };
    const request = await requesterOf(url);
    let isThere = false;
    try {
      return await new Promise((resolve, reject) => {
        // no agent: nothing is left open that the process would wait for
        const asked = request(`${url}${path}`, { method, headers, signal, agent: false }, resolve);
        asked.on('socket', (socket) => {
          socket.once('connect', () => {
            isThere = true;
          });
        });
        asked.on('error', reject);
        asked.end(content ?? undefined);
      });
    } catch (error) {
      throw isThere && isTimeout(error) ? new Silent(this.#address, method, timeoutMs) : this.#absent(error);
    }
  }

  async #replyOf(answer: IncomingMessage, signal: AbortSignal): Promise<Reply> {
    const text = await this.#textOf(answer, signal);
    const date = Date.parse(answer.headers.date ?? '');
    const at = Number.isNaN(date) ? Date.now() : date;
    return { status: answer.statusCode ?? 0, body: parsed(text), text, at };
  }

  async #textOf(answer: IncomingMessage, signal: AbortSignal): Promise<string> {
    const pieces: Buffer[] = [];
    let size = 0;
    try {
      for await (const piece of answer) {
        pieces.push(piece as Buffer);
        size += (piece as Buffer).length;
        if (size > mostBytes) throw new Failure('no-lamplighter', exits.unavailable, `${this.url} answers without end`);
      }
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw this.#absent(signal.aborted ? signal.reason : error);
    }
    return Buffer.concat(pieces).toString('utf8');
  }

  #absent(error: unknown): Unreachable {
    return new Unreachable(this.#address, whyOf(error));
  }
}

/** Nothing answers there, or not to the end. */
export class Unreachable extends Failure {
  /** `nothing listens there (ECONNREFUSED)` */
  readonly why: string;

  constructor(
    { url, absentFix }: Pick<Address, 'url' | 'absentFix'>,
    why: string,
    message = `no Lamplighter answers at ${url}: ${why}`,
  ) {
    super(unreachable, exits.unavailable, message, absentFix);
    this.why = why;
  }
}

/** Something is there, and took the question: whoever is told to start it would have two. */
class Silent extends Unreachable {
  constructor({ url }: Address, method: Method, ms: number) {
    const late = `does not answer within ${ms / 1000} s`;
    const maybe = method === 'GET' ? '' : '; what was asked may still be done';
    const absentFix = 'see what its log says; if it says nothing more, start it anew: systemctl restart lamplighter';
    super({ url, absentFix }, 'no answer in time', `what listens at ${url} ${late}${maybe}`);
  }
}

async function requesterOf(url: string): Promise<typeof overHttp> {
  return url.startsWith('https:') ? (await import('node:https')).request : overHttp;
}

/** What `/healthz` of a Lamplighter says; null: it is none. */
function versionIn(body: unknown): string | null {
  const { alive, version: told } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  return alive === true ? String(told ?? 'of before 0.1') : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function bare(path: string): string {
  return path.replace(/\?.*$/, '');
}

function isTimeout(error: unknown): boolean {
  const { name, cause } = error as Error;
  return (name === 'AbortError' && cause !== undefined ? (cause as Error).name : name) === 'TimeoutError';
}

function whyOf(error: unknown): string {
  if (isTimeout(error)) return 'no answer in time';
  const { code, message } = error as NodeJS.ErrnoException;
  return known[code ?? ''] ?? code ?? message;
}

const known: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (ECONNREFUSED)',
  ECONNRESET: 'the connection was broken off (ECONNRESET)',
  ENOTFOUND: 'there is no such host (ENOTFOUND)',
};
