/** The little of RFC 1035 a name server in a test has to write. */
export type RecordType = 'A' | 'AAAA' | 'CNAME' | 'SRV' | 'NAPTR';

export const typeNumbers: Readonly<Record<RecordType, number>> = { A: 1, CNAME: 5, AAAA: 28, SRV: 33, NAPTR: 35 };

export interface ZoneRecord {
  readonly name: string;
  readonly type: RecordType;
  readonly ttl: number;
  /** The data of the record as it goes on the wire. */
  readonly data: Buffer;
  /** Of a CNAME: where it points to. */
  readonly alias: string | null;
}

export interface Question {
  readonly id: number;
  readonly recursionDesired: boolean;
  readonly name: string;
  readonly type: number;
  /** The question section, as it came. */
  readonly raw: Buffer;
}

/** Null: not a question a resolver would send. */
export function readQuestion(message: Buffer): Question | null {
  if (message.length < 17 || message.readUInt16BE(4) !== 1) return null;
  const labels: string[] = [];
  let at = 12;
  for (;;) {
    const length = message[at] ?? 0;
    if (length > 63 || at + length + 5 > message.length) return null;
    at += 1;
    if (length === 0) break;
    labels.push(message.toString('latin1', at, at + length));
    at += length;
  }
  return {
    id: message.readUInt16BE(0),
    recursionDesired: ((message[2] ?? 0) & 1) === 1,
    name: labels.join('.').toLowerCase(),
    type: message.readUInt16BE(at),
    raw: message.subarray(12, at + 4),
  };
}

export interface Reply {
  /** RFC 1035 4.1.1: 0 no error, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED. */
  readonly code: number;
  readonly truncated: boolean;
  readonly records: readonly ZoneRecord[];
}

export function writeReply(question: Question, { code, truncated, records }: Reply): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(question.id, 0);
  // a response, authoritative, recursion as asked and available
  head.writeUInt16BE(0x8480 | (truncated ? 0x0200 : 0) | (question.recursionDesired ? 0x0100 : 0) | code, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records.length, 6);
  return Buffer.concat([head, question.raw, ...records.map(wireRecord)]);
}

function wireRecord({ name, type, ttl, data }: ZoneRecord): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(typeNumbers[type], 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([wireName(name), fixed, data]);
}

/** Labels with their lengths; the empty name is the root. */
export function wireName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([...labels.map(wireText), Buffer.from([0])]);
}

/** A character-string: its length, then its bytes. */
export function wireText(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')]);
}

export function shorts(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(2 * values.length);
  for (const [index, value] of values.entries()) buffer.writeUInt16BE(value, 2 * index);
  return buffer;
}
