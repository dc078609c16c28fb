import { userOf } from '../../model/aor.ts';
import { type FeatureName, type FeatureState, featureNames } from '../../model/feature.ts';
import type { ResourceView } from '../../model/views.ts';
import { XmlWriter } from '../../xml/write.ts';
import type { Body, Rendered, RenderRequest, Scope } from '../event-package.ts';
import { joinParts, type WrittenPart } from '../multipart.ts';
import { type AgentAspect, agentAspects, renderAgent } from './agent.ts';
import { bodyType, forwardingTypes, multipartType, namespace } from './words.ts';

type Aspect = FeatureName | AgentAspect;

interface Part {
  readonly aspect: Aspect;
  readonly xml: string;
}

/** One document a feature: alone, together in multipart/mixed, or in a run of NOTIFYs where that would not fit. */
export function renderFeatures(view: ResourceView, request: RenderRequest): Rendered {
  const named = namedIn(view, request.scope);
  const parts = (named ?? everythingOf(view)).map((aspect) => ({ aspect, xml: renderAspect(view, aspect) }));
  return { bodies: bodiesOf(parts, named ?? 'full', request), shown: [] };
}

/**
 * What a scope names, in the order DND, CFA, CFB, CFNA, agent; null where it means everything. A full picture leaves out
 * what the user does not have; a feature asked for by name is told even then, as off: the phone that wished it must be
 * put right.
 */
function namedIn(view: ResourceView, scope: Scope): readonly Aspect[] | null {
  if (scope === 'full') return null;
  const named = featureNames.filter((feature) => scope.includes(feature));
  const agent = agentAspects(view.agent, scope);
  return named.length + agent.length > 0 ? [...named, ...agent] : null;
}

function everythingOf(view: ResourceView): readonly Aspect[] {
  const features = featureNames.filter((feature) => view.features[feature].assigned);
  return view.agent === undefined ? features : [...features, ...agentAspects(view.agent, 'full')];
}

function bodiesOf(parts: readonly Part[], covers: Scope, request: RenderRequest): readonly Body[] {
  const [first, ...others] = parts;
  if (first === undefined) return [{ contentType: null, content: '', covers }];
  if (others.length === 0) return [{ contentType: bodyType, content: first.xml, covers }];
  const together: Body = {
    contentType: `${multipartType};boundary="${request.boundary}"`,
    content: joinParts(parts.map(written), request.boundary),
    covers,
  };
  return inOne(together, request) ? [together] : parts.map(single);
}

function written({ xml }: Part): WrittenPart {
  return {
    headers: [
      ['Content-Type', bodyType],
      ['Content-Length', String(Buffer.byteLength(xml))],
    ],
    content: xml,
  };
}

function single({ aspect, xml }: Part): Body {
  return { contentType: bodyType, content: xml, covers: [aspect] };
}

/** RFC 3261 18.1.1: a four-feature multipart never passes over UDP; a run does, and keeps to Accept (RFC 6665 4.1.2.1). */
function inOne(together: Body, { profile, occasion, roomBytes }: RenderRequest): boolean {
  if (occasion === 'final') return true; // RFC 6665 4.2.2: nothing follows a terminated NOTIFY
  if (profile.initialNotify === 'auto') return Buffer.byteLength(together.content) <= roomBytes;
  return profile.initialNotify === 'multipart';
}

function renderAspect(view: ResourceView, aspect: Aspect): string {
  const xml = new XmlWriter('ISO-8859-1');
  if (aspect === 'agent' || aspect === 'loggedOn') renderAgent(xml, aspect, view.agent, userOf(view.aor));
  else renderFeature(xml, view, aspect);
  return xml.end();
}

function renderFeature(xml: XmlWriter, view: ResourceView, feature: FeatureName): void {
  const state = view.features[feature];
  xml.open(feature === 'dnd' ? 'DoNotDisturbEvent' : 'ForwardingEvent', { xmlns: namespace });
  xml.leaf('device', {}, userOf(view.aor)); // never the phone's text: others would read it
  if (feature === 'dnd') xml.leaf('doNotDisturbOn', {}, String(isOn(state)));
  else renderForward(xml, feature, state);
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
