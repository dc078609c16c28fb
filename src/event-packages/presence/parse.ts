import { granted, type Outcome, refused } from '../../model/outcome.ts';
import type { Published, PublishedPresence } from '../../model/publication.ts';
import type { XmlElement } from '../../xml/element.ts';
import { readXml } from '../../xml/read.ts';
import type { Publication } from '../event-package.ts';
import { foreignText } from '../foreign-text.ts';
import { mediaType } from '../media-type.ts';
import { activityOf, isDndNote, isOfCall } from './foreign-words.ts';
import { pidfType, xpidfType } from './words.ts';

export const maxPublishBytes = 16_384;

const maxNotes = 4;
const maxNoteLength = 128;

/** What a document says, in the words of any format. */
interface Told {
  readonly basic: PublishedPresence['basic'];
  /** Words for activities, as they stand there; names of elements and values. */
  readonly words: readonly string[];
  readonly notes: readonly string[];
  /** An element says so; null: there is none. */
  readonly dnd: boolean | null;
}

/**
 * Reads presence that a phone or a person publishes: pidf (RFC 3863) with a person (RFC 4479) and activities (RFC 4480), the
 * activities of the old drafts, or xpidf. Do not disturb in it becomes a wish of its publisher. Refusals: 415, 413, 400.
 */
export function parsePresence(
  body: Buffer,
  contentType: string,
  before: Published | null = null,
): Outcome<Publication> {
  const type = mediaType(contentType);
  if (type !== pidfType && type !== xpidfType) return refused('body-type', `expected ${pidfType}`, 415);
  // A document type can hold entities that grow without end; only xpidf has one, naming a DTD that nobody fetches.
  const read = readXml(body, { maxBytes: maxPublishBytes, ...(type === xpidfType ? { doctype: 'external' } : {}) });
  if (!read.ok) return read;
  if (read.value.name !== 'presence') return refused('not-presence', 'expected <presence>', 400);
  const told = type === xpidfType ? readXpidf(read.value) : readPidf(read.value);

  const last = before?.kind === 'presence' ? before.dnd : undefined;
  const dnd = sayingOf(told) ?? last;
  const said: PublishedPresence = {
    kind: 'presence',
    basic: told.basic,
    activities: [...new Set(told.words.flatMap((word) => activityOf(word) ?? []))],
    notes: told.notes.filter((note) => !isDndNote(note)), // the PBX says whether it is on
    ...(dnd === undefined ? {} : { dnd }),
  };
  const wishes = dnd === undefined || dnd === (last ?? false) ? [] : [{ feature: 'dnd' as const, enabled: dnd }];
  return granted({ said, wishes });
}

/**
 * What a document says of do not disturb; null: nothing. On: an element of that name, in whatever namespace, or a note that
 * says so and nothing else. Off: a document that could have said it, having a note or activities, and does not. One that is
 * about a call says nothing: phones have one word for what they do, and in a call that is not `dnd`. Neither does a bare
 * status, nor that of a phone which is switched off (closed).
 *
 * Only what differs from the same publication's last document is a wish, and a new publication begins with off: so a
 * second phone that is merely available cannot switch off what the first one wished, nor can a document that is sent again
 * bring back what was switched off at the PBX meanwhile. The end of a publication wishes nothing.
 */
function sayingOf({ basic, dnd, words, notes }: Told): boolean | null {
  if (dnd !== null) return dnd;
  if (notes.some(isDndNote)) return true;
  if (basic === 'closed' || (words.length === 0 && notes.length === 0)) return null;
  return words.some(isOfCall) || notes.some(isOfCall) ? null : false;
}

function readPidf(root: XmlElement): Told {
  const tuples = childrenOf(root, 'tuple');
  const statuses = tuples.flatMap((tuple) => childrenOf(tuple, 'status'));
  const basics = statuses.flatMap((status) => childrenOf(status, 'basic')).map(({ text }) => text.trim().toLowerCase());
  // RFC 4479 3.1: a person; RFC 4480 3.2 has activities there, its drafts had them in the tuple or its status.
  const holders = [root, ...childrenOf(root, 'person'), ...childrenOf(root, 'device'), ...tuples, ...statuses];
  const lists = holders.flatMap((holder) => childrenOf(holder, 'activities'));
  const written = [...holders, ...lists].flatMap((holder) => childrenOf(holder, 'note')).map(({ text }) => text);
  const words = lists.flatMap(({ children }) => children).filter(({ name }) => name !== 'note');
  return {
    basic: basics.includes('open') ? 'open' : basics.includes('closed') ? 'closed' : null,
    words: words.filter((word) => !isDnd(word)).map(wordOf),
    notes: cleanNotes(written),
    // COMPAT(Linphone): its own words for an activity stand in it, as RFC 4480 3.2 has them in `<other>`.
    dnd:
      dndOf([...holders.flatMap(({ children }) => children), ...words]) ??
      (words.some(({ text }) => isDndNote(text)) ? true : null),
  };
}

/** Its element's name, or the text of an old draft's `<activity>`. */
function wordOf({ name, text }: XmlElement): string {
  return name === 'activity' ? text : name;
}

/** The format before pidf: the addresses of an atom, each with its status. */
function readXpidf(root: XmlElement): Told {
  const addresses = childrenOf(root, 'atom').flatMap((atom) => childrenOf(atom, 'address'));
  const values = (element: string, attribute: string) =>
    addresses
      .flatMap((address) => childrenOf(address, element))
      .flatMap(({ attributes }) => attributes.get(attribute)?.trim().toLowerCase() ?? []);
  const statuses = values('status', 'status');
  const words = values('msnsubstatus', 'substatus');
  const written = [root, ...addresses].flatMap((holder) => childrenOf(holder, 'note')).map(({ text }) => text);
  const elements = [root, ...addresses].flatMap(({ children }) => children);
  // COMPAT(Polycom): its word for do not disturb; in a call it is `onthephone`.
  const isQuiet = (word: string) => isDndNote(word) || (word === 'busy' && statuses.includes('inuse'));
  const isOpen = statuses.some((status) => status === 'open' || status === 'inuse');
  return {
    basic: isOpen ? 'open' : statuses.length > 0 ? 'closed' : null,
    words: words.filter((word) => !isQuiet(word)),
    notes: cleanNotes(written),
    dnd: dndOf(elements) ?? (words.some(isQuiet) ? true : null),
  };
}

function isDnd({ name }: XmlElement): boolean {
  return /^(?:dnd|do-?not-?disturb)$/i.test(name);
}

/** `<ce:dnd/>`, `<ep:dnd/>`, `<rpid:dnd/>`; one with a text that says no is none. */
function dndOf(elements: readonly XmlElement[]): boolean | null {
  const found = elements.filter(isDnd);
  if (found.length === 0) return null;
  return found.some(({ text }) => !/^\s*(?:false|no|off|0)\s*$/i.test(text));
}

function cleanNotes(notes: readonly string[]): readonly string[] {
  const clean = notes.map((note) => foreignText(note, maxNoteLength)).filter((note) => note !== '');
  return [...new Set(clean)].slice(0, maxNotes);
}

function childrenOf(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === name);
}
