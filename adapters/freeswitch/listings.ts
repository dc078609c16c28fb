import type { Aor } from '../../src/model/aor.ts';
import { directionOf, isNoPhone, phaseOf } from './channel-fact.ts';
import type { Domains } from './domains.ts';
import type { AgentFact, ChannelFact, Fact, LampFact } from './facts.ts';
import { agent, conference, parked, waiting } from './lamp-events.ts';
import { shown } from './shown.ts';

/** What a list says is lit, and which lamps it knows at all. Null instead: the PBX did not answer with that list. */
export interface LitLamps {
  readonly facts: readonly (LampFact | AgentFact)[];
  readonly known: readonly Aor[];
}

/**
 * `show channels as json`: everything of a channel but its SIP identifiers, its other leg and its privacy, which
 * `uuid_dump` tells. null: no list. COMPAT(FreeSWITCH 1.11): without any channel there are no `rows` at all.
 */
export function readChannels(json: string, domains: Domains): readonly ChannelFact[] | null {
  const list = parsed(json);
  if (!isRecord(list) || typeof list['row_count'] !== 'number') return null;
  const facts: ChannelFact[] = [];
  for (const row of Array.isArray(list['rows']) ? list['rows'] : []) {
    const cell = (name: string) => textOf(row, name);
    const id = cell('uuid');
    if (id === undefined || cell('callstate') === 'HANGUP') continue;
    const seconds = Number(cell('created_epoch'));
    facts.push({
      fact: 'channel',
      id,
      aor: isNoPhone(cell('name')) ? null : domains.parse(cell('presence_id')),
      proven: false,
      direction: directionOf(cell('direction')),
      ...phaseOf(cell('callstate')),
      call: cell('call_uuid') ?? null,
      originator: null,
      caller: shown(cell('cid_num'), cell('cid_name')),
      callee: shown(cell('callee_num'), cell('callee_name')),
      dialled: cell('dest') ?? null,
      privacy: null,
      since: Number.isSafeInteger(seconds) && seconds > 0 ? seconds * 1000 : null,
      sip: null,
    });
  }
  return facts;
}

/** `valet_info`: lots, slots and who is parked there, by channel only; `who` knows the channels. */
export function readParked(
  xml: string,
  who: (channel: string) => { readonly number: string | null; readonly name: string | null },
  domains: Domains,
): LitLamps | null {
  if (!xml.includes('<lots>')) return null;
  const facts: Fact[] = [];
  const only = domains.names.length === 1 ? domains.names[0] : undefined;
  let lot = '';
  // Line by line, as mod_valet_parking writes it: neither names nor slots are escaped.
  for (const line of xml.split('\n').map((it) => it.trim())) {
    const [, name] = /^<lot name="(.*)">$/.exec(line) ?? [];
    if (name !== undefined) lot = name;
    const [, channel, slot] = /^<extension uuid="([\w-]{1,64})">(.*)<\/extension>$/.exec(line) ?? [];
    if (channel === undefined || slot === undefined) continue;
    facts.push(...parked({ lot, slot, channel, host: only }, who(channel), domains));
  }
  return lit(facts);
}

/** `conference json_list`. The list does not say the domain of a conference: its name must, or there must be only one. */
export function readConferences(json: string, domains: Domains): LitLamps | null {
  const list = parsed(json);
  if (!Array.isArray(list)) return null;
  const facts = list.flatMap((it: unknown) => {
    const name = textOf(it, 'conference_name');
    const id = textOf(it, 'conference_uuid');
    const size = isRecord(it) ? it['member_count'] : null;
    if (name === undefined || id === undefined || typeof size !== 'number') return [];
    return conference({ name, host: undefined, id, size }, domains);
  });
  return lit(facts);
}

/** `callcenter_config agent list`. */
export function readAgents(table: string, domains: Domains): LitLamps | null {
  const rows = rowsIn(table, 'name|');
  if (rows === null) return null;
  const { facts, known } = lit(rows.flatMap((row) => agent(row.cell('name'), row.cell('status'), domains)));
  return { facts: [...facts, ...rows.flatMap((row) => agentFact(row, domains))], known };
}

function agentFact(row: Row, domains: Domains): readonly AgentFact[] {
  const name = row.cell('name');
  if (!name) return [];
  const [ends = 0, seconds = 0] = ['last_bridge_end', 'wrap_up_time'].map((it) => Number(row.cell(it)) || 0);
  return [
    {
      fact: 'agent',
      name,
      aor: domains.parse(name) ?? userOfContact(row.cell('contact') ?? '', domains),
      status: row.cell('status') ?? '',
      state: row.cell('state') ?? '',
      wrapUp: { ms: Math.max(seconds, 0) * 1000, since: ends * 1000 },
    },
  ];
}

/** COMPAT(FusionPBX): agents are called by UUIDs; `{call_timeout=20,…}user/1001@pbx.example` says who it is. */
function userOfContact(contact: string, domains: Domains): Aor | null {
  return domains.parse(/(?:^|[}\]])user\/([^\s/,|{}[\]]{1,255})$/.exec(contact)?.[1]);
}

/** `callcenter_config queue list`: the queues there are, dark. */
export function readQueues(table: string, domains: Domains): LitLamps | null {
  const rows = rowsIn(table, 'name|strategy|');
  if (rows === null) return null;
  const queues = rows.flatMap((row) => domains.parse(row.cell('name')) ?? []);
  return { facts: [], known: queues.map((queue) => waiting(queue, '', null).aor) };
}

/** `callcenter_config queue list members`: who waits, in all queues. */
export function readMembers(table: string, domains: Domains): LitLamps | null {
  const rows = rowsIn(table, 'queue|');
  if (rows === null) return null;
  const facts = rows.flatMap((row) => {
    const queue = domains.parse(row.cell('queue'));
    const member = row.cell('session_uuid') || row.cell('uuid');
    const state = row.cell('state');
    if (queue === null || !member || (state !== 'Waiting' && state !== 'Trying')) return [];
    return [waiting(queue, member, shown(row.cell('cid_number'), row.cell('cid_name')))];
  });
  return lit(facts);
}

function lit(facts: readonly Fact[]): LitLamps {
  const lamps = facts.flatMap((it) => (it.fact === 'lamp' ? [it] : []));
  return { facts: lamps, known: [...new Set(lamps.map((it) => it.aor))] };
}

interface Row {
  cell(name: string): string | undefined;
}

/**
 * A table of bars; null where its head is another one. A bar in a name moves what comes after it: such a row is left out
 * rather than read wrongly.
 */
function rowsIn(table: string, head: string): readonly Row[] | null {
  const [first = '', ...lines] = table.split('\n');
  if (!first.startsWith(head)) return null;
  const columns = first.split('|');
  return lines.flatMap((line) => {
    const cells = line.split('|');
    if (cells.length !== columns.length) return [];
    return [{ cell: (name: string) => cells[columns.indexOf(name)] }];
  });
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

function textOf(row: unknown, name: string): string | undefined {
  const value = isRecord(row) ? row[name] : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
