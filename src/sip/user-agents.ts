import { detached, toText } from './message/wire-text.ts';

const longest = 256;
/** More kinds of phones than any house has; beyond, a stranger writes a new one each time. */
const mostKept = 500;

/** User-Agent texts, each kept once: thousands of phones are a handful of models. */
export class UserAgents {
  readonly #known = new Map<string, string>();

  /** As people's text, cut to 256 bytes; null where there is no header. */
  of(wire: string | undefined): string | null {
    if (wire === undefined) return null;
    const known = this.#known.get(wire);
    if (known !== undefined) return known;
    const short = detached(wire.slice(0, longest));
    const text = toText(short);
    if (this.#known.size >= mostKept) this.#known.clear();
    if (wire.length <= longest) this.#known.set(short, text);
    return text;
  }
}
