import { granted, type Outcome, refused } from '../../model/outcome.ts';
import { readXsdBoolean } from '../../model/xsd-boolean.ts';
import type { XmlElement } from '../../xml/element.ts';
import { readXml } from '../../xml/read.ts';
import type { FeatureWish, PhoneRequest, PhoneWish, Publication, Scope } from '../event-package.ts';
import { mediaType } from '../media-type.ts';
import { splitMultipart } from '../multipart.ts';
import { readAgentWish } from './agent.ts';
import { bodyType, type ForwardName, forwardingTypes, forwardNames, multipartType } from './words.ts';

const maxBytes = 8192;
/** Four features; some room for a phone that says one twice. */
const maxParts = 8;
/** Documented range of a ring count; the gate knows the limits that hold here. */
const maxRingCount = 100;

const everything: PhoneRequest = { wishes: [], tell: 'full' };

/**
 * What the phone wishes. Understood but unusable (no truth value, unknown type, unknown document) is no refusal: the answer
 * is 200 and the phone is told the truth, so that its lamp goes back. Refusals: 400 not well-formed, 413, 415.
 * `contentType` may carry parameters.
 */
export function parseRequest(body: Buffer, contentType: string): Outcome<PhoneRequest> {
  if (isEmpty(body)) return granted(everything); // common: a type, and no body
  return parseBody(body, contentType, requests);
}

/**
 * The same of a PUBLISH, where a publisher (a phone of the babble kind, Kamailio's clients) may also write how things
 * stand with him, as in a NOTIFY: DoNotDisturbEvent, ForwardingEvent. Nothing of it stands: the truth is the PBX's.
 * Refusals: as above, and 400 without a document.
 */
export function parsePublication(body: Buffer, contentType: string): Outcome<Publication> {
  if (isEmpty(body)) return refused('no-body', `expected ${bodyType}`, 400);
  const read = parseBody(body, contentType, publications);
  return read.ok ? granted({ said: null, wishes: read.value.wishes }) : read;
}

function parseBody(body: Buffer, contentType: string, known: Readers): Outcome<PhoneRequest> {
  switch (mediaType(contentType)) {
    case bodyType:
      return parseDocument(body, known);
    case multipartType:
      return parseMultipart(body, known);
    default:
      return refused('body-type', `expected ${bodyType}`, 415);
  }
}

function parseMultipart(body: Buffer, known: Readers): Outcome<PhoneRequest> {
  if (body.length > maxBytes) return refused('body-too-large', `more than ${maxBytes} bytes`, 413);
  const split = splitMultipart(body, maxParts);
  if (!split.ok) return split;
  const wishes: PhoneWish[] = [];
  let tell: Scope = [];
  for (const part of split.value) {
    const read =
      part.contentType === bodyType
        ? parseDocument(part.content, known)
        : refused<PhoneRequest>('body-type', `expected parts of ${bodyType}`, 415);
    if (!read.ok) return read;
    wishes.push(...read.value.wishes);
    tell = tell === 'full' || read.value.tell === 'full' ? 'full' : [...new Set([...tell, ...read.value.tell])];
  }
  return granted({ wishes, tell });
}

function parseDocument(body: Buffer, known: Readers): Outcome<PhoneRequest> {
  const read = readXml(body, { maxBytes });
  if (!read.ok) return read;
  const root = read.value;
  const readFields = isOurs(root) ? known.get(root.name) : undefined;
  if (readFields === undefined) return granted(everything); // hoteling, executives, call recording, and what is not known
  const fields = fieldsOf(root);
  return fields === null
    ? refused('xml-repeated', 'an element that may stand once is repeated', 400)
    : granted(readFields(fields));
}

type Fields = ReadonlyMap<string, XmlElement>;

type Readers = ReadonlyMap<string, (fields: Fields) => PhoneRequest>;

const requests: Readers = new Map([
  ['SetDoNotDisturb', readDoNotDisturb],
  ['SetForwarding', readForwarding],
  ['SetAgentState', readAgentState],
]);

const publications: Readers = new Map([
  ...requests,
  ['DoNotDisturbEvent', readDoNotDisturb],
  ['ForwardingEvent', readForwardingEvent],
]);

/** The children by name, in any order; null where one stands twice: nobody could say which is meant. */
function fieldsOf(root: XmlElement): Fields | null {
  const fields = new Map<string, XmlElement>();
  for (const child of root.children) {
    if (!isOurs(child)) continue;
    if (fields.has(child.name)) return null;
    fields.set(child.name, child);
  }
  return fields;
}

/** `device` is not read: it is no identity, phones send constants. The user is the one who authenticated. */
function readDoNotDisturb(fields: Fields): PhoneRequest {
  const enabled = readXsdBoolean(readText(fields.get('doNotDisturbOn')));
  return enabled === null ? { wishes: [], tell: ['dnd'] } : { wishes: [{ feature: 'dnd', enabled }], tell: [] };
}

/** An event has other names for the same (as-feature-event.md 4). */
function readForwardingEvent(fields: Fields): PhoneRequest {
  const of = (name: string, as: string) => {
    const field = fields.get(name);
    return field === undefined ? [] : [[as, field] as const];
  };
  return readForwarding(
    new Map([...fields, ...of('forwardStatus', 'activateForward'), ...of('forwardTo', 'forwardDN')]),
  );
}

function readForwarding(fields: Fields): PhoneRequest {
  const type = readText(fields.get('forwardingType'));
  const feature = forwardNames.find((name) => forwardingTypes[name] === type);
  if (feature === undefined) return everything;
  const enabled = readXsdBoolean(readText(fields.get('activateForward')));
  const target = readText(fields.get('forwardDN'));
  if (enabled === null || (enabled && target === null)) return { wishes: [], tell: [feature] };
  return { wishes: [readForwardWish(feature, enabled, target ?? '', fields)], tell: [] };
}

function readAgentState(fields: Fields): PhoneRequest {
  const wish = readAgentWish(fields);
  return wish === null ? everything : { wishes: [wish], tell: [] };
}

function readForwardWish(feature: ForwardName, enabled: boolean, target: string, fields: Fields): FeatureWish {
  const ringCount = feature === 'cfna' ? readRingCount(fields.get('ringCount')) : undefined;
  return {
    feature,
    enabled,
    // Off keeps the stored target, whatever the phone says; on without one means the stored target.
    ...(enabled && target !== '' ? { target } : {}),
    ...(ringCount === undefined ? {} : { ringCount }),
  };
}

/** Absent is empty; null where there is markup inside: half a number is no number. */
function readText(element: XmlElement | undefined): string | null {
  if (element === undefined) return '';
  return element.children.length === 0 ? element.text : null;
}

/** undefined for what is no count, zero included: the stored one is kept. */
function readRingCount(element: XmlElement | undefined): number | undefined {
  const text = readText(element)?.trim() ?? '';
  const count = /^\d+$/.test(text) ? Math.min(Number(text), maxRingCount) : 0;
  return count > 0 ? count : undefined;
}

/**
 * The namespace in any edition, the form without the hyphen that older servers spread, or none at all. What is in another
 * one only looks like ours.
 */
function isOurs({ namespace }: XmlElement): boolean {
  return (
    namespace === null ||
    /^http:\/\/www\.ecma-?international\.org\/standards\/ecma-323\/csta(?:\/ed\d+)?$/.test(namespace)
  );
}

function isEmpty(body: Buffer): boolean {
  return body.every((byte) => byte === 0 || byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}
