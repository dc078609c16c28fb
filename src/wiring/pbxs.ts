import type { PbxAdapter, Tell } from '../../adapters/adapter.ts';
import { openAdapter } from '../../adapters/host.ts';
import { domainsOf } from '../config/readings.ts';
import type { Config, PbxConfig } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import type { FeatureRow } from '../model/feature.ts';
import type { Logger } from '../model/logger.ts';
import type { Meters } from '../model/meters.ts';
import type { Random } from '../model/random.ts';
import type { Hub } from '../state/hub.ts';
import { same } from './current.ts';
import type { Difference, Prepared, Stage } from './stages.ts';

interface PbxTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Where it counts what comes; default: it does not. */
  readonly meters?: Meters;
}

/** Why the link of a PBX is down whose entry was changed. */
const reloaded = 'its configuration was changed: it is read again';

/** The PBXs' adapters: opened, started, and exchanged one by one while the others go on. */
export class Pbxs implements Stage {
  readonly name = 'pbx';
  /** By name. The same map for ever: who looks up a PBX in it finds the adapter of this moment. */
  readonly adapters = new Map<string, PbxAdapter>();
  readonly #tools: PbxTools;
  readonly #hub: Pick<Hub, 'order' | 'apply' | 'features'>;
  /** null: not started. */
  #tell: Tell | null = null;

  constructor(hub: Pick<Hub, 'order' | 'apply' | 'features'>, tools: PbxTools) {
    this.#hub = hub;
    this.#tools = tools;
  }

  /** Opens all of them; none says anything before `start`. Throws Fault `adapter-unknown`. */
  async open(config: Config, remembered: readonly FeatureRow[]): Promise<void> {
    for (const pbx of config.pbx) this.adapters.set(pbx.name, await this.#adapter(config, pbx, remembered));
  }

  start(tell: Tell): void {
    const { meters } = this.#tools;
    const heard: Tell = (event) => {
      meters?.pbxEvents.add(event.source, event.type);
      tell(event);
    };
    this.#tell = heard;
    for (const adapter of this.adapters.values()) adapter.start(heard);
  }

  /** Together: one that hangs takes no time from the others. */
  async stop(): Promise<void> {
    await Promise.all([...this.adapters.values()].map((adapter) => adapter.stop()));
  }

  /** A PBX whose entry is different gets a new adapter; until that has told its picture, the last truth stands, stale. */
  async prepare({ before, after }: Difference): Promise<Prepared | null> {
    const [old, next] = [before.config, after.config];
    const renamed = !same(domainsOf(old), domainsOf(next));
    // what a hook kept instead of the PBX is the PBX's again, and has to be read there
    const disowned = old.hooks?.owns.some((feature) => next.hooks?.owns.includes(feature) !== true) === true;
    const isSame = (pbx: PbxConfig) => {
      const was = old.pbx.find(({ name }) => name === pbx.name);
      return was !== undefined && !renamed && !disowned && same(entryOf(was), entryOf(pbx));
    };
    const names = next.pbx.map(({ name }) => name);
    const ordered = same(
      old.pbx.map(({ name }) => name),
      names,
    );
    const different = next.pbx.filter((pbx) => !isSame(pbx));
    if (ordered && different.length === 0) return null;
    const remembered = this.#hub.features();
    const opened = new Map<string, PbxAdapter>();
    const abandon = async (): Promise<void> => {
      await Promise.all([...opened.values()].map((adapter) => adapter.stop()));
    };
    try {
      for (const pbx of different) opened.set(pbx.name, await this.#adapter(next, pbx, remembered));
    } catch (error) {
      await abandon();
      throw error;
    }
    return { commit: () => this.#exchange(names, opened), abandon };
  }

  async #exchange(names: readonly string[], opened: ReadonlyMap<string, PbxAdapter>): Promise<void> {
    const leaving = [...this.adapters].filter(([name]) => opened.has(name) || !names.includes(name));
    const others = new Map(this.adapters);
    this.adapters.clear();
    for (const name of names) {
      const adapter = opened.get(name) ?? others.get(name);
      if (adapter !== undefined) this.adapters.set(name, adapter);
    }
    // first, as a stopped one says nothing of its own end, and two of them on one account would fight for it
    await Promise.all(leaving.map(([, adapter]) => adapter.stop()));
    for (const [source] of leaving) this.#hub.apply({ source, type: 'link', state: 'down', reason: reloaded });
    this.#hub.order(names);
    const tell = this.#tell;
    if (tell !== null) for (const adapter of opened.values()) adapter.start(tell);
  }

  #adapter(config: Config, pbx: PbxConfig, remembered: readonly FeatureRow[]): Promise<PbxAdapter> {
    const { clock, random, logger, meters } = this.#tools;
    const { name, type, domain: own, ...options } = pbx;
    const domains = domainsOf(config).filter((one) => own === undefined || one.name === own);
    const before = this.adapters.get(name);
    const digest = Object.fromEntries(domains.map((one) => [one.name, before?.digest(one.name) ?? null]));
    const settings = { name, domain: own ?? config.domain, domains, options, remembered, digest };
    const tools = { clock, random, logger: logger.child(`pbx ${name}`) };
    const onLag = (seconds: number) => meters?.lagOf(name).add(seconds);
    return openAdapter(type, settings, meters === undefined ? tools : { ...tools, onLag });
  }
}

/** With its keys in one order: an entry of a module of somebody else's comes as it was written. */
function entryOf(pbx: PbxConfig): unknown {
  return Object.entries(pbx).sort(([a], [b]) => (a < b ? -1 : 1));
}
