import type { Clock } from '../../src/model/clock.ts';
import { Fault } from '../../src/model/errors.ts';

export interface AriAnswer {
  readonly status: number;
  /** Parsed JSON; null where there is none. */
  readonly body: unknown;
}

export interface AriAccount {
  /** `http://127.0.0.1:8088`. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

const callMs = 3_000;

/**
 * ARI's REST side over fetch: ari-client's own promises never settle while the server is silent, and its errors have no
 * status. The password travels in a header only, never in a URL.
 */
export class AriRest {
  readonly #base: string;
  readonly #authorization: string;
  readonly #clock: Clock;

  constructor(account: AriAccount, clock: Clock) {
    this.#base = `${account.url.replace(/\/$/, '')}/ari`;
    this.#authorization = `Basic ${Buffer.from(`${account.username}:${account.password}`).toString('base64')}`;
    this.#clock = clock;
  }

  /** Path segments are encoded here. Rejects with a Fault where nothing answers; any status is an answer. */
  async call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: readonly string[],
    options: {
      readonly query?: Readonly<Record<string, string>>;
      readonly body?: unknown;
      readonly deadlineMs?: number;
    } = {},
  ): Promise<AriAnswer> {
    const query = new URLSearchParams(options.query).toString();
    const url = `${this.#base}/${path.map(encodeURIComponent).join('/')}${query === '' ? '' : `?${query}`}`;
    const stop = new AbortController();
    const timer = this.#clock.after(options.deadlineMs ?? callMs, () => stop.abort());
    try {
      const response = await fetch(url, {
        method,
        signal: stop.signal,
        redirect: 'error',
        headers: {
          authorization: this.#authorization,
          ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      });
      const text = await response.text();
      return { status: response.status, body: parsed(text) };
    } catch (error) {
      if (stop.signal.aborted)
        throw new Fault('pbx-unreachable', `ARI at ${this.#base} did not answer ${method} /${path[0]}`);
      throw new Fault('pbx-unreachable', `ARI at ${this.#base}: ${reasonOf(error)}`, error);
    } finally {
      timer.cancel();
    }
  }

  /** The body of a GET that must work. */
  async get(path: readonly string[], query?: Readonly<Record<string, string>>): Promise<unknown> {
    const answer = await this.call('GET', path, query === undefined ? {} : { query });
    if (answer.status === 200) return answer.body;
    throw new Fault('pbx-unreachable', `ARI answered GET /${path.join('/')} with ${answer.status}`);
  }

  /** A channel's variable or function; null where the channel has gone, or has none such. */
  async variable(channelId: string, expression: string, deadlineMs?: number): Promise<string | null> {
    const options = { query: { variable: expression }, ...(deadlineMs === undefined ? {} : { deadlineMs }) };
    const { status, body } = await this.call('GET', ['channels', channelId, 'variable'], options);
    if (status !== 200 || typeof body !== 'object' || body === null) return null;
    const value = (body as Record<string, unknown>)['value'];
    return typeof value === 'string' && value !== '' ? value : null;
  }

  /** A configuration object of PJSIP as attribute and value; null where there is none. Holds passwords. */
  async pjsip(type: string, id: string): Promise<ReadonlyMap<string, string> | null> {
    const { status, body } = await this.call('GET', ['asterisk', 'config', 'dynamic', 'res_pjsip', type, id]);
    if (status === 404) return null;
    if (status !== 200 || !Array.isArray(body))
      throw new Fault('pbx-unreachable', `ARI answered ${status} about a ${type}`);
    const attributes = new Map<string, string>();
    for (const it of body as unknown[]) {
      const { attribute, value } = (it ?? {}) as Record<string, unknown>;
      if (typeof attribute !== 'string' || typeof value !== 'string') continue;
      const before = attributes.get(attribute);
      // Of an AOR's contacts there are several.
      attributes.set(attribute, before ? `${before},${value}` : value);
    }
    return attributes;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error) {
    const { code } = cause as NodeJS.ErrnoException;
    // of the HTTP parser of Node.js: AMI, say, greets by itself
    if (code?.startsWith('HPE_')) return `what answers there is no HTTP server (${code})`;
    return code ?? cause.message;
  }
  return error instanceof Error ? error.message : String(error);
}
