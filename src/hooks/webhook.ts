import * as http from 'node:http';
import * as https from 'node:https';
import type { HookCall } from '../model/hook.ts';
import { HookFailure, type HookLine, type LineTools, longestAnswer } from './line.ts';

export interface WebhookSettings {
  /** http or https. */
  readonly url: string;
  /** Sent as `Authorization: Bearer …`. */
  readonly token?: string | undefined;
  /** Authorities that are believed instead of the system's, PEM. */
  readonly ca?: string | undefined;
}

const mostConnections = 32;

/** A web server of the admin: one POST of JSON for each question. A redirect is no answer. */
export class WebhookLine implements HookLine {
  readonly name: string;
  readonly #url: URL;
  readonly #token: string | undefined;
  readonly #calls: ReadonlySet<HookCall>;
  readonly #tools: LineTools;
  readonly #agent: http.Agent;
  readonly #open = new Set<http.ClientRequest>();
  #stopped = false;

  constructor({ url, token, ca }: WebhookSettings, calls: readonly HookCall[], tools: LineTools) {
    this.#url = new URL(url);
    this.#token = token;
    this.#calls = new Set(calls);
    this.#tools = tools;
    const keep = { keepAlive: true, maxSockets: mostConnections, maxFreeSockets: 8 };
    this.#agent = this.#secure
      ? new https.Agent({
          ...keep,
          rejectUnauthorized: true,
          minVersion: 'TLSv1.2',
          ...(ca === undefined ? {} : { ca }),
        })
      : new http.Agent(keep);
    this.name = `webhook ${this.#url.host}`;
  }

  get #secure(): boolean {
    return this.#url.protocol === 'https:';
  }

  takes(call: HookCall): boolean {
    return this.#calls.has(call);
  }

  start(): void {
    // Connects when there is something to ask.
  }

  ask(call: HookCall, message: object, deadlineMs: number): Promise<unknown> {
    if (this.#stopped) return Promise.reject(new HookFailure('it is being stopped'));
    const body = Buffer.from(JSON.stringify({ call, ...message }));
    return new Promise((settle, fail) => {
      const headers = {
        'Content-Type': 'application/json',
        'Content-Length': String(body.length),
        Accept: 'application/json',
        'User-Agent': 'lamplighter-hook',
        ...(this.#token === undefined ? {} : { Authorization: `Bearer ${this.#token}` }),
      };
      const options = { method: 'POST', agent: this.#agent, headers };
      let latest: http.ClientRequest | null = null;
      const end = (failure: HookFailure | null, answer?: unknown): void => {
        timer.cancel();
        if (latest !== null) this.#open.delete(latest);
        if (failure === null) settle(answer);
        else {
          fail(failure);
          latest?.destroy();
        }
      };
      const send = (again: boolean): void => {
        const request = (this.#secure ? https : http).request(this.#url, options);
        latest = request;
        this.#open.add(request);
        request.on('error', (error: NodeJS.ErrnoException) => {
          const reset = error.code === 'ECONNRESET' || error.code === 'EPIPE';
          const idle = request.reusedSocket && reset && this.#open.delete(request);
          // It closed a connection that lay idle, just then: that is no answer, and no outage. What it may have heard it hears
          // once more, which changes nothing: every question says how things shall be, not what to add.
          if (idle && !again) send(true);
          else end(new HookFailure(error.code ?? error.message));
        });
        request.on('response', (response) => read(response, end));
        request.end(body);
      };
      const timer = this.#tools.clock.after(deadlineMs, () =>
        end(new HookFailure(`no answer within ${Math.round(deadlineMs)} ms`)),
      );
      send(false);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const request of this.#open) request.destroy(new Error('it is being stopped'));
    this.#agent.destroy();
  }
}

/** The first call of `end` counts. */
function read(response: http.IncomingMessage, end: (failure: HookFailure | null, answer?: unknown) => void): void {
  const { statusCode = 0 } = response;
  if (statusCode !== 200 && statusCode !== 204) {
    response.resume();
    end(new HookFailure(`answered ${statusCode}`));
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size > longestAnswer) end(new HookFailure(`an answer of more than ${longestAnswer} bytes`));
  });
  response.on('error', (error) => end(new HookFailure(error.message)));
  response.on('aborted', () => end(new HookFailure('the answer was broken off')));
  response.on('end', () => {
    const text = Buffer.concat(chunks).toString('utf8');
    try {
      end(null, text.trim() === '' ? null : JSON.parse(text));
    } catch {
      end(new HookFailure('its answer is not JSON'));
    }
  });
}
