import type { Aor } from '../model/aor.ts';
import type { FeatureName } from '../model/feature.ts';
import type { Outcome } from '../model/outcome.ts';
import type { PhoneProfile } from '../model/profile.ts';
import type { Change, ResourceView, Topic } from '../model/views.ts';

/** Which parts of a resource a NOTIFY is about: everything, or the aspects named (`Change.aspects`). */
export type Scope = 'full' | readonly string[];

export interface Body {
  /** null: no body and no Content-Type. */
  readonly contentType: string | null;
  readonly content: string;
  /** The aspects this body is about, so that a run of NOTIFYs can go on after the first. */
  readonly covers: Scope;
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
  /** The watcher is the resource's own user. */
  readonly own: boolean;
  /** The admin lets the watcher take calls that ring at this resource. */
  readonly mayPickUp: boolean;
  /** An unguessable token, for multipart boundaries. */
  readonly boundary: string;
  /** The subscriptions to the package that this one is `about`, oldest first; empty for all other packages. */
  readonly watchers: readonly WatcherEntry[];
  /** The parameters of the Event header that the package keeps (`EventPackage.params`); foreign text. */
  readonly params: Readonly<Record<string, string>>;
}

export interface Rendered {
  /** At least one. Several bodies are several NOTIFYs, in order. */
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

export interface PhoneRequest {
  /** In the order of the body. */
  readonly wishes: readonly FeatureWish[];
  /** What the asking phone is told even though no wish changes it. */
  readonly tell: Scope;
}

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
  /** Parameters of the Event header that its subscriptions keep, lower case (RFC 6080 5.2). Default: none. */
  readonly params?: readonly string[];
  /** Largest body accepted in a SUBSCRIBE, bytes; 413 beyond. 0: bodies are ignored. */
  readonly maxRequestBytes: number;
  /** Pure: the same arguments give the same bytes. */
  render(view: ResourceView, request: RenderRequest): Rendered;
  /** Content types `request` understands; 415 with these in Accept otherwise. */
  readonly requestTypes?: readonly string[];
  /** Reads a SUBSCRIBE body. A refusal carries the SIP status. Pure. */
  request?(body: Buffer, contentType: string): Outcome<PhoneRequest>;
}
