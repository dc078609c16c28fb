import { type FeatureName, type FeatureValue, featureOff } from '../../../src/model/feature.ts';
import { readXsdBoolean } from '../../../src/model/xsd-boolean.ts';
import { printable, readRings, safeProfile, safeValue } from './words.ts';

/** A subscription's address inside FreeSWITCH: all three exactly as it gave them, whatever the domain is really called. */
export interface Place {
  readonly profile: string;
  readonly user: string;
  readonly host: string;
}

/** What a phone wants. */
export type KeyRequest =
  /** To hear how things stand. */
  | { readonly ask: 'state' }
  | {
      readonly ask: 'set';
      readonly feature: FeatureName;
      readonly enabled: boolean;
      readonly target?: string;
      readonly ringCount?: number;
    }
  /** To set some forward, of which FreeSWITCH dropped type and value. */
  | { readonly ask: 'some-forward' }
  /** Nothing that could be done; it is told how things stand. */
  | { readonly ask: 'nonsense'; readonly why: string };

/** A phone's SUBSCRIBE for as-feature-event, as FreeSWITCH reports it. */
export interface PhoneKey {
  /** null: it names itself in a way that must not be repeated to FreeSWITCH. */
  readonly place: Place | null;
  /** null: unusable; the subscription cannot be told apart from the user's others. */
  readonly callId: string | null;
  /** The Contact header. */
  readonly contact: string;
  /** Seconds; 0 = the subscription ends. */
  readonly expires: number;
  readonly request: KeyRequest;
  /** Who it says it is, for the log: foreign text, shortened and without control characters. */
  readonly says: string;
}

type Event = Readonly<Record<string, string>>;

/** A subscription without a usable time; RFC 6665 leaves the choice to the server, FreeSWITCH grants what was asked. */
const usualExpires = 3600;
const longestExpires = 7 * 86_400;

/**
 * Reads PHONE_FEATURE_SUBSCRIBE; null for any other event, and for one that no phone sent: FreeSWITCH names the command of
 * whoever fired an event by hand (FusionPBX's own path, `fusionpbx.ts`).
 */
export function readPhoneKey(event: Event): PhoneKey | null {
  if (event['Event-Name'] !== 'PHONE_FEATURE_SUBSCRIBE' || event['Command'] !== undefined) return null;
  const { user = '', host = '', profile_name: profile = '', contact = '', expires = '' } = event;
  const known = safeValue.test(user) && safeHost.test(host) && safeProfile.test(profile);
  const callId = event['call-id'] ?? '';
  return {
    place: known ? { profile, user, host } : null,
    callId: safeCallId.test(callId) ? callId : null,
    contact,
    expires: /^\d{1,9}$/.test(expires) ? Math.min(Number(expires), longestExpires) : usualExpires,
    request: readRequest(event),
    says: printable(`${user}@${host} ${profile}`, 120),
  };
}

/** As given, an address in brackets included. */
const safeHost = /^[0-9A-Za-z.:[\]_-]{1,128}$/;
/** RFC 3261 25.1 `callid`, without what could mean something to a shell, an SQL statement or a log. */
const safeCallId = /^[0-9A-Za-z.!*+~()<>:[\]/?{}@&=_-]{1,200}$/;

const actions: Readonly<Record<string, FeatureName>> = {
  forward_immediate: 'cfa',
  forward_busy: 'cfb',
  forward_no_answer: 'cfna',
};

/** Longer than anything a gate would look at; whatever it is, it is no number. */
const longestTarget = 512;

function readRequest(event: Event): KeyRequest {
  const action = event['Feature-Action'];
  if (action === undefined) return { ask: 'state' };
  const enabled = readXsdBoolean(event['Feature-Enabled']);
  if (action === 'SetDoNotDisturb') {
    return enabled === null ? nonsense('no truth value') : { ask: 'set', feature: 'dnd', enabled };
  }
  if (action !== 'SetCallForward') return nonsense('an unknown action');
  const name = event['Action-Name'];
  // COMPAT(FreeSWITCH 1.11): a SetForwarding without forwardDN, or of an unknown type, is reported by its name alone.
  if (name === undefined) return { ask: 'some-forward' };
  const feature = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (feature === undefined) return nonsense('an unknown forward');
  if (enabled === null) return nonsense('no truth value');
  const target = (event['Action-Value'] ?? '').trim();
  if (target.length > longestTarget) return nonsense('a target too long to be one');
  const ringCount = feature === 'cfna' ? readRings(event['ringCount']) : undefined;
  return {
    ask: 'set',
    feature,
    enabled,
    // Off keeps the stored target, whatever the phone says; on without one means the stored target.
    ...(enabled && target !== '' ? { target } : {}),
    ...(ringCount === undefined ? {} : { ringCount }),
  };
}

function nonsense(why: string): KeyRequest {
  return { ask: 'nonsense', why };
}

/** The header by which a Lamplighter knows its own PHONE_FEATURE when it comes back. */
export const markHeader = 'Lamplighter';

/** A PHONE_FEATURE somebody fired: what phones are told of a user. */
export interface Notice {
  /** The mark of the Lamplighter that fired it; null: somebody else did. */
  readonly mark: string | null;
  readonly user: string;
  readonly host: string;
  /** What it says. */
  readonly reports: readonly { readonly feature: FeatureName; readonly value: FeatureValue }[];
}

/** Reads PHONE_FEATURE (also when fired as SWITCH_EVENT_PHONE_FEATURE); null for any other event. */
export function readNotice(event: Event): Notice | null {
  if (event['Event-Name'] !== 'PHONE_FEATURE') return null;
  const { user = '', host = '' } = event;
  return { mark: event[markHeader] ?? null, user, host, reports: readReports(event) };
}

function readReports(event: Event): Notice['reports'] {
  const kind = event['Feature-Event'];
  const reports: { feature: FeatureName; value: FeatureValue }[] = [];
  const dnd = readXsdBoolean(event['doNotDisturbOn']);
  if ((kind === 'DoNotDisturbEvent' || kind === 'init') && dnd !== null) {
    reports.push({ feature: 'dnd', value: { ...featureOff, enabled: dnd } });
  }
  if (kind !== 'ForwardingEvent' && kind !== 'init') return reports;
  for (const [name, feature] of Object.entries(actions)) {
    const enabled = readXsdBoolean(event[`${name}_enabled`]);
    if (enabled === null) continue;
    const target = (event[name] ?? '').trim();
    const ringCount = feature === 'cfna' ? (readRings(event['ringCount']) ?? null) : null;
    // COMPAT(FusionPBX): 0 stands for no target, because FreeSWITCH drops what is empty.
    reports.push({ feature, value: { enabled, target: target === '' || target === '0' ? null : target, ringCount } });
  }
  return reports;
}
