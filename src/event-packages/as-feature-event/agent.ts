import { type AgentPhase, type AgentState, agentPhases } from '../../model/agent.ts';
import type { XmlElement } from '../../xml/element.ts';
import type { XmlWriter } from '../../xml/write.ts';
import type { AgentPhoneWish, Scope } from '../event-package.ts';
import { namespace } from './words.ts';

/**
 * What an agent of a call centre is, in the same package: ECMA-323's SetAgentState and agent events, with the reason in
 * BroadSoft's private data, as open clients send and read them.
 */

/** Also the prefix: clients look for the reason as `pri:AgentNotReadyReasonValue`, letter by letter. */
const privateNamespace = 'http://schema.broadsoft.com/CSTAPrivateData';
const reasonName = 'AgentNotReadyReasonValue';

/** Kept short before anybody else sees it; the gate knows what a reason may be. */
const longestReason = 256;

const eventNames: Readonly<Record<AgentPhase, string>> = {
  loggedOff: 'AgentLoggedOffEvent',
  notReady: 'AgentNotReadyEvent',
  ready: 'AgentReadyEvent',
  workingAfterCall: 'AgentWorkingAfterCallEvent',
};

/** Aspects of the topic `agent` that are documents: that he logged on, and what he is now. */
export type AgentAspect = 'loggedOn' | 'agent';

/**
 * The documents a scope means for this agent. That he logged on is an event and told once; what he is belongs to every full
 * picture. Nobody hears of an agent who is none, but for one thing: phones of one who ceased to be must not show him on duty.
 */
export function agentAspects(agent: AgentState | undefined, scope: Scope): readonly AgentAspect[] {
  if (agent === undefined) return scope !== 'full' && scope.includes('dismissed') ? ['agent'] : [];
  if (scope === 'full') return ['agent'];
  if (!scope.includes('agent') && !scope.includes('loggedOn')) return [];
  return scope.includes('loggedOn') && agent.phase !== 'loggedOff' ? ['loggedOn', 'agent'] : ['agent'];
}

export function renderAgent(
  xml: XmlWriter,
  aspect: AgentAspect,
  agent: AgentState = { phase: 'loggedOff', reason: null },
  user: string,
): void {
  xml.open(aspect === 'loggedOn' ? 'AgentLoggedOnEvent' : eventNames[agent.phase], { xmlns: namespace });
  xml.open('agentDevice').leaf('deviceIdentifier', {}, user).close(); // ECMA-323: not `device`, as in its feature events
  if (aspect === 'loggedOn' || agent.phase !== 'notReady' || agent.reason === null) return;
  xml.open('extensions').open('privateData').open('private', { 'xmlns:pri': privateNamespace });
  xml.leaf(`pri:${reasonName}`, {}, agent.reason);
}

/** null where the state is none that is known. `agentID` and `password` are not read: the phone has authenticated. */
export function readAgentWish(fields: ReadonlyMap<string, XmlElement>): AgentPhoneWish | null {
  const said = textOf(fields.get('requestedAgentState'))?.toLowerCase();
  const phase = ([...agentPhases, 'loggedOn'] as const).find((one) => one.toLowerCase() === said);
  if (phase === undefined) return null;
  return { feature: 'agent', phase, reason: phase === 'notReady' ? readReason(fields.get('extensions')) : null };
}

/** COMPAT(AudioCodes): 0 is what a phone says that was given no reason. */
function readReason(extensions: XmlElement | undefined): string | null {
  const reason = textOf(within(extensions, ['privateData', 'private', reasonName]))?.slice(0, longestReason);
  return reason === undefined || reason === '' || reason === '0' ? null : reason;
}

/** In whatever namespace: what is within `private` is nobody else's. */
function within(element: XmlElement | undefined, path: readonly string[]): XmlElement | undefined {
  return path.reduce((found, name) => found?.children.find((child) => child.name === name), element);
}

function textOf(element: XmlElement | undefined): string | undefined {
  return element?.children.length === 0 ? element.text.trim() : undefined;
}
