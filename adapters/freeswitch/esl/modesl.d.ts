/** What is used of modesl 1.2.1, which has no types. */
declare module 'modesl' {
  import type { EventEmitter } from 'node:events';

  export interface Event {
    /** Values are strings except where JSON events say otherwise. */
    readonly headers: readonly { readonly name: string; readonly value: unknown }[];
    getHeader(name: string): unknown;
    getBody(): unknown;
  }

  /** Takes bytes from the `data` event of what it is given, synchronously: what it throws, `emit('data', …)` throws. */
  export class Parser {
    constructor(source: EventEmitter);
    /** Bytes not used yet, and how many the body under way has; 0 while headers are read. */
    readonly buffer: Buffer;
    readonly bodyLen: number;
    on(
      name: 'esl::event',
      listener: (event: Event, headers: Readonly<Record<string, unknown>>, body: string | undefined) => void,
    ): void;
    on(name: 'error', listener: (error: Error) => void): void;
  }
}
