export interface StreamEvent {
  /** `message` where the stream does not name it; `id` where it tells only from where to resume. */
  readonly event: string;
  readonly data: string;
  /** As of this event; empty: the stream names none. */
  readonly id: string;
}

/** Reads server-sent events from pieces of text, wherever the network cuts them; `told` gets each. */
export function eventReader(told: (event: StreamEvent) => void): (piece: string) => void {
  let rest = '';
  let event = '';
  let id = '';
  let said = '';
  let data: string[] = [];
  return (piece) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) told({ event: event || 'message', data: data.join('\n'), id });
        else if (id !== said) told({ event: 'id', data: '', id });
        said = id;
        event = '';
        data = [];
      } else if (line.startsWith('data:')) data.push(after(line, 'data:'));
      else if (line.startsWith('event:')) event = after(line, 'event:');
      else if (line.startsWith('id:')) id = after(line, 'id:');
    }
  };
}

function after(line: string, name: string): string {
  return line.slice(name.length).replace(/^ /, '');
}
