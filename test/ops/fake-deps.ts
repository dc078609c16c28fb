import assert from 'node:assert/strict';
import type { AgentRequest } from '../../src/model/agent.ts';
import { type Aor, aorOf, userOf } from '../../src/model/aor.ts';
import type { AuditRow } from '../../src/model/audit.ts';
import { systemClock } from '../../src/model/clock.ts';
import { type FeatureState, featureOff, type Wish } from '../../src/model/feature.ts';
import type { PbxEvent } from '../../src/model/pbx-event.ts';
import type { AgentVerdict, Verdict } from '../../src/model/verdict.ts';
import type {
  Change,
  LinkView,
  PublicationView,
  ResourceView,
  SubscriptionView,
  Topic,
} from '../../src/model/views.ts';
import type { Health, HubReader, OpsDeps } from '../../src/ops/deps.ts';
import { HttpServer } from '../../src/ops/http.ts';
import { ProfileDesk } from '../../src/profiles/desk.ts';
import { Shelves } from '../../src/profiles/shelves.ts';
import { silentLogger } from '../support/silent-logger.ts';

export const domain = 'lamplighter.test';

export const off: FeatureState = { ...featureOff, assigned: true, rev: 0, updatedBy: 'pbx', updatedAt: 0 };

export function viewOf(ext: string, more: Partial<ResourceView> = {}): ResourceView {
  return {
    aor: aorOf(ext, domain),
    displayName: null,
    known: true,
    stale: false,
    contacts: 1,
    dialogs: [],
    features: { dnd: off, cfa: off, cfb: off, cfna: off },
    mailbox: null,
    ...more,
  };
}

/** Just enough of a hub: it takes what an adapter tells and tells what it took. */
export class FakeHub implements HubReader {
  readonly views = new Map<Aor, ResourceView>();
  readonly listeners = new Set<(change: Change) => void>();
  readonly linkListeners = new Set<(link: LinkView) => void>();
  link: LinkView = { source: 'demo', state: 'up', reason: null, since: 1_700_000_000_000 };

  view(aor: Aor): ResourceView | null {
    return this.views.get(aor) ?? null;
  }

  list(): readonly ResourceView[] {
    return [...this.views.values()];
  }

  links(): readonly LinkView[] {
    return [this.link];
  }

  onChange(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  onLink(listener: (link: LinkView) => void): () => void {
    this.linkListeners.add(listener);
    return () => this.linkListeners.delete(listener);
  }

  put(ext: string, more: Partial<ResourceView> = {}, topic: Topic = 'dialogs'): void {
    const aor = aorOf(ext, domain);
    this.views.set(aor, { ...(this.views.get(aor) ?? viewOf(ext)), ...more });
    for (const listener of this.listeners) listener({ topic, aor, aspects: [] });
  }

  linkIs(state: LinkView['state'], reason: string | null): void {
    this.link = { ...this.link, state, reason };
    for (const listener of this.linkListeners) listener(this.link);
  }

  apply(event: PbxEvent): void {
    if (event.type === 'link') {
      this.linkIs(event.state, event.reason);
      return;
    }
    if (event.type === 'snapshot') {
      for (const { aor } of event.snapshot.extensions) this.put(userOf(aor), {}, 'extension');
      for (const one of event.snapshot.features) this.apply({ source: event.source, type: 'feature', ...one });
      for (const one of event.snapshot.registrations)
        this.apply({ source: event.source, type: 'registration', ...one });
      for (const one of event.snapshot.mailboxes) this.apply({ source: event.source, type: 'mailbox', ...one });
      return;
    }
    const ext = userOf(event.aor);
    const before = this.views.get(event.aor) ?? viewOf(ext);
    if (event.type === 'registration') this.put(ext, { contacts: event.contacts }, 'registration');
    if (event.type === 'mailbox') this.put(ext, { mailbox: event.counts }, 'mailbox');
    if (event.type === 'feature') {
      const features = { ...before.features, [event.feature]: { ...before.features[event.feature], ...event.value } };
      this.put(ext, { features }, 'features');
    }
    if (event.type === 'dialogs') {
      const dialogs = event.legs.map((leg) => ({ ...leg, phase: leg.phase as 'early' }));
      this.put(ext, { dialogs }, 'dialogs');
    }
  }
}

export interface Fakes {
  readonly hub: FakeHub;
  readonly subscriptions: SubscriptionView[];
  readonly publications: PublicationView[];
  /** Extensions whose mailbox the PBX has. */
  readonly mailboxOwners: Set<Aor>;
  readonly removed: number[];
  readonly told: number[];
  readonly wishes: Wish[];
  readonly audit: AuditRow[];
  /** How the next wish ends. */
  verdict: (wish: Wish) => Verdict | Promise<Verdict>;
  agentVerdict: (wish: AgentRequest) => AgentVerdict;
  health: Health;
}

export interface Running extends Fakes {
  readonly server: HttpServer;
  readonly url: string;
  readonly port: number;
}

export function fakes(): Fakes {
  const hub = new FakeHub();
  for (const ext of ['1001', '1002']) hub.views.set(aorOf(ext, domain), viewOf(ext));
  return {
    hub,
    subscriptions: [],
    publications: [],
    mailboxOwners: new Set(),
    removed: [],
    told: [],
    wishes: [],
    audit: [],
    verdict: (wish) => {
      const { enabled, target = null, ringCount = null } = wish;
      const state = { ...off, enabled, target, ringCount, rev: 1 };
      hub.put(userOf(wish.aor), { features: { ...viewOf('0').features, [wish.feature]: state } }, 'features');
      return { decision: 'granted', refusal: null, state };
    },
    agentVerdict: () => assert.fail('no wish for an agent was expected'),
    health: { ready: true, checks: [{ name: 'store', ok: true, reason: null }] },
  };
}

export function depsOf(parts: Fakes, more: Partial<OpsDeps> = {}): OpsDeps {
  return {
    hub: parts.hub,
    subscriptions: {
      list: () => parts.subscriptions,
      count: (aor) => parts.subscriptions.filter((one) => one.aor === aor).length,
      remove: async (id) => parts.subscriptions.some((one) => one.id === id) && parts.removed.push(id) > 0,
      renotify: (id) => parts.subscriptions.some((one) => one.id === id) && parts.told.push(id) > 0,
    },
    publications: {
      list: (aor) => parts.publications.filter((one) => aor === undefined || one.aor === aor),
      remove: async (id) => parts.publications.some((one) => one.id === id),
      setMailbox: async (aor, counts) => parts.hub.put(userOf(aor), { mailbox: counts }, 'mailbox'),
      clearMailbox: async (aor) => {
        if (parts.hub.view(aor)?.mailbox == null) return false;
        parts.hub.put(userOf(aor), { mailbox: null }, 'mailbox');
        return true;
      },
      ownsMailbox: (aor) => parts.mailboxOwners.has(aor),
    },
    profiles: new ProfileDesk({
      shelves: new Shelves({ url: null, prefer: 'document', effectiveBy: null }),
      store: { putProfile: () => undefined, deleteProfile: () => undefined },
      domains: [{ name: domain, aliases: [] }],
      clock: systemClock,
      logger: silentLogger,
    }),
    phoneOrders: { events: ['check-sync'], send: async () => assert.fail('no order to phones was expected') },
    grant: async (wish) => {
      parts.wishes.push(wish);
      return parts.verdict(wish);
    },
    grantAgent: async (wish) => parts.agentVerdict(wish),
    audit: ({ aor, limit }) => parts.audit.filter((row) => aor === undefined || row.aor === aor).slice(0, limit),
    health: () => parts.health,
    simulator: null,
    domains: [{ name: domain, aliases: [] }],
    groups: [],
    listen: { address: '127.0.0.1', port: 0 },
    token: null,
    clock: systemClock,
    logger: silentLogger,
    version: '0.0.0-test',
    program: 'npx lamplighter',
    ...more,
  };
}

/** Runs `use` against a server on a free port of the loopback, and stops it whatever happens. */
export async function running(use: (at: Running) => Promise<void>, more: Partial<OpsDeps> = {}): Promise<void> {
  const parts = fakes();
  const server = new HttpServer(depsOf(parts, more));
  const { port } = await server.start();
  try {
    await use(Object.assign(parts, { server, port, url: `http://127.0.0.1:${port}` }));
  } finally {
    await server.stop();
  }
}

/** A request with a JSON body. */
export function send(method: string, body: unknown, headers: Record<string, string> = {}): RequestInit {
  return { method, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

// biome-ignore lint/suspicious/noExplicitAny: tests read answers as they come
export async function json(answer: Response): Promise<any> {
  return answer.json();
}

/** Waits for a condition, generously. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
