import type { EventPackage, Publication } from '../event-packages/event-package.ts';
import { type Aor, domainOf } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { PublishAnswer, PublishRequest } from '../sip/front.ts';
import type { Pace } from './pace.ts';
import type { PublishRight, RightOf } from './ports.ts';
import type { PublicationRecord } from './record.ts';
import type { Shelf } from './shelf.ts';

/** A package that takes publications. */
export type Publishable = EventPackage & Required<Pick<EventPackage, 'publish'>>;

export interface PublishLimits {
  /** Publications of one publisher for one resource, and of all of them for it. */
  readonly perPublisher: number;
  readonly perResource: number;
  readonly total: number;
}

/** Seconds. */
export interface PublishInterval {
  readonly min: number;
  readonly max: number;
}

/** What the steps may look at. */
export interface Desk {
  readonly clock: Clock;
  readonly packages: ReadonlyMap<string, EventPackage>;
  readonly state: { /** False: certainly no such extension. */ has(aor: Aor): boolean };
  readonly shelf: Shelf;
  readonly pace: Pace;
  readonly rightOf: RightOf;
  readonly interval: PublishInterval;
  readonly limits: PublishLimits;
  /** Bodies with wishes of this resource that the gate has not come to. */
  readonly wishing: (aor: Aor) => number;
}

/** A PUBLISH on its way through the steps. */
export interface Draft {
  readonly request: PublishRequest;
  readonly pkg: Publishable;
  readonly publisher: Aor;
  readonly right: Exclude<PublishRight, 'none'>;
  /** The publication that it refreshes, modifies or removes; null for a new one. */
  record: PublicationRecord | null;
  /** Seconds granted; 0: it ends. */
  expires: number;
  /** What its body says; null: nothing new. */
  publication: Publication | null;
}

type Step = (draft: Draft, desk: Desk) => PublishAnswer | null;

/** Bodies with wishes that may wait for the gate, for one resource: it takes 2 s for one where the PBX is silent. */
const mostWishing = 5;
const defaultMaxBytes = 16_384;
const oneMinute = [['Retry-After', '60']] as const;

/** RFC 3903 6, in its order. The first step that answers ends it; nothing is changed on the way. */
const steps: readonly Step[] = [tagMatches, hasBodyOrTag, intervalGranted, bodyUnderstood, mayWish, withinLimits];

/**
 * Who may publish here, and how fast: judged as a request comes. Whether there is such a resource learns only who may
 * publish for it.
 */
export function admit(request: PublishRequest, desk: Desk): Draft | PublishAnswer {
  const pkg = desk.packages.get(request.event);
  if (pkg === undefined || !takesPublications(pkg)) return { status: 489 }; // P39-02; the front adds Allow-Events
  const publisher = request.publisher.aor;
  const right = publisher === null ? 'none' : rightFor(publisher, request.resource, desk.rightOf);
  // RFC 3903 14.1; a trusted neighbour without a name speaks for nobody.
  if (publisher === null || right === 'none') return { status: 403, settings: pkg.request !== undefined };
  if (!desk.state.has(request.resource)) return { status: 404 };
  const seconds = desk.pace.take(`${publisher}\n${request.resource}`);
  if (seconds > 0) return tooFast(seconds); // P39-09
  if (desk.wishing(request.resource) >= mostWishing) return tooFast(2);
  return { request, pkg, publisher, right, record: null, expires: 0, publication: null };
}

/** Runs all steps in the resource's turn; null where each let it pass. */
export function examine(draft: Draft, desk: Desk): PublishAnswer | null {
  for (const step of steps) {
    const answer = step(draft, desk);
    if (answer !== null) return answer;
  }
  return null;
}

export function takesPublications(pkg: EventPackage): pkg is Publishable {
  return pkg.publish !== undefined;
}

/** He himself may always; others of his domain as the admin says. */
export function rightFor(publisher: Aor, resource: Aor, rightOf: RightOf): PublishRight {
  if (publisher === resource) return 'features';
  return domainOf(publisher) === domainOf(resource) ? rightOf(publisher, resource) : 'none';
}

/** P39-03. A tag is good for its own publication only, and in the hands of its publisher. */
function tagMatches(draft: Draft, { shelf }: Desk): PublishAnswer | null {
  const { ifMatch, resource, event } = draft.request;
  if (ifMatch === null) return null;
  const record = shelf.byTag(ifMatch);
  const isIts = record?.aor === resource && record.event === event && record.publisher === draft.publisher;
  if (record === null || !isIts) return { status: 412 };
  draft.record = record;
  return null;
}

/** P39-05. */
function hasBodyOrTag({ request }: Draft): PublishAnswer | null {
  return request.ifMatch === null && request.body.length === 0 ? { status: 400, reason: 'Nothing To Publish' } : null;
}

/** P39-04: shortened freely, too brief is said; 0 ends it. */
function intervalGranted(draft: Draft, { interval }: Desk): PublishAnswer | null {
  const wanted = draft.request.expires ?? interval.max;
  if (wanted !== 0 && wanted < interval.min) {
    return { status: 423, headers: [['Min-Expires', String(interval.min)]] };
  }
  draft.expires = Math.min(wanted, interval.max);
  return null;
}

/** P39-05. The body of what ends at once says nothing that lasts, and is not read. */
function bodyUnderstood(draft: Draft): PublishAnswer | null {
  const { request, pkg, record, expires } = draft;
  if (expires === 0 || request.body.length === 0) return null;
  if (request.body.length > (pkg.maxPublishBytes ?? defaultMaxBytes)) return { status: 413 };
  const types = pkg.publishTypes ?? pkg.contentTypes;
  if (request.contentType === null || !types.includes(request.contentType)) {
    return { status: 415, headers: [['Accept', types.join(', ')]] };
  }
  const read = pkg.publish(request.body, request.contentType, record?.said ?? null);
  if (!read.ok) return { status: read.refusal.status ?? 400 };
  draft.publication = read.value;
  return null;
}

/** What is only a wish is refused where he may not wish it; beside a state it is passed over. */
function mayWish(draft: Draft): PublishAnswer | null {
  const { publication, right } = draft;
  if (publication === null || publication.wishes.length === 0 || right === 'features') return null;
  if (publication.said === null) return { status: 403, settings: true };
  draft.publication = { ...publication, wishes: [] };
  return null;
}

/**
 * What was published stays until its interval ends, so that a new one is refused and none is thrown out. But where nothing
 * was said that stands, as by a key, there is nothing to keep: a phone that presses its keys without tags goes on with its
 * oldest publication of that kind, and never runs out of them.
 */
function withinLimits(draft: Draft, { shelf, limits }: Desk): PublishAnswer | null {
  const { request, record, publisher, publication, expires } = draft;
  if (record !== null || expires === 0) return null;
  const here = shelf.of(request.resource);
  const own = here.filter((one) => one.publisher === publisher);
  if (own.length >= limits.perPublisher) {
    const empty = own.find(({ event, said }) => event === request.event && said === null);
    if (publication?.said !== null || empty === undefined) return { status: 403, reason: 'Too Many Publications' };
    draft.record = empty;
    return null;
  }
  return here.length >= limits.perResource || shelf.size >= limits.total ? { status: 503, headers: oneMinute } : null;
}

function tooFast(seconds: number): PublishAnswer {
  return { status: 503, headers: [['Retry-After', String(seconds)]] };
}
