import type { ListFormat } from '../event-package.ts';
import { memberUri } from './member-uri.ts';
import { renderList } from './render.ts';
import { longestRequest, readResourceLists } from './resource-lists.ts';
import { mixedType, relatedType, resourceListsType, rlmiType } from './words.ts';

/** Resource lists: how they are told (RFC 4662), and how a phone brings its own (RFC 5367, RFC 4826). */
export const listFormat: ListFormat = {
  contentTypes: [relatedType, rlmiType],
  memberUri,
  render: renderList,
  requestTypes: [resourceListsType, mixedType],
  maxRequestBytes: longestRequest,
  request: readResourceLists,
};
