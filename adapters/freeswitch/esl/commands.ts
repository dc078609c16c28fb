import { Fault } from '../../../src/model/errors.ts';

/** What the rest of the adapter may ask of the event socket. Commands go out one at a time, in the order they were asked. */
export interface EslCommands {
  /**
   * `api COMMAND ARGS`: the text of the reply without line breaks at its end. What FreeSWITCH states itself (`-ERR no
   * reply`, `-ERR … Command not found!`) is text. Rejects with a Fault: `pbx-unreachable` (not connected, or
   * no answer before the deadline or the end of the connection: it may or may not have been carried out), `pbx-refused`
   * (the account may not). Nothing is ever sent twice, and nothing after its deadline, which begins with the call: who
   * has much to ask awaits each answer. Milliseconds; 5 s unless said. What must not be sent (`isTrap`) is answered by
   * `-ERR no reply`.
   */
  api(command: string, args?: string, deadlineMs?: number): Promise<string>;
  /**
   * `sendevent NAME`: the Event-UUID that FreeSWITCH gave it, or null where the reply names none. Headers without a value
   * do not arrive (FreeSWITCH drops them). Rejects like `api`, and with `pbx-refused` for any reply of `-ERR`.
   */
  sendEvent(
    name: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
    deadlineMs?: number,
  ): Promise<string | null>;
}

/**
 * Without line breaks and other control characters. ESL knows no quoting: with `\n\n` in a value, what follows is run as
 * a command. Everything that goes out passes here.
 */
export function clean(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, '');
}

/**
 * COMPAT(FreeSWITCH 1.11): a command that holds `unload` or `reload` and `mod_event_socket`, anywhere, in any case, values
 * of headers included, is carried out as `bgapi unload mod_event_socket` (parse_command of mod_event_socket.c), and nobody
 * is connected any more. A stranger's user name may hold both. True: such a command must never be sent.
 */
export function isTrap(command: string): boolean {
  return /unload|reload/i.test(command) && /mod_event_socket/i.test(command);
}

/** A word that the adapter's own code chose; anything else is a bug. */
function word(text: string, allowed: RegExp): string {
  if (!allowed.test(text)) throw new Fault('internal', `${JSON.stringify(text)} is no word of the event socket`);
  return text;
}

export function apiCommand(command: string, args = ''): string {
  const tail = clean(args);
  return `api ${word(command, /^[a-z0-9_]+$/i)}${tail === '' ? '' : ` ${tail}`}\n\n`;
}

/** The body may have lines: its length goes before it. */
export function sendEventCommand(name: string, headers: Readonly<Record<string, string>>, body = ''): string {
  const lines = [`sendevent ${word(name, /^[A-Z0-9_]+$/)}\n`];
  for (const [header, value] of Object.entries(headers)) {
    if (header.toLowerCase() === 'content-length') throw new Fault('internal', 'the length of a body is counted here');
    const text = clean(value);
    if (text !== '') lines.push(`${word(header, /^[A-Za-z0-9_.-]+$/)}: ${text}\n`);
  }
  if (body !== '') lines.push(`Content-Length: ${Buffer.byteLength(body)}\n`);
  return `${lines.join('')}\n${body}`;
}

/**
 * The subscription. `CUSTOM` is last, because FreeSWITCH takes all words after it for subclasses. JSON, because plain
 * events are URL-encoded bytes of any charset. HEARTBEAT is always there: the watchdog lives on it.
 */
export function eventCommand(names: readonly string[], subclasses: readonly string[]): string {
  const wanted = new Set(['HEARTBEAT', ...names.map((name) => word(name, /^[A-Z0-9_]+$/))]);
  wanted.delete('CUSTOM');
  const custom = new Set(subclasses.map((name) => word(name, /^[\w.:-]+$/)));
  return `event json ${[...wanted].join(' ')}${custom.size > 0 ? ` CUSTOM ${[...custom].join(' ')}` : ''}\n\n`;
}

/** With a user of the directory (`user@domain`) `userauth`, else `auth` with the socket's own password. */
export function loginCommand(password: string, user?: string): string {
  return user === undefined ? `auth ${clean(password)}\n\n` : `userauth ${clean(user)}:${clean(password)}\n\n`;
}
