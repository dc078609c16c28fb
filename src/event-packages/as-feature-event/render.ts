import { userOf } from '../../model/aor.ts';
import { type FeatureName, type FeatureState, featureNames } from '../../model/feature.ts';
import type { ResourceView } from '../../model/views.ts';
import { XmlWriter } from '../../xml.ts';
import type { Body, Rendered, RenderRequest, Scope } from '../event-package.ts';
import { bodyType, forwardingTypes, multipartType, namespace } from './words.ts';

interface Part {
  readonly feature: FeatureName;
  readonly xml: string;
}

/** One document a feature: alone, together in multipart/mixed, or in a run of NOTIFYs where that would not fit. */
export function renderFeatures(view: ResourceView, request: RenderRequest): Rendered {
  const named = namedIn(request.scope);
  const features = named ?? featureNames.filter((feature) => view.features[feature].assigned);
  const parts = features.map((feature) => ({ feature, xml: renderFeature(view, feature) }));
  return { bodies: bodiesOf(parts, named ?? 'full', request), shown: [] };
}

/**
 * The features a scope names, in the order DND, CFA, CFB, CFNA; null where it means everything. A full picture leaves out
 * what the user does not have; a feature asked for by name is told even then, as off: the phone that wished it must be
 * put right.
 */
function namedIn(scope: Scope): readonly FeatureName[] | null {
  const named = scope === 'full' ? [] : featureNames.filter((feature) => scope.includes(feature));
  return named.length > 0 ? named : null;
}

function bodiesOf(parts: readonly Part[], covers: Scope, request: RenderRequest): readonly Body[] {
  const [first, ...others] = parts;
  if (first === undefined) return [{ contentType: null, content: '', covers }];
  if (others.length === 0) return [{ contentType: bodyType, content: first.xml, covers }];
  const together: Body = {
    contentType: `${multipartType};boundary="${request.boundary}"`,
    content: joinParts(parts, request.boundary),
    covers,
  };
  return inOne(together, request) ? [together] : parts.map(single);
}

function single({ feature, xml }: Part): Body {
  return { contentType: bodyType, content: xml, covers: [feature] };
}

/** RFC 3261 18.1.1: a four-feature multipart never passes over UDP; a run does, and keeps to Accept (RFC 6665 4.1.2.1). */
function inOne(together: Body, { profile, occasion, roomBytes }: RenderRequest): boolean {
  if (occasion === 'final') return true; // RFC 6665 4.2.2: nothing follows a terminated NOTIFY
  if (profile.initialNotify === 'auto') return Buffer.byteLength(together.content) <= roomBytes;
  return profile.initialNotify === 'multipart';
}

/** RFC 2046 5.1.1. */
function joinParts(parts: readonly Part[], boundary: string): string {
  const written = parts.map(
    ({ xml }) =>
      `--${boundary}\r\nContent-Type: ${bodyType}\r\nContent-Length: ${Buffer.byteLength(xml)}\r\n\r\n${xml}\r\n`,
  );
  return `${written.join('')}--${boundary}--\r\n`;
}

function renderFeature(view: ResourceView, feature: FeatureName): string {
  const state = view.features[feature];
  const xml = new XmlWriter('ISO-8859-1');
  xml.open(feature === 'dnd' ? 'DoNotDisturbEvent' : 'ForwardingEvent', { xmlns: namespace });
  xml.leaf('device', {}, userOf(view.aor)); // never the phone's text: others would read it
  if (feature === 'dnd') xml.leaf('doNotDisturbOn', {}, String(isOn(state)));
  else renderForward(xml, feature, state);
  return xml.end();
}

function renderForward(xml: XmlWriter, feature: keyof typeof forwardingTypes, state: FeatureState): void {
  xml.leaf('forwardingType', {}, forwardingTypes[feature]);
  xml.leaf('forwardStatus', {}, String(isOn(state)));
  xml.leaf('forwardTo', {}, state.target ?? ''); // remembered while off; empty, as a `0` would be shown as a number
  if (feature === 'cfna' && state.ringCount !== null) xml.leaf('ringCount', {}, String(state.ringCount));
}

function isOn(state: FeatureState): boolean {
  return state.assigned && state.enabled;
}
