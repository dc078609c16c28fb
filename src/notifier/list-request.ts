import type { EventPackage, ListFormat, RequestedList } from '../event-packages/event-package.ts';
import type { Aor } from '../model/aor.ts';
import type { ListMember, ResourceList } from '../model/resource-list.ts';
import type { SubscribeAnswer, SubscribeRequest } from '../sip/front.ts';
import { negotiate } from './accept.ts';
import { listTermsOf, requireEventlist } from './list-terms.ts';
import type { ListReader } from './ports.ts';
import type { Draft } from './subscribe.ts';

/** What lists are made of; absent where there are none. */
export interface ListTools {
  readonly reader: ListReader;
  readonly format: ListFormat;
  /** Whom a URI means; null: nobody of our domains. */
  readonly aorFor: (uri: string) => Aor | null;
}

/**
 * Finds out whether a SUBSCRIBE is to a list: by its body (RFC 5367), or as its Request-URI names one. The grammar of the body
 * is judged here, and that the phone can read lists; who may watch comes after. Fills in `draft.list`.
 */
export function listRequested(draft: Draft, tools: ListTools): SubscribeAnswer | null {
  const { request, pkg, sub, aor } = draft;
  const hasBody = request.body.length > 0 && isListType(request, tools.format);
  if (sub !== null) {
    draft.list = listTermsOf(sub);
    // RFC 5367 5.1: a list in a refresh means nothing.
    return hasBody && draft.list !== null ? { status: 415 } : null;
  }
  if (pkg.eventlist !== true) return null;
  const read = hasBody ? readOwn(request, tools) : null;
  if (read !== null && 'answer' in read) return read.answer;
  if (read !== null && read.own !== null) draft.list = { own: read.own };
  else if (tools.reader.find(aor) !== null) draft.list = { own: null };
  if (draft.list === null || request.supported.includes('eventlist')) return null;
  return { status: 421, headers: requireEventlist }; // RFC 4662 4.1
}

/** RFC 4662 4.3: the phone must take the container and the list beside the package's own documents. */
export function listAccepted(accept: readonly string[] | null, { contentTypes }: ListFormat): boolean {
  return accept !== null && contentTypes.every((type) => negotiate(accept, [type]) !== null);
}

type OwnList = { readonly own: ResourceList | null } | { readonly answer: SubscribeAnswer };

function readOwn({ body, contentType }: SubscribeRequest, { format, aorFor }: ListTools): OwnList {
  if (body.length > format.maxRequestBytes) return { answer: { status: 413, reason: 'Resource List Too Long' } };
  const outcome = format.request(body, contentType ?? '');
  if (outcome.ok) return { own: outcome.value === null ? null : resolve(outcome.value, aorFor) };
  const { status = 400, message } = outcome.refusal;
  return { answer: { status, reason: message } };
}

/** RFC 5363 5.2: several addresses of one resource are one. */
function resolve({ names, resources }: RequestedList, aorFor: ListTools['aorFor']): ResourceList {
  const members = new Map<string, ListMember>();
  for (const { uri, names: called } of resources) {
    const aor = aorFor(uri);
    const key = aor ?? uri;
    if (!members.has(key)) members.set(key, { aor, uri, names: called });
  }
  return { names, members: [...members.values()] };
}

function isListType({ contentType }: SubscribeRequest, { requestTypes }: ListFormat): boolean {
  return contentType !== null && requestTypes.includes(contentType);
}

/** A list of packages whose resources are private is still everybody's to ask for: each member is judged by himself. */
export function watchersOf(pkg: EventPackage, list: Draft['list']): EventPackage['watchers'] {
  return list === null ? pkg.watchers : 'domain';
}
