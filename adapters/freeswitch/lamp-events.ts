import { type Aor, aorOf, domainOf, userOf } from '../../src/model/aor.ts';
import type { Domains } from './domains.ts';
import type { EslEvent } from './esl-event.ts';
import type { AgentFact, Fact, LampFact, LampKind, Shown } from './facts.ts';
import { shown } from './shown.ts';

const nobody: Shown = { number: null, name: null };

/** The lamp of a resource: `park+5901@pbx.example`. */
export function lampAor(kind: LampKind, about: Aor): Aor {
  return aorOf(`${kind}+${userOf(about)}`, domainOf(about));
}

/** A lamp that is no phone, and no feature of one. */
export function isLamp(aor: Aor): boolean {
  return /^(?:park|conf|queue|agent|flow)\+/.test(aor);
}

/** `valet_parking::info`: the slot and its lot, each lit by the parked channel until somebody fetches it or it gives up. */
export function readValet(event: EslEvent, domains: Domains): Fact[] {
  const { 'Valet-Lot-Name': lot = '', 'Valet-Extension': slot = '', 'Unique-ID': channel, Action: action } = event;
  if (!channel || slot === '') return [];
  const about = { lot, slot, channel, host: event['variable_domain_name'], presence: event['Channel-Presence-ID'] };
  const remote = shown(event['Caller-Caller-ID-Number'], event['Caller-Caller-ID-Name']);
  if (action === 'hold') return parked(about, remote, domains);
  return action === 'bridge' || action === 'exit' ? parked(about, null, domains) : [];
}

/** Who is parked where. `host`, `presence`: what else says whose lot it is, where its name does not. */
export interface Parked {
  readonly lot: string;
  readonly slot: string;
  readonly channel: string;
  readonly host?: string | undefined;
  readonly presence?: string | undefined;
}

/** `remote`: the parked party; null = no more parked. Lots are named `park@pbx.example` or, in a single domain, `park`. */
export function parked({ lot, slot, channel, host, presence }: Parked, remote: Shown | null, domains: Domains): Fact[] {
  const named = domains.parse(lot) ?? domains.aor(lot, host) ?? neighbour(lot, domains.parse(presence));
  if (named === null || lot === '') return [];
  const place = domains.aor(slot, domainOf(named));
  const phase = remote === null ? null : 'confirmed';
  return [named, ...(place === null ? [] : [place])].map((about) =>
    lampFact('park', about, { subject: channel, phase, remote: remote ?? nobody }),
  );
}

/** `conference::maintenance`: one who is alone is early, a conference is confirmed. */
export function readConference(event: EslEvent, domains: Domains): Fact[] {
  const { 'Conference-Name': name = '', 'Conference-Domain': host, 'Conference-Unique-ID': id, Action: action } = event;
  if (!id) return [];
  if (action === 'conference-destroy') return conference({ name, host, id, size: 0 }, domains);
  if (action !== 'add-member' && action !== 'del-member') return [];
  const size = Number.parseInt(event['Conference-Size'] ?? '', 10);
  return Number.isNaN(size) ? [] : conference({ name, host, id, size }, domains);
}

export interface Conference {
  readonly name: string;
  readonly host: string | undefined;
  readonly id: string;
  readonly size: number;
}

/**
 * COMPAT(FreeSWITCH 1.11): the vanilla dialplan puts the domain into the name (`3001-pbx.example`), by which its
 * conferences of several tenants differ. A key says `conf+3001`; it is the same conference.
 */
export function conference({ name, host, id, size }: Conference, domains: Domains): Fact[] {
  const tail = domains.names.find((it) => name.toLowerCase().endsWith(`-${it}`));
  const only = domains.names.length === 1 ? domains.names[0] : null;
  // A domain in the name is whose conference it is; `host` is then only where somebody dialled it from.
  const full = tail === undefined ? (domains.aor(name, host) ?? domains.aor(name, only)) : domains.aor(name, tail);
  const short = tail === undefined ? null : domains.aor(name.slice(0, -tail.length - 1), tail);
  const phase = size <= 0 ? null : size === 1 ? 'early' : 'confirmed';
  return [full, short].flatMap((about) => (about === null ? [] : inRoom(about, id, phase)));
}

/**
 * A dialog never goes back (RFC 4235 3.7.1): who stays behind alone lights the room by another one. What is lit now comes
 * first, so that the lamp is dark at no moment between.
 */
function inRoom(about: Aor, id: string, now: 'early' | 'confirmed' | null): LampFact[] {
  const phases = now === 'confirmed' ? (['confirmed', 'early'] as const) : (['early', 'confirmed'] as const);
  return phases.map((phase) => {
    const lit = { subject: `${id} ${phase}`, phase: phase === now ? phase : null, remote: nobody };
    return lampFact('conf', about, lit);
  });
}

/** `callcenter::info`: a queue is lit by who waits in it, an agent by being there for it. */
export function readCallcenter(event: EslEvent, domains: Domains): Fact[] {
  const queue = domains.parse(event['CC-Queue']);
  // The caller's channel; a member that is no call has only its own id.
  const member = event['CC-Member-Session-UUID'] || event['CC-Member-UUID'];
  switch (event['CC-Action']) {
    case 'agent-status-change':
    case 'agent-state-change':
      return agentChange(event, domains);
    case 'member-queue-start':
    case 'member-queue-resume': {
      const remote = shown(event['CC-Member-CID-Number'], event['CC-Member-CID-Name']);
      return queue === null || !member ? [] : [waiting(queue, member, remote)];
    }
    case 'bridge-agent-end': {
      const { 'CC-Agent': name, 'CC-Agent-Bridged': bridged } = event;
      return name && bridged === 'true' ? [{ fact: 'agent', name, wrapUp: 'begins' }] : [];
    }
    case 'bridge-agent-start':
    case 'member-queue-end':
      return queue === null || !member ? [] : [waiting(queue, member, null)];
    case 'members-count':
      if (queue === null || event['CC-Count'] !== '0') return [];
      return [lampFact('queue', queue, { subject: '', phase: null, remote: nobody, sole: true })];
    default:
      return [];
  }
}

/** Somebody waits in a queue; `remote` null: no more, or he is served. */
export function waiting(queue: Aor, member: string, remote: Shown | null): LampFact {
  const phase = remote === null ? null : 'confirmed';
  return lampFact('queue', queue, { subject: member, phase, remote: remote ?? nobody });
}

function agentChange(event: EslEvent, domains: Domains): Fact[] {
  const { 'CC-Agent': name, 'CC-Agent-Status': status, 'CC-Agent-State': state } = event;
  if (!name) return [];
  const aor = domains.parse(name);
  const fact: AgentFact = {
    fact: 'agent',
    name,
    // Who is called otherwise is known from the list.
    ...(aor === null ? {} : { aor }),
    ...(status === undefined ? {} : { status }),
    ...(state === undefined ? {} : { state }),
  };
  return [fact, ...agent(name, status, domains)];
}

/** On while the agent takes calls; a break blinks, logged out is off. */
export function agent(name: string | undefined, status: string | undefined, domains: Domains): Fact[] {
  const about = domains.parse(name);
  return about === null || status === undefined ? [] : [agentLamp(about, status)];
}

/** The lamp of an agent, whatever mod_callcenter calls him. */
export function agentLamp(about: Aor, status: string): LampFact {
  const phase = /^available/i.test(status) ? 'confirmed' : /^on break$/i.test(status) ? 'early' : null;
  return lampFact('agent', about, { subject: phase ?? '', phase, remote: nobody, sole: true });
}

function lampFact(
  kind: LampKind,
  about: Aor,
  lit: Pick<LampFact, 'subject' | 'phase' | 'remote'> & { readonly sole?: boolean },
): LampFact {
  return { fact: 'lamp', aor: lampAor(kind, about), sole: false, ...lit };
}

function neighbour(user: string, somebody: Aor | null): Aor | null {
  return somebody === null ? null : aorOf(user, domainOf(somebody));
}
