import { userPart } from './text.ts';
import type { Lamp, Order } from './vendor.ts';

/** The text of a lamp key, whose parts are divided by `;`; `$` begins a macro. */
export function keyText({ name, label }: Lamp, { way, host, port }: Order): string {
  const server = way === 'sidecar' ? `${host}:${port}` : '$PROXY';
  const title = label.replace(/[;=$]/g, ' ').trim();
  return `fnc=blf+sd+cp;sub=${userPart(name)}@${server};ext=${userPart(name)}@$PROXY;nme=${title}`;
}
