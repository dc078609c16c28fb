import { EventEmitter } from 'node:events';
import esl, { type Event } from 'modesl';
import { Fault } from '../../../src/model/errors.ts';
import type { EslEvent } from '../esl-event.ts';

/** What FreeSWITCH says on the event socket. */
export type Frame =
  | { readonly kind: 'login' }
  /** Reply-Text of a command/reply. */
  | { readonly kind: 'reply'; readonly text: string }
  /** Body of an api/response. */
  | { readonly kind: 'api'; readonly text: string }
  | { readonly kind: 'event'; readonly event: EslEvent }
  /** JSON that cannot be read; the frames after it can. */
  | { readonly kind: 'unreadable' }
  /** The access list says no. */
  | { readonly kind: 'rejected' }
  | { readonly kind: 'goodbye' };

/** A body without end is no body. `show channels` of 10,000 channels has about 8 MB. */
const mostBodyBytes = 64 * 1024 * 1024;

/** Headers of a frame have some 100 bytes; modesl searches all of them again with each piece that comes. */
const mostHeaderBytes = 128 * 1024;

/**
 * Bytes to frames: modesl's parser on a short leash. Its `Connection` is not used, because each of its habits would have
 * to be undone (an own login and subscription, no `userauth`, callback queues that shift, losses unseen).
 * COMPAT(modesl 1.2.1): a `%` in a header that begins no URL code throws URIError out of the parser; here it arrives as a
 * Fault, as anything does that is not the event socket.
 */
export class Frames {
  readonly #source = new EventEmitter();
  readonly #parser: InstanceType<typeof esl.Parser>;
  #out: Frame[] = [];

  constructor() {
    this.#parser = new esl.Parser(this.#source);
    // JSON that cannot be parsed: the event comes all the same, without what was in it.
    this.#parser.on('error', () => undefined);
    this.#parser.on('esl::event', (event, headers, body) => {
      const frame = toFrame(event, headers, body);
      if (frame !== null) this.#out.push(frame);
    });
  }

  /** A frame has begun that is an answer to `userauth` (no other has such headers), and its end has not come. */
  get loginUnfinished(): boolean {
    return this.#parser.buffer.includes('\nAllowed-Events: ');
  }

  /** Frames that are complete now. Throws a Fault where this is not the event socket; then nothing can be believed any more. */
  push(bytes: Buffer): readonly Frame[] {
    this.#out = [];
    try {
      this.#source.emit('data', bytes);
    } catch (error) {
      throw error instanceof Fault ? error : notEsl(error instanceof Error ? error.name : 'no error');
    }
    const { bodyLen, buffer } = this.#parser;
    if (bodyLen < 0 || bodyLen > mostBodyBytes) throw notEsl(`a body of ${bodyLen} bytes`);
    if (bodyLen === 0 && buffer.length > mostHeaderBytes) throw notEsl('headers without end');
    return this.#out;
  }
}

function notEsl(detail: string): Fault {
  return new Fault('pbx-unreachable', `what is received is not the event socket's language (${detail})`);
}

function toFrame(event: Event, headers: Readonly<Record<string, unknown>>, body: string | undefined): Frame | null {
  const length = headers['Content-Length'];
  if (length !== undefined && !(Number.isInteger(length) && Number(length) >= 0)) throw notEsl('a length that is none');
  switch (headers['Content-Type']) {
    case 'auth/request':
      return { kind: 'login' };
    case 'command/reply':
      return { kind: 'reply', text: String(headers['Reply-Text'] ?? '') };
    case 'api/response':
      return { kind: 'api', text: body ?? '' };
    case 'text/event-json':
      return eventOf(event);
    case 'text/rude-rejection':
      return { kind: 'rejected' };
    case 'text/disconnect-notice':
      return { kind: 'goodbye' };
    case 'log/data':
      return null;
    default:
      throw notEsl('an unknown kind of frame');
  }
}

function eventOf(event: Event): Frame {
  const fields: Record<string, string> = Object.create(null);
  for (const { name, value } of event.headers) {
    if (typeof value === 'string') fields[name] = value;
    // As plain events write a header that stands several times.
    else if (Array.isArray(value)) fields[name] = `ARRAY::${value.map(String).join('|:')}`;
    else if (typeof value === 'number') fields[name] = String(value);
  }
  if (fields['Event-Name'] === undefined) return { kind: 'unreadable' };
  const body = event.getBody();
  if (typeof body === 'string' && body !== '') fields['_body'] = body;
  return { kind: 'event', event: fields };
}
