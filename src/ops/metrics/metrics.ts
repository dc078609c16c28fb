import type { Clock } from '../../model/clock.ts';
import { Exposition } from './exposition.ts';
import { HttpMeter } from './http-meter.ts';
import { processReaders } from './process.ts';
import { one, type Readers } from './reading.ts';

type OwnName =
  | 'lamplighter_auth_failures_total'
  | Extract<keyof Readers, `${'process' | 'nodejs' | 'lamplighter_eventloop' | 'lamplighter_http'}_${string}`>;

/** What the other rooms have to tell; what this one and the process know is added here. */
export interface RoomReaders extends Omit<Readers, OwnName> {
  /** Without HTTP's. */
  readonly authFailures: Readers['lamplighter_auth_failures_total'];
  /** Clients that read the event stream. */
  readonly eventClients: () => number;
}

/** `/metrics`, made of what all rooms count. */
export class Metrics {
  readonly http = new HttpMeter();
  readonly #exposition: Exposition;

  constructor({ authFailures, eventClients, ...rooms }: RoomReaders, clock: Clock) {
    const { requests, seconds } = this.http;
    this.#exposition = new Exposition({
      ...rooms,
      ...processReaders(clock),
      *lamplighter_auth_failures_total() {
        yield* authFailures();
        let refused = 0;
        for (const [, status, count] of requests.entries()) if (status === '401') refused += count;
        yield [['http-token'], refused];
      },
      *lamplighter_http_requests_total() {
        for (const [route, status, count] of requests.entries()) yield [[route, status], count];
      },
      lamplighter_http_request_seconds: () => [[[], seconds]],
      lamplighter_http_event_clients: () => one(eventClients()),
    });
  }

  get contentType(): string {
    return this.#exposition.contentType;
  }

  text(): Promise<string> {
    return this.#exposition.text();
  }
}
