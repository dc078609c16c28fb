import assert from 'node:assert/strict';
import type { XmlElement } from '../../src/xml/element.ts';
import { readXml } from '../../src/xml/read.ts';

/** A part of a multipart/related body. */
export interface ListPart {
  readonly contentType: string;
  readonly content: string;
}

export interface ListRow {
  readonly uri: string;
  /** `en: Office`, or the name alone. */
  readonly names: readonly string[];
  /** `active`, `terminated;reason`; null: no instance. */
  readonly state: string | null;
  readonly instance: string | null;
  /** What its Content-ID leads to. */
  readonly part: ListPart | null;
}

/** A NOTIFY of a list, as RFC 4662 5 wants it. */
export interface ListDocument {
  readonly uri: string;
  readonly version: number;
  readonly fullState: boolean;
  readonly names: readonly string[];
  readonly rows: readonly ListRow[];
}

/** Reads a list as a strict phone does, each rule of RFC 4662 5 an assertion. */
export function listIn({ contentType, body }: { readonly contentType: string; readonly body: string }): ListDocument {
  const type =
    /^multipart\/related;type="application\/rlmi\+xml";start="(<[^<>"\s]+@[^<>"\s]+>)";boundary="([\w-]{1,70})"$/.exec(
      contentType,
    );
  assert.ok(type, contentType);
  const [, start, boundary = ''] = type;
  const parts = partsIn(body, boundary);
  assert.equal([...parts.keys()][0], start, 'the first part is the root');
  const root = parts.get(start ?? '');
  assert.equal(root?.contentType, 'application/rlmi+xml');
  const list = wellFormed(root?.content ?? '');
  assert.deepEqual([list.name, list.namespace], ['list', 'urn:ietf:params:xml:ns:rlmi']);
  assert.deepEqual([...list.attributes.keys()].sort(), ['fullState', 'uri', 'version']);
  const used = new Set([start]);
  const rows = list.children.filter(({ name }) => name === 'resource').map((row) => rowIn(row, parts, used));
  assert.equal(new Set(rows.map(({ uri }) => uri)).size, rows.length, 'each resource once');
  assert.equal(used.size, parts.size, 'no part that nothing leads to');
  const { version = '', fullState = '', uri = '' } = Object.fromEntries(list.attributes);
  assert.match(version, /^\d+$/);
  assert.match(fullState, /^(?:true|false)$/);
  return { uri, version: Number(version), fullState: fullState === 'true', names: namesIn(list), rows };
}

/** What a phone holds of a list after some NOTIFYs; a gap in the versions before a partial one is a breach. */
export class ListTable {
  readonly rows = new Map<string, ListRow>();
  readonly #instances = new Map<string, string>();
  #version = -1;

  /** Whether there was one with full state. */
  get begun(): boolean {
    return this.#version >= 0;
  }

  take(document: ListDocument): this {
    const { version, fullState, rows } = document;
    assert.ok(version > this.#version, `version ${version} after ${this.#version}`);
    if (fullState) this.rows.clear();
    else assert.equal(version, this.#version + 1, 'no gap before a partial list (RFC 4662 5.2)');
    this.#version = version;
    for (const row of rows) {
      const known = this.#instances.get(row.uri);
      if (row.instance !== null) {
        assert.equal(row.instance, known ?? row.instance, 'an instance keeps its id');
        this.#instances.set(row.uri, row.instance);
      }
      this.rows.set(row.uri, row);
    }
    return this;
  }

  /** The address to its state, or to `confirmed` and the like of its dialogs. */
  lamps(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      [...this.rows].map(([uri, row]) => [/^sips?:([^@]*)/.exec(uri)?.[1] ?? uri, lampOf(row)]),
    );
  }
}

/** `off`, or the states of the live dialogs in a dialog-info document; what is not active is itself. */
export function lampOf({ state, part }: ListRow): string {
  if (part === null) return state ?? 'unknown';
  const states = [...part.content.matchAll(/<state>(\w+)<\/state>/g)].map(([, name]) => name ?? '');
  const live = states.filter((name) => name !== 'terminated');
  return live.length === 0 ? 'off' : live.join('+');
}

/** Content-ID with brackets to part. By the letter of RFC 2046 5.1.1: nothing before, nothing behind. */
function partsIn(body: string, boundary: string): ReadonlyMap<string, ListPart> {
  const end = `--${boundary}--\r\n`;
  assert.ok(body.startsWith(`--${boundary}\r\n`) && body.endsWith(end), 'delimiters');
  const parts = new Map<string, ListPart>();
  for (const piece of body.slice(0, -end.length).split(`--${boundary}\r\n`).slice(1)) {
    assert.ok(piece.endsWith('\r\n'));
    const at = piece.indexOf('\r\n\r\n');
    const headers = new Map(
      piece
        .slice(0, at)
        .split('\r\n')
        .map((line) => [line.split(': ')[0] ?? '', line.split(': ')[1] ?? ''] as const),
    );
    assert.equal(headers.get('Content-Transfer-Encoding'), 'binary');
    const cid = headers.get('Content-ID') ?? '';
    assert.match(cid, /^<[^<>\s@]+@[^<>\s@]+>$/);
    assert.ok(!parts.has(cid), 'each Content-ID once');
    parts.set(cid, { contentType: headers.get('Content-Type') ?? '', content: piece.slice(at + 4, -2) });
  }
  return parts;
}

function rowIn(row: XmlElement, parts: ReadonlyMap<string, ListPart>, used: Set<string | undefined>): ListRow {
  assert.deepEqual([...row.attributes.keys()], ['uri']);
  const names = namesIn(row);
  const [instance, ...others] = row.children.filter(({ name }) => name === 'instance');
  assert.equal(others.length, 0);
  assert.equal(row.children.length, names.length + (instance === undefined ? 0 : 1), 'names, then the instance');
  const uri = row.attributes.get('uri') ?? '';
  if (instance === undefined) return { uri, names, state: null, instance: null, part: null };
  const { id = '', state = '', reason, cid } = Object.fromEntries(instance.attributes);
  assert.notEqual(id, '');
  if (state === 'terminated') {
    assert.ok(reason !== undefined && cid === undefined, 'terminated has a reason');
    return { uri, names, state: `${state};${reason}`, instance: id, part: null };
  }
  assert.equal(state, 'active');
  assert.ok(cid !== undefined && !cid.includes('<'), 'active has a cid, without brackets');
  const part = parts.get(`<${cid}>`);
  assert.ok(part, `the part of ${cid}`);
  used.add(`<${cid}>`);
  return { uri, names, state, instance: id, part };
}

function namesIn(element: XmlElement): readonly string[] {
  return element.children
    .filter(({ name }) => name === 'name')
    .map(({ text, attributes }) => (attributes.has('lang') ? `${attributes.get('lang')}: ${text}` : text));
}

function wellFormed(xml: string): XmlElement {
  const read = readXml(Buffer.from(xml), { maxBytes: 10_000_000 });
  assert.ok(read.ok, xml);
  return read.value;
}
