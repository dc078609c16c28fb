import { granted, type Outcome, refused } from '../model/outcome.ts';

export interface BodyPart {
  /** Media type, lower case, without parameters. */
  readonly contentType: string;
  readonly content: Buffer;
}

const boundaryChars = /^[A-Za-z0-9'()+_,./:=? -]{1,70}$/;

/**
 * Takes a multipart body apart (RFC 2046 5.1.1), strictly: the boundary is the first line, as phones write no preamble,
 * every part has a media type and no transfer encoding, and the closing delimiter is there. Lines may end in LF alone.
 * Refusals: 400 `multipart-malformed` and `multipart-too-many`, 415 `multipart-encoding`.
 */
export function splitMultipart(body: Buffer, maxParts: number): Outcome<readonly BodyPart[]> {
  const text = body.toString('latin1').replace(/^[\r\n]+/, ''); // one character a byte: the parts keep their bytes
  const lines = text.split('\n');
  const opening = withoutCr(lines[0] ?? '').trimEnd();
  const boundary = opening.slice(2);
  if (!opening.startsWith('--') || !boundaryChars.test(boundary)) return malformed();

  const parts: BodyPart[] = [];
  let current: string[] = [];
  for (const line of lines.slice(1)) {
    const delimiter = line.trimEnd();
    const closing = delimiter === `${opening}--`;
    if (!closing && delimiter !== opening) {
      current.push(line);
      continue;
    }
    if (parts.length === maxParts) return refused('multipart-too-many', `more than ${maxParts} parts`, 400);
    const part = readPart(current);
    if (!part.ok) return part;
    parts.push(part.value);
    if (closing) return granted(parts); // what follows is an epilogue
    current = [];
  }
  return malformed();
}

function readPart(lines: readonly string[]): Outcome<BodyPart> {
  const blank = lines.findIndex((line) => withoutCr(line) === '');
  if (blank < 0) return malformed();
  const headers = new Map<string, string>();
  for (const line of lines.slice(0, blank)) {
    const colon = line.indexOf(':');
    if (colon < 1) return malformed();
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const encoding = headers.get('content-transfer-encoding')?.toLowerCase() ?? '8bit';
  if (!['7bit', '8bit', 'binary'].includes(encoding)) {
    return refused('multipart-encoding', 'transfer encodings are not supported', 415);
  }
  // The line break before a delimiter belongs to the delimiter.
  const content = withoutCr(lines.slice(blank + 1).join('\n'));
  return granted({
    contentType: (headers.get('content-type') ?? 'text/plain').split(';')[0]?.trim().toLowerCase() ?? '',
    content: Buffer.from(content, 'latin1'),
  });
}

function withoutCr(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function malformed<T>(): Outcome<T> {
  return refused('multipart-malformed', 'the multipart body is not well-formed', 400);
}

/** One part of a multipart body to be written. */
export interface WrittenPart {
  /** Constants of the program, and values that cannot hold a line break. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly content: string;
}

/** RFC 2046 5.1.1. `boundary`: an unguessable token, so that no content can hold it. */
export function joinParts(parts: readonly WrittenPart[], boundary: string): string {
  return `${parts.map((part) => writePart(part, boundary)).join('')}${closingDelimiter(boundary)}`;
}

/** One part with the delimiter before it, for whoever has to know how much room each takes. */
export function writePart({ headers, content }: WrittenPart, boundary: string): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  return `--${boundary}\r\n${lines.join('')}\r\n${content}\r\n`;
}

export function closingDelimiter(boundary: string): string {
  return `--${boundary}--\r\n`;
}
