import { type FeatureName, type FeatureState, featureNames } from '../../../src/model/feature.ts';
import { granted, type Outcome, refused } from '../../../src/model/outcome.ts';
import { markHeader, type Place } from './phone-feature.ts';
import { safeValue } from './words.ts';

export type Features = Readonly<Record<FeatureName, FeatureState>>;

/** The headers of one `sendevent PHONE_FEATURE`: one NOTIFY for each phone it reaches. */
export type Notification = Readonly<Record<string, string>>;

export interface NoticeStyle {
  /** What stands for "no target": FreeSWITCH leaves a forward out whose target is empty. */
  readonly emptyTarget: string;
  /** By which we know our own events when they come back. */
  readonly mark: string;
}

/** Every XML of FreeSWITCH stays below this; above 1,024 it writes into memory that it has freed. Bytes. */
const mostXmlBytes = 900;

type ForwardName = Exclude<FeatureName, 'dnd'>;

const forwards: Readonly<Record<ForwardName, string>> = {
  cfa: 'forward_immediate',
  cfb: 'forward_busy',
  cfna: 'forward_no_answer',
};

/**
 * What FreeSWITCH must be sent so that phones show these features: one document for one feature, all of them together
 * (`init`) for more. `callId`: one subscription; null: all of this user at this place. `device` is our own word for the
 * user, never the phone's. A target that FreeSWITCH must not be given is told as `emptyTarget`: the lamp is right, the
 * number is not shown. Refusal `unspeakable`: the user himself cannot be named.
 */
export function buildNotice(
  place: Place,
  callId: string | null,
  features: Features,
  scope: readonly FeatureName[],
  style: NoticeStyle,
): Outcome<Notification> {
  const { profile, user, host } = place;
  if (!safeValue.test(user)) return refused('unspeakable', 'the user has a name that FreeSWITCH must not be given');
  const to = { profile, user, host, ...(callId === null ? {} : { 'call-id': callId }), device: user };
  const mark = { [markHeader]: style.mark };
  const [only, ...others] = scope;
  const body = only !== undefined && others.length === 0 ? single(features, only, style) : init(features, style);
  const notification = { ...to, ...body, ...mark };
  const bytes = longestXml(notification);
  if (bytes > mostXmlBytes) return refused('unspeakable', `${bytes} bytes of XML are more than FreeSWITCH survives`);
  return granted(notification);
}

function single(features: Features, feature: FeatureName, style: NoticeStyle): Notification {
  if (feature === 'dnd') return { 'Feature-Event': 'DoNotDisturbEvent', ...dndHeaders(features) };
  return { 'Feature-Event': 'ForwardingEvent', ...forwardHeaders(features, feature, style) };
}

function init(features: Features, style: NoticeStyle): Notification {
  const named = featureNames.filter((it): it is ForwardName => it !== 'dnd' && features[it].assigned);
  const parts = named.map((feature) => forwardHeaders(features, feature, style));
  return { 'Feature-Event': 'init', ...dndHeaders(features), ...Object.assign({}, ...parts) };
}

function dndHeaders({ dnd }: Features): Notification {
  return { doNotDisturbOn: String(isOn(dnd)) };
}

function forwardHeaders(features: Features, feature: ForwardName, style: NoticeStyle): Notification {
  const state = features[feature];
  const target = state.target !== null && safeValue.test(state.target) ? state.target : style.emptyTarget;
  const rings = feature === 'cfna' && state.ringCount !== null ? { ringCount: String(state.ringCount) } : {};
  const name = forwards[feature];
  return { [name]: target, [`${name}_enabled`]: String(isOn(state)), ...rings };
}

function isOn(state: FeatureState): boolean {
  return state.assigned && state.enabled;
}

/** COMPAT(FreeSWITCH 1.11): what is the same in each document that `write_csta_xml_chunk` writes, rounded up. */
const frameBytes = 330;

/** Bytes of the longest document FreeSWITCH makes of these headers. */
export function longestXml(headers: Notification): number {
  const size = (name: string) => Buffer.byteLength(headers[name] ?? '');
  const forward = Math.max(...Object.values(forwards).map((name) => size(name) + size(`${name}_enabled`)));
  return frameBytes + size('device') + Math.max(size('doNotDisturbOn'), forward + size('ringCount'));
}
