import { type AgentState, type AgentWish, sameAgent } from '../../src/model/agent.ts';
import { type Aor, aorOf, domainOf, userOf } from '../../src/model/aor.ts';
import {
  type FeatureName,
  type FeatureValue,
  featureNames,
  featureOff,
  sameFeature,
  type Wish,
} from '../../src/model/feature.ts';
import { granted, type Outcome, refused } from '../../src/model/outcome.ts';
import type { Contacts, Device, MailboxCounts, PbxEvent, Snapshot } from '../../src/model/pbx-event.ts';
import { token } from '../../src/model/random.ts';
import type {
  AdapterFactory,
  AdapterSettings,
  AdapterTools,
  Capabilities,
  Credentials,
  DigestFacts,
  PbxAdapter,
  Simulator,
  Tell,
} from '../adapter.ts';
import { expandExtensions } from '../extensions.ts';
import { simulatedOptions } from './options.ts';
import { Calls } from './script.ts';

/** One extension of the simulated PBX. */
interface Desk {
  readonly aor: Aor;
  readonly features: Record<FeatureName, FeatureValue>;
  mailbox: MailboxCounts;
  registered: boolean;
  /** The phone it is registered with, where the hand told. */
  device?: Device | undefined;
  /** null: no agent. */
  agent: AgentState | null;
}

/** The body of a PbxEvent; `source` is put on where it leaves. */
type News = PbxEvent extends infer Event ? (Event extends PbxEvent ? Omit<Event, 'source'> : never) : never;

const full = { readable: true, writable: true, notified: true } as const;
const noMail: MailboxCounts = { new: 0, old: 0, newUrgent: 0, oldUrgent: 0 };

/** A PBX in memory, for the demo and for tests. All its extensions are registered until somebody says otherwise. */
export const simulated: AdapterFactory = (settings, tools) => new SimulatedPbx(settings, tools);

class SimulatedPbx implements PbxAdapter {
  readonly capabilities: Capabilities = {
    features: { dnd: full, cfa: full, cfb: full, cfna: full },
    calls: true,
    registrations: true,
    mailboxes: true,
    tags: false,
    agents: true,
  };
  readonly simulator: Simulator;
  readonly #settings: AdapterSettings;
  readonly #tools: AdapterTools;
  /** What stands before, between and behind the extension in it. */
  readonly #password: readonly string[];
  readonly #desks: ReadonlyMap<string, Desk>;
  readonly #calls: Calls;
  /** Makes ids of calls unique for ever, over restarts too. */
  readonly #series: string;
  #lastCall = 0;
  #tell: Tell | null = null;

  constructor(settings: AdapterSettings, tools: AdapterTools) {
    const options = simulatedOptions.parse(settings.options ?? {});
    this.#settings = settings;
    this.#tools = tools;
    this.#password = options.password.split('<ext>');
    this.#desks = desksOf(expandExtensions(options.extensions), new Set(expandExtensions(options.agents)), settings);
    this.#series = token(tools.random, 32);
    this.#calls = new Calls(
      {
        has: (ext) => this.#desks.has(ext),
        registered: (ext) => this.#desks.get(ext)?.registered ?? false,
        feature: (ext, feature) => this.#desks.get(ext)?.features[feature] ?? featureOff,
      },
      (ext) => this.#say({ type: 'dialogs', aor: aorOf(ext, settings.domain), legs: this.#calls.legs(ext) }),
    );
    this.simulator = this.#hand();
  }

  start(tell: Tell): void {
    this.#tell = tell;
    this.#say({ type: 'link', state: 'stale', reason: null });
    this.#say({ type: 'snapshot', epoch: token(this.#tools.random, 64), snapshot: this.#snapshot() });
    this.#say({ type: 'link', state: 'up', reason: null });
  }

  async stop(): Promise<void> {
    this.#tell = null;
    this.#calls.clear();
  }

  async setFeature(wish: Wish): Promise<Outcome<FeatureValue>> {
    if (this.#tell === null) return refused('pbx-away', 'the simulated PBX is not running');
    const desk = this.#deskOf(wish.aor);
    if (desk === undefined) return refused('pbx-refused', 'the PBX has no such extension');
    const before = desk.features[wish.feature];
    const after = settle(wish, before);
    if (after === null) return refused('pbx-refused', 'the PBX has no target to forward to');
    if (!sameFeature(before, after)) {
      desk.features[wish.feature] = after;
      this.#say({ type: 'feature', aor: desk.aor, feature: wish.feature, value: after });
    }
    return granted(desk.features[wish.feature]);
  }

  async setAgent({ aor, phase, reason }: AgentWish): Promise<Outcome<AgentState>> {
    if (this.#tell === null) return refused('pbx-away', 'the simulated PBX is not running');
    const desk = this.#deskOf(aor);
    if (desk === undefined || desk.agent === null) return refused('no-agent', 'the PBX has no such agent');
    return granted(this.#become(desk, { phase, reason }));
  }

  async credentials(user: string, domain: string): Promise<Credentials | null> {
    if (domain !== this.#domain || !this.#desks.has(user)) return null;
    return { realm: this.#domain, password: this.#password.join(user) };
  }

  digest(domain: string): DigestFacts | null {
    return domain === this.#domain ? { realm: this.#domain, md5Only: false } : null;
  }

  #deskOf(aor: Aor): Desk | undefined {
    return domainOf(aor) === this.#domain ? this.#desks.get(userOf(aor)) : undefined;
  }

  #become(desk: Desk, agent: AgentState): AgentState {
    if (!sameAgent(desk.agent, agent)) {
      desk.agent = agent;
      this.#say({ type: 'agent', aor: desk.aor, agent });
    }
    return agent;
  }

  get #domain(): string {
    return this.#settings.domain.toLowerCase();
  }

  #say(news: News): void {
    this.#tell?.({ source: this.#settings.name, ...news });
  }

  #snapshot(): Snapshot {
    const desks = [...this.#desks.values()];
    return {
      extensions: desks.map(({ aor }) => ({ aor, displayName: null })),
      dialogs: this.#calls.busy().map((ext) => ({ aor: aorOf(ext, this.#domain), legs: this.#calls.legs(ext) })),
      features: desks.flatMap(({ aor, features }) =>
        featureNames.map((feature) => ({ aor, feature, value: features[feature] })),
      ),
      registrations: desks.map((desk) => ({ aor: desk.aor, ...contactsOf(desk) })),
      mailboxes: desks.map(({ aor, mailbox }) => ({ aor, counts: mailbox })),
      agents: desks.flatMap(({ aor, agent }) => (agent === null ? [] : [{ aor, agent }])),
    };
  }

  #hand(): Simulator {
    return {
      call: (from, to, fromName) => {
        if (this.#tell === null) return refused('wrong-state', 'the simulated PBX is not running');
        const id = `${this.#series}-${++this.#lastCall}`;
        const rung = this.#calls.ring(id, this.#tools.clock.now(), from, to, fromName ?? null);
        return rung.ok ? granted({ id }) : rung;
      },
      answer: (id) => this.#calls.answer(id),
      hold: (id, by) => this.#calls.hold(id, by, true),
      resume: (id, by) => this.#calls.hold(id, by, false),
      hangup: (id) => this.#calls.hangup(id),
      register: (ext, registered, device) =>
        this.#at(ext, (desk) => {
          desk.registered = registered;
          desk.device = registered ? device : undefined;
          this.#say({ type: 'registration', aor: desk.aor, ...contactsOf(desk) });
        }),
      mailbox: (ext, counts) =>
        this.#at(ext, (desk) => {
          desk.mailbox = { ...noMail, new: counts.new, old: counts.old };
          this.#say({ type: 'mailbox', aor: desk.aor, counts: desk.mailbox });
        }),
      agent: (ext, agent) => {
        const desk = this.#desks.get(ext);
        if (desk === undefined) return refused('unknown-extension', 'no such extension');
        if (desk.agent === null) return refused('wrong-state', `${ext} is no agent`);
        this.#become(desk, { ...agent, reason: agent.phase === 'notReady' ? agent.reason : null });
        return granted(null);
      },
    };
  }

  #at(ext: string, change: (desk: Desk) => void): Outcome<null> {
    const desk = this.#desks.get(ext);
    if (desk === undefined) return refused('unknown-extension', 'no such extension');
    change(desk);
    return granted(null);
  }
}

/**
 * What the PBX holds after a wish; null where it cannot be done. Like FreePBX it forgets a target with its forward, but
 * keeps the rings.
 */
function settle(wish: Wish, before: FeatureValue): FeatureValue | null {
  if (wish.feature === 'dnd') return { ...featureOff, enabled: wish.enabled };
  const ringCount = wish.feature === 'cfna' ? (wish.ringCount ?? before.ringCount) : null;
  if (!wish.enabled) return { enabled: false, target: null, ringCount };
  const target = wish.target ?? before.target;
  return target === null || target === '' ? null : { enabled: true, target, ringCount };
}

function contactsOf({ registered, device }: Desk): Contacts {
  if (device === undefined) return { contacts: registered ? 1 : 0 };
  return { contacts: 1, uris: [device.uri], devices: [device] };
}

function desksOf(
  extensions: readonly string[],
  agents: ReadonlySet<string>,
  settings: AdapterSettings,
): ReadonlyMap<string, Desk> {
  const desks = new Map<string, Desk>();
  for (const ext of extensions) {
    const features = { dnd: featureOff, cfa: featureOff, cfb: featureOff, cfna: featureOff };
    const agent: AgentState | null = agents.has(ext) ? { phase: 'loggedOff', reason: null } : null;
    desks.set(ext, { aor: aorOf(ext, settings.domain), features, mailbox: noMail, registered: true, agent });
  }
  for (const { aor, feature, enabled, target, ringCount } of settings.remembered) {
    const desk = desks.get(userOf(aor));
    // A remembered target of a forward that is off is the hub's memory, not this PBX's.
    if (desk?.aor === aor) desk.features[feature] = { enabled, target: enabled ? target : null, ringCount };
  }
  return desks;
}
