import type { Flow, HeaderList, SipRequest } from '../engine.ts';
import type { ParsedRequest } from '../message/parse.ts';

/** A parsed request with the path it came by, as the handler sees it. */
export class ReceivedRequest implements SipRequest {
  readonly flow: Flow;
  readonly #message: ParsedRequest;

  constructor(message: ParsedRequest, flow: Flow) {
    this.#message = message;
    this.flow = flow;
  }

  get method(): string {
    return this.#message.method;
  }

  get uri(): string {
    return this.#message.uri;
  }

  get parts(): NonNullable<SipRequest['parts']> {
    return this.#message;
  }

  get body(): Buffer {
    return this.#message.body;
  }

  header(name: string): string | undefined {
    return this.#message.headers.first(name);
  }

  headers(name: string): readonly string[] {
    return this.#message.headers.lines(name);
  }

  entries(): HeaderList {
    return this.#message.headers.entries();
  }
}
