import type { AgentRequest } from '../model/agent.ts';
import type { Aor } from '../model/aor.ts';
import type { FeatureName } from '../model/feature.ts';
import type { Outcome } from '../model/outcome.ts';
import type { PhoneProfile } from '../model/profile.ts';
import type { Published } from '../model/publication.ts';
import type { ListName } from '../model/resource-list.ts';
import type { Change, ResourceView, Topic } from '../model/views.ts';

/** Which parts of a resource a NOTIFY is about: everything, or the aspects named (`Change.aspects`). */
export type Scope = 'full' | readonly string[];

export interface Body {
  /** null: no body and no Content-Type. */
  readonly contentType: string | null;
  readonly content: string;
  /** The aspects this body is about, so that a run of NOTIFYs can go on after the first. */
  readonly covers: Scope;
  /** Parameters that the package puts into the Event header of its NOTIFY (RFC 6665 5.4.2); names and values are tokens. */
  readonly eventParams?: Readonly<Record<string, string>> | undefined;
}

/** One living subscription, as whoever may know the watchers of a resource sees it. */
export interface WatcherEntry {
  /** Never used again for another one. */
  readonly id: number;
  /** null: a trusted source that said no name. */
  readonly watcher: Aor | null;
  /** Whole seconds since it began, and until it expires. */
  readonly subscribedFor: number;
  readonly expiresIn: number;
}

/** A subscription that has ended, for those who knew it as living. */
export interface LeftWatcher {
  /** That of its `WatcherEntry`. */
  readonly id: number;
  readonly watcher: Aor | null;
  /** Whole seconds it lasted. */
  readonly subscribedFor: number;
  /** What ended it, RFC 3857 4.7.1. */
  readonly event: 'deactivated' | 'probation' | 'rejected' | 'timeout' | 'giveup' | 'noresource';
}

/** All a renderer may know of the subscription it renders for. */
export interface RenderRequest {
  /** The Request-URI of the first SUBSCRIBE, byte by byte. */
  readonly entity: string;
  /** The media type chosen from Accept; one of the package's `contentTypes`. */
  readonly contentType: string;
  readonly profile: PhoneProfile;
  readonly scope: Scope;
  /** `initial`: after a SUBSCRIBE; `change`; `final`: the subscription ends with this one NOTIFY. */
  readonly occasion: 'initial' | 'change' | 'final';
  /** Owned by the subscription; the renderer only prints it. Consecutive bodies take consecutive versions. */
  readonly version: number;
  /** Ids of the dialogs the last document showed as alive. */
  readonly shown: readonly string[];
  /** Bytes a body may have so that the NOTIFY passes the transport's size rule (RFC 3261 18.1.1). */
  readonly roomBytes: number;
  /** The authenticated subscriber; null: a trusted source that said no name. */
  readonly watcher: Aor | null;
  /** The watcher is the resource's own user. */
  readonly own: boolean;
  /** The admin lets the watcher take calls that ring at this resource. */
  readonly mayPickUp: boolean;
  /** An unguessable token, for multipart boundaries. */
  readonly boundary: string;
  /** The subscriptions to the package that this one is `about`, oldest first; empty for all other packages. */
  readonly watchers: readonly WatcherEntry[];
  /** Those to that package that ended not long ago; absent: none. */
  readonly left?: readonly LeftWatcher[];
  /** The parameters of the Event header that the package keeps (`EventPackage.params`); foreign text. */
  readonly params: Readonly<Record<string, string>>;
}

export interface Rendered {
  /**
   * At least one. Several bodies are several NOTIFYs, in order. None: `occasion` is `change`, and nothing is different from
   * what was `shown`, so that nothing is sent.
   */
  readonly bodies: readonly Body[];
  /** What `shown` shall be after these bodies have been sent. */
  readonly shown: readonly string[];
}

/** What a phone wished in the body of a SUBSCRIBE. */
export interface FeatureWish {
  readonly feature: FeatureName;
  readonly enabled: boolean;
  readonly target?: string | undefined;
  readonly ringCount?: number | undefined;
}

/** What the agent at a phone wishes to be. */
export type AgentPhoneWish = Omit<AgentRequest, 'aor' | 'origin'>;

/** `feature` says which; it names the aspect that the asking phone is told in any case. */
export type PhoneWish = FeatureWish | AgentPhoneWish;

export interface PhoneRequest {
  /** In the order of the body. */
  readonly wishes: readonly PhoneWish[];
  /** What the asking phone is told even though no wish changes it. */
  readonly tell: Scope;
}

/** What the body of a PUBLISH says. */
export interface Publication {
  /** What stands until the publication is modified, removed or expires; null: nothing does. */
  readonly said: Published | null;
  /** What the publisher wishes by it, once; put to the gate in this order, as if his key had been pressed. */
  readonly wishes: readonly PhoneWish[];
}

/** What a SUBSCRIBE asks for, to be judged by its package. */
export type SubscribeIntent = Pick<RenderRequest, 'watcher' | 'own' | 'params'> & {
  /** Media ranges as `model/media-range.ts` says; null where there is no Accept. */
  readonly accept: readonly string[] | null;
};

export type ClaimStatus = 'complete' | 'partial';

export interface EventPackage {
  /** RFC 6665 7.2: compared byte by byte. */
  readonly event: string;
  /** First = what is sent without an Accept header. */
  readonly contentTypes: readonly [string, ...string[]];
  /** Seconds. */
  readonly expires: { readonly min: number; readonly default: number; readonly max: number };
  /** Changes that wake its subscriptions. */
  readonly reads: readonly Topic[];
  /** False: this change of a topic in `reads` alters none of its documents (a forward, for lamps). Absent: any may. */
  concerns?(change: Change): boolean;
  /** `owner`: only the user himself; `domain`: any authenticated user of the same domain. */
  readonly watchers: 'owner' | 'domain';
  readonly implements: readonly { readonly spec: string; readonly section?: string; readonly status: ClaimStatus }[];
  /**
   * How soon one change may follow another. `profile` (default): not before the phone profile's `notifyMinIntervalMs`
   * (RFC 4235 3.10 and its like). `none`: at once; for packages whose changes answer a key.
   */
  readonly rate?: 'profile' | 'none';
  /** Never sooner than this, whatever the profile says; milliseconds, for `rate: profile`. Default 0. */
  readonly leastIntervalMs?: number;
  /** The package whose subscriptions its documents are about (RFC 3857): their births and ends wake its own. */
  readonly about?: string;
  /** Resources may be watched by list (RFC 4662); absent: one at a time. Each member is judged by `watchers` of its own. */
  readonly eventlist?: boolean;
  /** Parameters of the Event header that its subscriptions keep, lower case (RFC 6080 5.2). Default: none. */
  readonly params?: readonly string[];
  /**
   * The one of `params` that tells subscriptions of one phone to one resource apart: with another value of it, one does not
   * take the other's place when the phone starts again. Absent: only `id` does.
   */
  readonly distinguishedBy?: string;
  /**
   * RFC 6665 5.4.6: judges a SUBSCRIBE for which more counts than `watchers` and `contentTypes`, when it has passed
   * `watchers`. Answers what the subscription keeps as its `contentType`. A refusal carries the SIP status. Absent: `Accept`
   * chooses among `contentTypes`. Pure.
   */
  admits?(view: ResourceView, intent: SubscribeIntent): Outcome<string>;
  /** Largest body accepted in a SUBSCRIBE, bytes; 413 beyond. 0: bodies are ignored. */
  readonly maxRequestBytes: number;
  /** Pure: the same arguments give the same bytes. */
  render(view: ResourceView, request: RenderRequest): Rendered;
  /** Content types `request` understands; 415 with these in Accept otherwise. */
  readonly requestTypes?: readonly string[];
  /** Reads a SUBSCRIBE body. A refusal carries the SIP status. Pure. */
  request?(body: Buffer, contentType: string): Outcome<PhoneRequest>;
  /** Content types `publish` understands; 415 with these in Accept otherwise. Absent: `contentTypes`. */
  readonly publishTypes?: readonly string[];
  /** Largest body accepted in a PUBLISH, bytes; 413 beyond. Default 16,384. */
  readonly maxPublishBytes?: number;
  /**
   * Reads a PUBLISH body (RFC 3903). Absent: the package takes no publications. A refusal carries the SIP status. Pure.
   * Whom the body speaks of is no evidence: the resource is that of the Request-URI. `before` is what the same publication
   * said last (RFC 3903 4.4, modify), null for a new one: a partial document adds to it, and what only describes its
   * publisher is a wish where it differs.
   */
  publish?(body: Buffer, contentType: string, before?: Published | null): Outcome<Publication>;
}

/** How a resource in a list stands (RFC 4662 5.5). */
export type ListedInstance =
  | { readonly state: 'active'; readonly contentType: string; readonly content: string }
  /** `rejected`: this watcher may not see it; `noresource`: there is nobody. */
  | { readonly state: 'terminated'; readonly reason: 'rejected' | 'noresource' };

export interface ListedResource {
  readonly uri: string;
  readonly names: readonly ListName[];
  /** Asked only where it is put in. */
  readonly instance: () => ListedInstance;
}

export interface ListRenderRequest {
  /** The Request-URI of the first SUBSCRIBE, byte by byte. */
  readonly uri: string;
  readonly names: readonly ListName[];
  readonly version: number;
  /** `resources` are all there are: who is missing is in the list no more. */
  readonly fullState: boolean;
  /** What this NOTIFY is about, in order. */
  readonly resources: readonly ListedResource[];
  /** An unguessable token, a new one for each NOTIFY. */
  readonly boundary: string;
  readonly roomBytes: number;
  /** Nothing can follow: all of it, whatever the room. */
  readonly whole: boolean;
}

export interface ListBody {
  readonly contentType: string;
  readonly content: string;
  /** The first so many resources have their state in it. */
  readonly told: number;
}

export interface RequestedResource {
  readonly uri: string;
  readonly names: readonly ListName[];
}

/** The list a phone brings along. */
export interface RequestedList {
  readonly names: readonly ListName[];
  readonly resources: readonly RequestedResource[];
}

/** How lists of resources are written and read, whatever the package. */
export interface ListFormat {
  /** Media types that Accept has to name beside one of the package (RFC 4662 4.3). */
  readonly contentTypes: readonly string[];
  /** The address of a resource in the list that was subscribed to by this URI. Pure. */
  memberUri(list: string, member: Aor): string;
  /** Pure. */
  render(request: ListRenderRequest): ListBody;
  /** Content types of a SUBSCRIBE body that may hold a list (RFC 5367). */
  readonly requestTypes: readonly string[];
  /** Bytes; 413 beyond. */
  readonly maxRequestBytes: number;
  /** null: the body holds no list. A refusal carries the SIP status, and its message is a reason phrase. Pure. */
  request(body: Buffer, contentType: string): Outcome<RequestedList | null>;
}
