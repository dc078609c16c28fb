import type { EventPackage, PhoneRequest, Scope } from '../event-packages/event-package.ts';
import type { Aor } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { PhoneProfile } from '../model/profile.ts';
import type { Random } from '../model/random.ts';
import type { ResourceView } from '../model/views.ts';
import type { SubscribeAnswer, SubscribeRequest } from '../sip/front.ts';
import { negotiate } from './accept.ts';
import { mayWatch } from './authorize.ts';
import type { Crowd } from './crowd.ts';
import { interval } from './interval.ts';
import { type ListTools, listAccepted, listRequested, watchersOf } from './list-request.ts';
import type { ListTerms } from './list-terms.ts';
import { block } from './numbers.ts';
import type { StateReader } from './ports.ts';
import { leastIntervalMs } from './rate.ts';
import { type Channel, newChannel, type Subscription } from './record.ts';
import { readBody } from './request-body.ts';
import { isReplaceable, kindOf, type Roster } from './roster.ts';
import { joinScopes, nothingOwed } from './subscription.ts';
import { isEmpty, type Terms, termsOf } from './terms.ts';

/** What the steps may look at. */
export interface Desk {
  readonly clock: Clock;
  readonly packages: ReadonlyMap<string, EventPackage>;
  readonly state: Pick<StateReader, 'has' | 'view'>;
  readonly roster: Roster;
  readonly channelOf: (request: SubscribeRequest) => Channel | null;
  readonly limits: { readonly perUser: number; readonly perAddress: number };
  readonly random: Random;
  /** Share of an interval by which it may be granted shorter where many come at once, 0 to 0.5. */
  readonly expirySpread: () => number;
  readonly crowd: Crowd;
  /** null: no lists are served. */
  readonly lists: ListTools | null;
  /** Living subscriptions of a user to lists. */
  readonly listsOf: (watcher: Aor) => number;
}

/** A SUBSCRIBE on its way through the steps. */
export interface Draft {
  readonly request: SubscribeRequest;
  readonly pkg: EventPackage;
  readonly aor: Aor;
  readonly entity: string;
  /** The dialog it came in; null for a new one. */
  readonly channel: Channel | null;
  /** The subscription it refreshes or ends; null for a new one and for a fetch. */
  readonly sub: Subscription | null;
  contentType: string;
  /** Seconds granted. */
  expires: number;
  phone: PhoneRequest | null;
  /** null: it is to a single resource. */
  list: ListTerms | null;
}

export type Examined =
  | { readonly ok: true; readonly draft: Draft }
  /** `gone`: the subscription that the refusal ends. */
  | { readonly ok: false; readonly answer: SubscribeAnswer; readonly gone: Subscription | null };

/** Subscriptions of one user to lists. */
const mostLists = 20;

/** The way of every SUBSCRIBE: the first step that answers ends it. Nothing is changed on the way. */
const steps: readonly ((draft: Draft, desk: Desk) => SubscribeAnswer | null)[] = [
  listFound,
  watcherAuthorised,
  resourceExists,
  formAccepted,
  intervalGranted,
  bodyUnderstood,
  withinLimits,
];

export function examine(request: SubscribeRequest, desk: Desk): Examined {
  const pkg = desk.packages.get(request.event);
  if (pkg === undefined) return refuse({ status: 489 }); // RFC 6665 4.2.1.1; the front adds Allow-Events
  const draft = request.initial ? newDialog(request, pkg) : sameDialog(request, pkg, desk);
  if (draft === null) return refuse({ status: request.initial ? 404 : 481 });
  for (const step of steps) {
    const answer = step(draft, desk);
    if (answer !== null) return refuse(answer, step === resourceExists ? draft.sub : null);
  }
  return { ok: true, draft };
}

function newDialog(request: SubscribeRequest, pkg: EventPackage): Draft | null {
  if (request.resource === null) return null;
  const [contentType] = pkg.contentTypes;
  const { resource: aor, requestUri: entity } = request;
  return { request, pkg, aor, entity, channel: null, sub: null, contentType, expires: 0, phone: null, list: null };
}

/** In a dialog the stored subscription names the resource: the Request-URI is only our Contact. */
function sameDialog(request: SubscribeRequest, pkg: EventPackage, desk: Desk): Draft | null {
  const channel = desk.channelOf(request);
  if (channel === null) return null;
  // RFC 6665 4.5.2: package and id, byte by byte, tell the subscriptions of one dialog apart.
  const same = (sub: Subscription) => sub.ending === null && sub.pkg === pkg && sub.eventId === request.eventId;
  const sub = channel.usages.find(same) ?? null;
  if (sub === null && request.expires === 0) return null; // nothing to end, and a fetch has no dialog
  const { aor, entity } = sub ?? channel;
  const contentType = sub?.contentType ?? pkg.contentTypes[0];
  return { request, pkg, aor, entity, channel, sub, contentType, expires: 0, phone: null, list: null };
}

function listFound(draft: Draft, { lists }: Desk): SubscribeAnswer | null {
  return lists === null ? null : listRequested(draft, lists);
}

function watcherAuthorised({ request, aor, pkg, list }: Draft): SubscribeAnswer | null {
  return mayWatch(request.watcher, aor, watchersOf(pkg, list)) ? null : { status: 403 };
}

function resourceExists({ aor, list, pkg }: Draft, { state, lists }: Desk): SubscribeAnswer | null {
  const exists = list === null ? state.has(aor, pkg.reads) : list.own !== null || lists?.reader.find(aor) != null;
  return exists ? null : { status: 404 };
}

function formAccepted(draft: Draft, { state, lists }: Desk): SubscribeAnswer | null {
  const { request, pkg, sub, list } = draft;
  const keeps = sub !== null && request.accept === null;
  if (list !== null && lists !== null && !keeps && !listAccepted(request.accept, lists.format)) return { status: 406 };
  if (pkg.admits !== undefined) return admitted(draft, state.view(draft.aor));
  // A refresh that says nothing keeps what was agreed.
  const contentType =
    request.accept === null && sub !== null ? sub.contentType : negotiate(request.accept, pkg.contentTypes);
  if (contentType === null) return { status: 406 }; // RFC 6665 4.1.2.1
  draft.contentType = contentType;
  return null;
}

/** RFC 6665 5.4.6: what the package itself makes of it. */
function admitted(draft: Draft, view: ResourceView): SubscribeAnswer | null {
  const { request, pkg, aor, sub } = draft;
  const watcher = request.watcher.aor;
  const accept = request.accept === null && sub !== null ? sub.contentType.split(', ') : request.accept;
  const params = { ...sub?.terms?.params, ...request.eventParams };
  const judged = pkg.admits?.(view, { watcher, own: watcher === aor, accept, params });
  if (judged === undefined) return null;
  if (!judged.ok) return { status: judged.refusal.status ?? 403 };
  draft.contentType = judged.value;
  return null;
}

function intervalGranted(draft: Draft, { random, expirySpread, crowd, clock }: Desk): SubscribeAnswer | null {
  const shorter = () => (crowd.joins(clock.now()) ? random.fraction() * expirySpread() : 0);
  const given = interval(draft.request.expires, draft.pkg.expires, shorter);
  if ('tooBrief' in given) return { status: 423, headers: [['Min-Expires', String(given.tooBrief)]] };
  draft.expires = given.granted;
  return null;
}

function bodyUnderstood(draft: Draft): SubscribeAnswer | null {
  const read = readBody(draft.request, draft.pkg);
  if ('answer' in read) return read.answer;
  draft.phone = read.phone;
  return null;
}

/** security.md 5. Only what would be kept counts, and a phone that replaces its own takes no second place. */
function withinLimits(draft: Draft, { roster, limits, clock, listsOf }: Desk): SubscribeAnswer | null {
  const { request, pkg, aor, sub, expires, list } = draft;
  const { watcher, eventId, device, path } = request;
  if (watcher.how === 'trusted' || sub !== null || expires === 0) return null;
  const kind = kindOf(pkg, request.eventParams);
  const twins = roster.twins({ aor, pkg, eventId, watcher: watcher.aor, device, kind });
  if (twins.some((twin) => isReplaceable(twin, path.flow, clock.now()))) return null;
  if (watcher.aor !== null && roster.ofUser(watcher.aor) >= limits.perUser) return { status: 403 };
  if (list !== null && watcher.aor !== null && listsOf(watcher.aor) >= mostLists) return { status: 403 };
  if (roster.ofAddress(path.flow.remote.address) < limits.perAddress) return null;
  return { status: 503, headers: [['Retry-After', '60']] };
}

function refuse(answer: SubscribeAnswer, gone: Subscription | null = null): Examined {
  return { ok: false, answer, gone };
}

/** The first SUBSCRIBE of a subscription and a bare refresh get everything, a key press what it was about. */
export function tellScope({ phone }: Draft): Scope {
  if (phone === null) return 'full';
  const wished = phone.wishes.map((wish) => wish.feature);
  const scope = joinScopes(phone.tell, wished);
  return scope === null || scope.length === 0 ? 'full' : scope;
}

const nothingShown: readonly string[] = [];

/** The subscription a draft asks for, owing nothing yet. A new dialog gets its first block of CSeqs. */
export function newSubscription(draft: Draft, id: number, now: number, profile: PhoneProfile): Subscription {
  const { request, pkg, aor, entity, contentType, expires } = draft;
  const { dialog, eventId, watcher, device, userAgent } = request;
  if (draft.channel === null) dialog.localCseqLimit = dialog.localCseq + block;
  const version = firstVersion(draft);
  return {
    id,
    aor,
    pkg,
    eventId,
    entity,
    contentType,
    watcher: watcher.aor,
    device,
    kind: kindOf(pkg, request.eventParams),
    terms: termsAsked(draft, profile, null),
    userAgent,
    profile,
    createdAt: now,
    channel: draft.channel ?? newChannel(dialog, aor, entity),
    address: dialog.flow.remote.address,
    counted: watcher.how !== 'trusted',
    expiresAt: now + expires * 1000,
    bucket: 0,
    nextToExpire: null,
    previousToExpire: null,
    granted: expires,
    debt: nothingOwed,
    ending: null,
    version,
    versionLimit: version + block,
    shown: nothingShown,
    lastNotifyAt: null,
    lastStatus: null,
    notifies: 0,
  };
}

/** What a SUBSCRIBE asks for beside the plain; `before`: what was agreed so far. */
export function termsAsked(
  { request, pkg, expires, list }: Draft,
  profile: PhoneProfile,
  before: Terms | null,
): Terms | null {
  if (before === null && list === null && isEmpty(request.eventParams)) return null;
  return termsOf(request.eventParams, pkg, { expires, intervalMs: leastIntervalMs(pkg, profile) }, before, list);
}

/**
 * RFC 4235 4.1.1: 0. A phone that unsubscribes and subscribes again in the same dialog may not have heard the end of the
 * old subscription; to it, a lower version is an old document. Other subscriptions to the package count as well: they
 * are what a restart leaves of the dialog's past.
 */
function firstVersion({ channel, pkg }: Draft): number {
  if (channel === null) return 0;
  const before = channel.usages.filter((usage) => usage.pkg === pkg);
  // one that ends has one more document to send
  return Math.max(
    channel.firstVersion,
    ...before.map(({ version, ending }) => (ending === null ? version : version + 1)),
  );
}
