/** One event of a stream (HTML living standard, 9.2). */
export interface ServerEvent {
  /** `message` where it has no name. */
  readonly event: string;
  readonly data: string;
  /** By which the stream can be resumed; null: no event has had one yet. */
  readonly id: string | null;
}

/** An event is as long as a SIP message; a server that never ends one shall not fill the memory. */
const longest = 4 * 1024 * 1024;

/** The events in a stream of text that comes in pieces. Ends early where one is too long. */
export async function* eventsIn(pieces: AsyncIterable<string>): AsyncGenerator<ServerEvent> {
  let rest = '';
  let event = '';
  let data: string[] = [];
  let size = 0;
  let id: string | null = null;
  for await (const piece of pieces) {
    const lines = (rest + piece).split(/\r?\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { event: event === '' ? 'message' : event, data: data.join('\n'), id };
        [event, data, size] = ['', [], 0];
      } else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
      else if (line.startsWith('event:')) event = line.slice(6).trim();
      else if (line.startsWith('id:')) id = line.slice(3).trim();
      size += line.length;
    }
    if (size + rest.length > longest) return;
  }
}
