import { createHash } from 'node:crypto';
import type { ListName } from '../../model/resource-list.ts';
import { type Markup, XmlWriter } from '../../xml/write.ts';
import type { ListBody, ListedInstance, ListedResource, ListRenderRequest } from '../event-package.ts';
import { closingDelimiter, type WrittenPart, writePart } from '../multipart.ts';
import { relatedType, rlmiNamespace, rlmiType } from './words.ts';

/** Content-Type lines up to this length are within the room a NOTIFY is promised; bytes. */
const reckonedTypeLine = 130;

/** No key has room for more. */
const longestName = 128;
const mostNames = 8;

/** A resource with its document, ready to be put in. */
interface Entry {
  readonly markup: Markup;
  /** The part with its document; empty where there is none. */
  readonly part: string;
}

/**
 * One NOTIFY of a list (RFC 4662 5): the list document, then a part for each resource it has news of. What does not fit is
 * left for the next NOTIFYs, which are partial; `told` counts what is in this one. With full state it names all resources
 * even so, those left without an instance (RFC 4662 5.4: their state has yet to come). Only where not even the names fit,
 * in a datagram, they come bit by bit as well: a list that cannot arrive is worse.
 */
export function renderList(request: ListRenderRequest): ListBody {
  const { resources, boundary, fullState } = request;
  const start = contentId(0, boundary);
  const contentType = `${relatedType};type="${rlmiType}";start="<${start}>";boundary="${boundary}"`;
  const frame = bytes(writePart(rootPart(writeDocument(request, []), start), boundary) + closingDelimiter(boundary));
  const excess = Math.max(`Content-Type: ${contentType}\r\n`.length - reckonedTypeLine, 0);
  const room = request.whole ? Number.POSITIVE_INFINITY : request.roomBytes - excess - frame;

  const bare = fullState ? resources.map((resource) => writeResource(resource, null, '')) : [];
  const all = bytes(bare.join(''));
  const named = fullState && all <= room;
  let used = named ? all : 0;
  const entries: Entry[] = [];
  for (const [index, resource] of resources.entries()) {
    const entry = writeEntry(resource, contentId(index + 1, boundary), boundary);
    used += bytes(entry.markup) + bytes(entry.part) - (named ? bytes(bare[index] ?? '') : 0);
    // What fits nowhere goes alone.
    if (used > room && (named || entries.length > 0)) break;
    entries.push(entry);
  }
  const rows = [...entries.map(({ markup }) => markup), ...(named ? bare.slice(entries.length) : [])];
  const root = writePart(rootPart(writeDocument(request, rows), start), boundary);
  const content = `${root}${entries.map(({ part }) => part).join('')}${closingDelimiter(boundary)}`;
  return { contentType, content, told: entries.length };
}

/** RFC 2392: never used again, as the boundary is not. Short, for each stands twice where room is scarce. */
function contentId(index: number, boundary: string): string {
  return `${index}@${boundary}`;
}

function rootPart(content: string, cid: string): WrittenPart {
  return related(rlmiType, cid, content);
}

/** RFC 4662 5.1: Content-ID in angle brackets, and always the transfer encoding. */
function related(contentType: string, cid: string, content: string): WrittenPart {
  return {
    headers: [
      ['Content-Transfer-Encoding', 'binary'],
      ['Content-ID', `<${cid}>`],
      ['Content-Type', contentType],
    ],
    content,
  };
}

function writeDocument({ uri, version, fullState, names }: ListRenderRequest, rows: readonly Markup[]): string {
  const xml = new XmlWriter('UTF-8');
  // COMPAT(Cisco 5xx): drops a list whose uri is not that of its SUBSCRIBE, byte by byte.
  xml.open('list', { xmlns: rlmiNamespace, uri, version: String(version), fullState: String(fullState) });
  writeNames(xml, names);
  for (const row of rows) xml.put(row);
  return xml.end();
}

function writeEntry(resource: ListedResource, cid: string, boundary: string): Entry {
  const instance = resource.instance();
  if (instance.state === 'terminated') return { markup: writeResource(resource, instance, cid), part: '' };
  const { contentType, content } = instance;
  const part = writePart(related(contentType, cid, content), boundary);
  return { markup: writeResource(resource, instance, cid), part };
}

/** RFC 4662 5.4, 5.5; without an instance its state is not in this NOTIFY. */
function writeResource(resource: ListedResource, instance: ListedInstance | null, cid: string): Markup {
  const xml = new XmlWriter('UTF-8', 'piece');
  xml.open('resource', { uri: resource.uri });
  writeNames(xml, resource.names);
  if (instance !== null) {
    const { state } = instance;
    const how = state === 'terminated' ? { reason: instance.reason } : { cid };
    xml.leaf('instance', { id: instanceId(resource.uri), state, ...how });
  }
  return xml.end();
}

function writeNames(xml: XmlWriter, names: readonly ListName[]): void {
  for (const { text, lang } of names.slice(0, mostNames)) {
    xml.leaf('name', { 'xml:lang': lang ?? undefined }, text.slice(0, longestName));
  }
}

/** One instance a resource, the same for ever; of the address, which its watcher knows. */
function instanceId(uri: string): string {
  return createHash('sha256').update(uri).digest('base64url').slice(0, 10);
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}
