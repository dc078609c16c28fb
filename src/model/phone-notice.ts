/** A NOTIFY outside of any dialog, by which phones are told to do something: `check-sync` and its like. */
export interface PhoneNotice {
  /** The whole value of Event, `check-sync;reboot=true`: a token and parameters that are tokens. */
  readonly event: string;
  /** null: no body. */
  readonly contentType: string | null;
  readonly body: string;
}

/** What became of it at one phone. */
export interface NotifiedPhone {
  /** Its Contact URI; from the network. */
  readonly contact: string;
  /** From the network; null where it is not known. */
  readonly userAgent: string | null;
  /** `udp:192.0.2.1:5060`; null where the PBX sent it. */
  readonly source: string | null;
  /** The final SIP status, 408 where there was none; null: who sent it does not tell. */
  readonly answer: number | null;
}

/** COMPAT(all of them): a value that every PBX and phone reads alike. No quotes, no blanks, nothing that could open a line. */
export function isPlainEvent(event: string): boolean {
  return event.length <= 128 && /^[A-Za-z0-9.!%*_+`'~-]+(?:;[a-z-]+=[A-Za-z0-9.-]+)*$/.test(event);
}
