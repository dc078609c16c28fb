/** Headers of an event in the order they are sent; a list is a header with several values (json only). */
export type Headers = Readonly<Record<string, string>>;

/** Makes the events of one life of a fake FreeSWITCH. */
export class EventMaker {
  #sequence = 400;
  #uuids = 0;
  #coreUuid = '';
  #lives = 0;

  constructor() {
    this.newLife();
  }

  get coreUuid(): string {
    return this.#coreUuid;
  }

  /** FreeSWITCH was started anew: another Core-UUID, and numbers from the beginning. */
  newLife(): void {
    this.#lives++;
    this.#sequence = 400;
    this.#coreUuid = `c0de0000-0000-4000-8000-${String(this.#lives).padStart(12, '0')}`;
  }

  /** Unique over all lives. */
  uuid(): string {
    const count = String(++this.#uuids).padStart(12, '0');
    return `5eed${String(this.#lives).padStart(4, '0')}-0000-4000-8000-${count}`;
  }

  /** An event with the headers that each has. */
  event(name: string, headers: Headers, file = 'switch_channel.c'): Headers {
    return {
      'Event-Name': name,
      'Core-UUID': this.#coreUuid,
      'FreeSWITCH-Hostname': 'pbx',
      'FreeSWITCH-Switchname': 'pbx',
      'FreeSWITCH-IPv4': '127.0.0.1',
      'FreeSWITCH-IPv6': '::1',
      'Event-Date-Local': '2026-11-21 04:09:54',
      'Event-Date-GMT': 'Sat, 21 Nov 2026 04:09:54 GMT',
      'Event-Date-Timestamp': String(Date.now() * 1000),
      'Event-Calling-File': file,
      'Event-Sequence': String(++this.#sequence),
      ...headers,
    };
  }

  custom(subclass: string, headers: Headers, file = 'sofia_reg.c'): Headers {
    return { 'Event-Subclass': subclass, ...this.event('CUSTOM', headers, file) };
  }
}
