import type {
  AdapterFactory,
  AdapterSettings,
  AdapterTools,
  Capabilities,
  Credentials,
  DigestFacts,
  PbxAdapter,
  Tell,
} from '../../../adapters/adapter.ts';
import { openOnce } from '../../../adapters/open-once.ts';
import { Resync } from '../../../adapters/resync.ts';
import { domainOf, userOf } from '../../../src/model/aor.ts';
import { broken, type Finding, runChecks } from '../../../src/model/check.ts';
import { Fault } from '../../../src/model/errors.ts';
import type { FeatureName, FeatureValue, Wish } from '../../../src/model/feature.ts';
import { granted, type Outcome, refused } from '../../../src/model/outcome.ts';
import type { AcmeUser } from './events.ts';
import { AcmeLink, type Place } from './link.ts';
import { featureOf, kept, Picture } from './picture.ts';

const full = { readable: true, writable: true, notified: true };
const none = { readable: false, writable: false, notified: false };
/** How long a question that nobody waits at may take; milliseconds. */
const askMs = 4_000;

/** A module that the configuration names by its path exports this. */
export const adapter: AdapterFactory = (settings, tools) => new Acme(settings, tools);

class Acme implements PbxAdapter {
  readonly capabilities: Capabilities = {
    features: { dnd: full, cfa: full, cfb: none, cfna: none },
    calls: true,
    registrations: true,
    mailboxes: true,
    tags: false,
  };
  readonly #domain: string;
  readonly #tools: AdapterTools;
  readonly #place: Place;
  readonly #link: AcmeLink;
  readonly #resync: Resync<AcmeUser, Picture>;

  constructor(settings: AdapterSettings, tools: AdapterTools) {
    this.#domain = settings.domain.toLowerCase();
    this.#tools = tools;
    this.#place = placeOf(settings.options);
    this.#link = new AcmeLink(this.#place, tools);
    this.#resync = new Resync<AcmeUser, Picture>(
      settings.name,
      {
        incarnation: async () => (await this.#link.ask({ ask: 'boot' }, askMs)).boot ?? '',
        read: async () => {
          const { users } = await this.#link.ask({ ask: 'users' }, askMs);
          return new Picture(settings.name, this.#domain, users ?? []);
        },
      },
      tools,
    );
  }

  start(tell: Tell): void {
    this.#resync.start(tell);
    this.#link.start({
      up: () => this.#resync.linked(),
      down: (fault) => this.#resync.lost(fault.message),
      event: (user) => this.#heard(user),
    });
  }

  async stop(): Promise<void> {
    this.#link.stop();
    this.#resync.lost('stopped');
    this.#resync.stop();
  }

  async setFeature(wish: Wish, deadlineMs: number): Promise<Outcome<FeatureValue>> {
    const feature = kept.find((name) => name === wish.feature);
    if (feature === undefined) return refused('not-writable', `this PBX has no ${wish.feature}`);
    const picture = this.#resync.live;
    if (picture === null) return refused('pbx-away', 'the PBX is not connected');
    const user = userOf(wish.aor);
    if (domainOf(wish.aor) !== this.#domain || !picture.has(user)) {
      return refused('pbx-refused', 'the PBX has no such extension');
    }
    const value = feature === 'dnd' ? wish.enabled : wish.enabled ? (wish.target ?? null) : null;
    if (wish.enabled && value === null) return refused('pbx-refused', 'there is no target to forward to');
    try {
      const set = { user, [wordOf(feature)]: value };
      const { user: after } = await this.#link.ask({ set }, deadlineMs);
      if (after === undefined) return refused('pbx-refused', 'the PBX does not say what it holds now');
      this.#heard(after); // told before it is answered
      return granted(featureOf(after, feature));
    } catch (error) {
      if (error instanceof Fault && error.code === 'pbx-refused') return refused('pbx-refused', error.message);
      const away = this.#resync.live === null;
      return refused(away ? 'pbx-away' : 'pbx-timeout', 'the PBX did not answer in time');
    }
  }

  async credentials(user: string, domain: string): Promise<Credentials | null> {
    if (domain !== this.#domain) return null;
    const picture = this.#resync.live;
    if (picture === null) throw new Fault('pbx-unreachable', 'the PBX is not connected');
    if (!picture.has(user)) return null;
    const { password } = await this.#link.ask({ ask: 'password', user }, askMs);
    return password === undefined || password === null ? null : { realm: domain, password };
  }

  digest(domain: string): DigestFacts | null {
    return domain === this.#domain ? { realm: domain, md5Only: false } : null;
  }

  /** `lamplighter doctor`: with a connection of its own, so that it works while the link is down. */
  checks(deadlineMs: number): Promise<readonly Finding[]> {
    const { clock } = this.#tools;
    const answers = {
      name: 'acme',
      look: async () => {
        const link = new AcmeLink(this.#place, this.#tools);
        const opened = await openOnce(link, clock);
        const asked = opened instanceof Fault ? opened : await link.ask({ ask: 'boot' }, 2_000).catch((error) => error);
        link.stop();
        return asked instanceof Error ? [broken(asked.message, 'start the PBX, or correct host and port')] : [];
      },
    };
    return runChecks([answers], null, clock, { eachMs: 7_000, deadlineMs });
  }

  #heard(user: AcmeUser): void {
    const { live } = this.#resync;
    this.#resync.feed(user);
    if (live?.has(user.user) === false) {
      this.#tools.logger.info({ user: user.user }, 'a user that was not there: everything is read again');
      this.#resync.soon();
    }
  }
}

function wordOf(feature: FeatureName): string {
  return feature === 'dnd' ? 'dnd' : 'forward';
}

/** What the configuration says beside `name` and `type`; a module named by its path judges it itself. */
function placeOf(options: unknown): Place {
  const { host = '127.0.0.1', port } = options as { host?: unknown; port?: unknown };
  if (typeof host !== 'string' || !Number.isInteger(port))
    throw new Fault('config-invalid', 'acme needs host and port');
  return { host, port: port as number };
}
