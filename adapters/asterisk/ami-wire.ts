import { Fault } from '../../src/model/errors.ts';
import type { AmiEvent } from './events.ts';

export type Fields = readonly (readonly [name: string, value: string])[];

const longestBlock = 1024 * 1024;

/** An action as bytes. AMI knows no quoting: a line break inside a value would be another header, or another action. */
export function formatAction(fields: Fields): string {
  for (const [name, value] of fields) {
    if (/[\r\n\0]/.test(name) || /[\r\n\0]/.test(value))
      throw new Fault('internal', `line break in the AMI field ${JSON.stringify(name)}`);
  }
  return `${fields.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n`;
}

/** Cuts the stream of AMI into blocks; the greeting is a block of its own, `{Greeting: …}`. */
export class AmiParser {
  #rest = '';
  #greeted = false;

  /** Throws a Fault where this is no AMI. */
  push(text: string): AmiEvent[] {
    this.#rest += text;
    const blocks: AmiEvent[] = [];
    if (!this.#greeted) {
      const end = this.#rest.indexOf('\r\n');
      if (end === -1 && this.#rest.length < 256) return [];
      const line = this.#rest.slice(0, end === -1 ? 256 : end);
      if (!/^[\x20-\x7e]*Call Manager\//.test(line))
        throw new Fault('pbx-unreachable', 'what answers there is not AMI');
      this.#greeted = true;
      this.#rest = this.#rest.slice(end + 2);
      blocks.push({ Greeting: line });
    }
    let start = 0;
    for (let end = this.#rest.indexOf('\r\n\r\n'); end !== -1; end = this.#rest.indexOf('\r\n\r\n', start)) {
      const block = parseBlock(this.#rest.slice(start, end));
      if (block !== null) blocks.push(block);
      start = end + 4;
    }
    this.#rest = this.#rest.slice(start);
    if (this.#rest.length > longestBlock) throw new Fault('pbx-unreachable', 'an AMI message without an end');
    return blocks;
  }
}

/** Of a repeated key the first value counts. Lines without a colon are skipped. */
function parseBlock(text: string): AmiEvent | null {
  const block: Record<string, string> = Object.create(null);
  let some = false;
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const name = line.slice(0, colon);
    block[name] ??= line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    some = true;
  }
  return some ? block : null;
}
