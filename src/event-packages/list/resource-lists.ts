import { granted, type Outcome, refused } from '../../model/outcome.ts';
import { deepestList, type ListName, mostMembers } from '../../model/resource-list.ts';
import type { XmlElement } from '../../xml/element.ts';
import { readXml } from '../../xml/read.ts';
import type { RequestedList, RequestedResource } from '../event-package.ts';
import { splitMultipart } from '../multipart.ts';
import { mixedType, resourceListsNamespace, resourceListsType } from './words.ts';

/** Three hundred addresses with a name each. */
export const longestRequest = 49_152;
const mostParts = 4;
const longestUri = 256;

/**
 * The list that a phone sends in its first SUBSCRIBE (RFC 5367 4, RFC 4826 3): addresses and what it calls them, each once
 * (RFC 5363 5.2). Lists within it are taken as if they were written out; what would have to be fetched from elsewhere is
 * not served. Refusals: 400 `list-malformed`, `list-empty`, `list-reference`, 413 `list-too-long` and those of the XML reader.
 */
export function readResourceLists(body: Buffer, contentType: string): Outcome<RequestedList | null> {
  if (body.length > longestRequest) return refused('list-too-long', 'Resource List Too Long', 413);
  if (contentType !== mixedType) return readDocument(body);
  const split = splitMultipart(body, mostParts);
  if (!split.ok) return refused('list-malformed', 'Malformed Multipart Body', split.refusal.status ?? 400);
  const lists = split.value.filter((part) => part.contentType === resourceListsType);
  const [list, ...others] = lists;
  if (list === undefined) return granted(null);
  if (others.length > 0) return refused('list-malformed', 'More Than One Resource List', 400);
  return readDocument(list.content);
}

function readDocument(body: Buffer): Outcome<RequestedList> {
  const read = readXml(body, { maxBytes: longestRequest });
  // COMPAT(Yealink): the list its manual prints has two declarations and a namespace twice. Guessing would light other lamps.
  if (!read.ok) return refused('list-malformed', 'Malformed Resource List', read.refusal.status ?? 400);
  const root = read.value;
  if (root.name !== 'resource-lists' || !isOurs(root)) {
    return refused('list-malformed', 'The Body Is No Resource List', 400);
  }
  const found = new Map<string, RequestedResource>();
  const lists = root.children.filter((child) => child.name === 'list' && isOurs(child));
  for (const list of lists) {
    const refusal = collect(list, 1, found);
    if (refusal !== null) return refusal;
  }
  if (found.size === 0) return refused('list-empty', 'The Resource List Is Empty', 400);
  // RFC 4826 3.1: several lists in one document are lists of their own; their names stand for the whole where it is one.
  const [only, ...others] = lists;
  return granted({
    names: others.length === 0 && only !== undefined ? namesOf(only) : [],
    resources: [...found.values()],
  });
}

/** null: taken. */
function collect(
  list: XmlElement,
  depth: number,
  found: Map<string, RequestedResource>,
): Outcome<RequestedList> | null {
  if (depth > deepestList) return refused('list-malformed', 'Lists Within Lists Too Deep', 400);
  for (const child of list.children) {
    if (!isOurs(child)) continue; // RFC 4826 3.1: extensions
    if (child.name === 'list') {
      const refusal = collect(child, depth + 1, found);
      if (refusal !== null) return refusal;
    } else if (child.name === 'entry') {
      const uri = child.attributes.get('uri') ?? '';
      if (uri === '' || uri.length > longestUri) return refused('list-malformed', 'An Entry Has No Usable URI', 400);
      if (!found.has(uri)) found.set(uri, { uri, names: namesOf(child) });
      if (found.size > mostMembers) return refused('list-too-long', `More Than ${mostMembers} Entries`, 413);
    } else if (child.name === 'entry-ref' || child.name === 'external') {
      return refused('list-reference', 'References In Lists Are Not Followed', 400); // RFC 5367 4: may be left out
    }
  }
  return null;
}

function namesOf(element: XmlElement): readonly ListName[] {
  const names = element.children.filter((child) => child.name === 'display-name' && isOurs(child));
  return names.flatMap(({ text, attributes }) => {
    const lang = attributes.get('lang') ?? '';
    return text === '' ? [] : [{ text, lang: isLanguage(lang) ? lang : null }];
  });
}

function isLanguage(tag: string): boolean {
  return /^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,4}$/.test(tag);
}

/** COMPAT(several): no namespace at all. */
function isOurs({ namespace }: XmlElement): boolean {
  return namespace === resourceListsNamespace || namespace === null;
}
