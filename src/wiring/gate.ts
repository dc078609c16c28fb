import type { PbxAdapter } from '../../adapters/adapter.ts';
import { Gate } from '../commands/gate.ts';
import type { Hooks } from '../hooks/hooks.ts';
import type { AgentState, AgentWish } from '../model/agent.ts';
import type { AuditRow } from '../model/audit.ts';
import type { Clock } from '../model/clock.ts';
import type { FeatureValue, Wish } from '../model/feature.ts';
import type { Logger } from '../model/logger.ts';
import type { Meters } from '../model/meters.ts';
import { type Outcome, refused } from '../model/outcome.ts';
import type { TrustedNetworks } from '../sip/auth/trusted-networks.ts';
import type { SecurityLog } from '../sip/security-log.ts';
import type { Hub } from '../state/hub.ts';
import type { Current } from './current.ts';

export interface GateSide {
  readonly current: Current;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly security: SecurityLog;
  readonly hub: Hub;
  readonly adapters: ReadonlyMap<string, PbxAdapter>;
  /** null: none is configured. */
  readonly hooks: Hooks | null;
  readonly appendAudit: (row: AuditRow) => void;
  readonly meters?: Meters;
}

/** The gate before the PBXs, which hears of each change. */
export function gateOf({
  current,
  clock,
  logger,
  security,
  hub,
  adapters,
  hooks,
  appendAudit,
  meters,
}: GateSide): Gate {
  const gate = new Gate({
    clock,
    logger,
    view: (aor) => hub.view(aor),
    isExtension: (aor) => hub.isExtension(aor),
    sourceFor: (aor) => hub.ownerOf(aor),
    agentSourceFor: (aor) => hub.agentSourceOf(aor),
    apply: (event) => hub.apply(event),
    ask: (wish, deadlineMs) => ask(adapters.get(hub.ownerOf(wish.aor) ?? ''), wish, deadlineMs),
    askAgent: (wish, deadlineMs) => askAgent(adapters.get(hub.agentSourceOf(wish.aor) ?? ''), wish, deadlineMs),
    policy: current.now.policy,
    hook: hooks ?? undefined,
    meters,
    audit: (row) => {
      appendAudit(row);
      reportRefusal(row, current.now.believed, security);
    },
  });
  hub.onChange((change) => gate.observe(change));
  return gate;
}

async function ask(adapter: PbxAdapter | undefined, wish: Wish, deadlineMs: number): Promise<Outcome<FeatureValue>> {
  return adapter?.setFeature(wish, deadlineMs) ?? refused('pbx-away', 'no PBX has this extension');
}

async function askAgent(
  adapter: PbxAdapter | undefined,
  wish: AgentWish,
  deadlineMs: number,
): Promise<Outcome<AgentState>> {
  return adapter?.setAgent?.(wish, deadlineMs) ?? refused('not-writable', 'this PBX does not take wishes of agents');
}

/** A phone wished what the policy forbids: with a stolen password the first sign of toll fraud. */
function reportRefusal(row: AuditRow, believed: Pick<TrustedNetworks, 'has'>, security: SecurityLog): void {
  const { decision, origin, aor, feature, reason } = row;
  // An agent who is none is a key too many, no fraud.
  if (decision !== 'refused' || origin.kind !== 'phone' || row.feature === 'agent') return;
  // Nor is what a hook refuses, for reasons of its own.
  if (reason?.startsWith('hook-')) return;
  const { wished } = row;
  const [, transport, bare, bracketed] = /^(\w+):(?:([^[\]:]+)|\[([^\]]+)\]):\d+$/.exec(origin.from ?? '') ?? [];
  // A key told by a PBX comes with no address: there is nobody to ban.
  // A digest was asked of all others, or they would not be here.
  const proven = transport !== undefined && (transport !== 'udp' || !believed.has(bare ?? bracketed ?? ''));
  const detail = `${feature} ${wished?.enabled ? 'on' : 'off'} ${wished?.target ?? ''} for ${aor}: ${reason}`;
  security.report('wish-refused', { address: bare ?? bracketed ?? '', proven }, { user: origin.who, detail });
}
