import { resolve } from 'node:path';
import type { PbxAdapter } from '../../adapters/adapter.ts';
import type { Gate } from '../commands/gate.ts';
import type { HooksConfig } from '../config/hooks-schema.ts';
import { readTextFile } from '../config/text-file.ts';
import { HookReader } from '../hooks/hook-reader.ts';
import { Hooks } from '../hooks/hooks.ts';
import type { HookLine, LineTools } from '../hooks/line.ts';
import { ModuleLine } from '../hooks/module.ts';
import { ProgramLine } from '../hooks/program.ts';
import { WebhookLine } from '../hooks/webhook.ts';
import type { Aor } from '../model/aor.ts';
import { Fault } from '../model/errors.ts';
import { type FeatureName, featureNames } from '../model/feature.ts';
import type { HookCall } from '../model/hook.ts';
import type { PbxEvent, PhoneKeyEvent } from '../model/pbx-event.ts';
import type { Grid } from '../model/tally.ts';
import type { OnSubscribe, SubscribeAnswer, SubscribeRequest } from '../sip/front.ts';
import type { Hub } from '../state/hub.ts';

const usualCalls: HookCall[] = ['get', 'set'];
/** A phone's first answer waits so long for the hook; then it is told what is known, and the rest when it comes. Milliseconds. */
const patienceMs = 300;

/** The hook of the configuration, not started yet; null: there is none. Throws Fault `config-invalid` for a bad file. */
export function openHooks(config: HooksConfig | undefined, tools: LineTools, counts?: Grid): Hooks | null {
  if (config === undefined) return null;
  return new Hooks(lineOf(config, tools), config, tools, counts);
}

function lineOf({ module, program, webhook, calls = usualCalls }: HooksConfig, tools: LineTools): HookLine {
  if (module !== undefined) return new ModuleLine(resolve(module), tools);
  if (program !== undefined) return new ProgramLine(program as [string, ...string[]], calls, tools);
  if (webhook === undefined) throw new Fault('config-invalid', 'hooks: expected one of module, program, webhook');
  return new WebhookLine(
    { ...webhook, ca: webhook.ca === undefined ? undefined : authorities(webhook.ca) },
    calls,
    tools,
  );
}

function authorities(path: string): string {
  try {
    return readTextFile(path);
  } catch (error) {
    throw new Fault('config-invalid', `hooks.webhook.ca: ${path}: ${(error as Error).message}`, error);
  }
}

export interface HookSideTools extends LineTools {
  readonly hooks: Hooks;
  readonly hub: Hub;
  readonly gate: Gate;
  readonly adapters: ReadonlyMap<string, PbxAdapter>;
  /** Whose feature keys are subscribed to. */
  readonly subscribed: () => Iterable<Aor>;
}

/** What the daemon does with hooks besides asking them about wishes. Made only where there are some. */
export class HookSide {
  readonly #tools: HookSideTools;
  readonly #reader: HookReader;
  readonly #exposing = new Set<Aor>();
  #deaf: readonly (() => void)[] = [];

  constructor(tools: HookSideTools) {
    const { hooks, hub, gate, clock, logger } = tools;
    this.#tools = tools;
    this.#reader = new HookReader({
      hooks,
      clock,
      logger,
      view: (aor) => hub.view(aor),
      sourceFor: (aor) => hub.ownerOf(aor),
      apply: (event) => hub.apply(event),
      judge: (wish) => gate.judge(wish),
      inTurn: (aor, task) => gate.inTurn(aor, task),
    });
  }

  /** Before the PBXs start. */
  start(): void {
    const { hooks, hub } = this.#tools;
    hooks.start();
    const noMoreChanges = hub.onChange(({ aor, topic, aspects }) => {
      // The first picture of a PBX is read as a whole, when it is in step.
      if (topic === 'extension' && aspects.includes('known') && !hub.view(aor).stale) {
        this.#reader.readLater([aor], this.#askedUnasked(aor));
      }
      if (topic !== 'features') return;
      const { features } = hub.view(aor);
      for (const feature of featureNames) {
        if (!aspects.includes(feature)) continue;
        const { updatedBy: kind, ...value } = features[feature];
        hooks.notify({ aor, feature, value, current: null, origin: { kind }, param: null });
      }
    });
    const noMoreLinks = hub.onLink(({ source, state }) => {
      if (state === 'up') this.#readAll(source);
    });
    this.#deaf = [noMoreChanges, noMoreLinks];
  }

  /** After `start`, where the PBXs are in step already: the hook is asked for all it has a say in. */
  catchUp(): void {
    for (const { source, state } of this.#tools.hub.links()) if (state === 'up') this.#readAll(source);
  }

  async stop(): Promise<void> {
    for (const stop of this.#deaf) stop();
    this.#reader.stop();
    this.#exposing.clear();
    await this.#tools.hooks.stop();
  }

  /** An event of a PBX without what the hook stores instead of it; null: nothing is left. */
  heard(event: PbxEvent): PbxEvent | null {
    const { owns } = this.#tools.hooks;
    if (owns.size === 0) return event;
    if (event.type === 'feature') return owns.has(event.feature) ? null : event;
    if (event.type !== 'snapshot') return event;
    const features = event.snapshot.features.filter(({ feature }) => !owns.has(feature));
    return { ...event, snapshot: { ...event.snapshot, features } };
  }

  /** Asks the hook how the features of a user stand; resolves when the hub knows. */
  read(aor: Aor): Promise<boolean> {
    return this.#reader.readWithin(aor, featureNames, this.#tools.hooks.deadlineMs);
  }

  /** Tells the hook of an extension as if all its features had changed, in the background, one extension after the other. */
  expose(aor: Aor): void {
    if (this.#exposing.has(aor)) return;
    this.#exposing.add(aor);
    if (this.#exposing.size === 1) void this.#tellExposed();
  }

  async #tellExposed(): Promise<void> {
    const { hooks, hub } = this.#tools;
    for (const aor of this.#exposing) {
      const { features } = hub.view(aor);
      const rest = { current: null, origin: { kind: 'rpc' }, param: 'expose' } as const;
      await Promise.all(featureNames.map((feature) => hooks.tell({ aor, feature, value: features[feature], ...rest })));
      this.#exposing.delete(aor);
    }
  }

  /** A phone that wants to hear its features is answered when the hook has said how they stand, or does not. */
  beforeAnswer(next: OnSubscribe): OnSubscribe {
    return (request) => {
      const aor = this.#asksFor(request);
      return aor === null ? next(request) : this.#afterReading(aor, request, next);
    };
  }

  async #afterReading(aor: Aor, request: SubscribeRequest, next: OnSubscribe): Promise<SubscribeAnswer> {
    const { hooks } = this.#tools;
    const strict = hooks.onFailure.get === 'refuse';
    const said = await this.#reader.readWithin(aor, featureNames, strict ? hooks.deadlineMs : patienceMs);
    return strict && !said ? { status: 503, headers: [['Retry-After', '10']] } : next(request);
  }

  /** A phone that subscribes to its PBX and wants to hear how things stand is told when the hook has said it, or does not. */
  beforeTelling(pressed: (event: PhoneKeyEvent) => Promise<void>): (event: PhoneKeyEvent) => Promise<void> {
    return async (event) => {
      const { aor, wishes } = event;
      if (wishes.length === 0 && this.#tools.hub.isExtension(aor)) {
        await this.#reader.readWithin(aor, featureNames, patienceMs);
      }
      await pressed(event);
    };
  }

  /** Whose features a SUBSCRIBE asks for, where the hook has a say; a key press is no question. */
  #asksFor({ event, body, initial, resource, watcher }: SubscribeRequest): Aor | null {
    if (event !== 'as-feature-event' || body.length > 0) return null;
    const { hooks, hub } = this.#tools;
    const aor = initial ? resource : watcher.aor;
    // The package is for the user himself, who has been asked for his password.
    if (aor === null || (watcher.how !== 'trusted' && watcher.aor !== aor)) return null;
    return (hooks.takes('get') || hooks.takes('assigned')) && hub.isExtension(aor) ? aor : null;
  }

  /** Features that the hook is asked for before any phone is there: those no PBX tells; all, where it may hide some. */
  #askedUnasked(aor: Aor): readonly FeatureName[] {
    const { adapters, hub, hooks } = this.#tools;
    if (hooks.takes('assigned')) return featureNames;
    const told = adapters.get(hub.ownerOf(aor) ?? '')?.capabilities.features;
    return featureNames.filter((feature) => hooks.owns.has(feature) || told?.[feature].readable === false);
  }

  /** The PBX is in step. Those whose phones are there already come first, and are read in full. */
  #readAll(source: string): void {
    const { hub, subscribed } = this.#tools;
    const own = hub.list().filter((aor) => hub.ownerOf(aor) === source);
    const [first] = own;
    if (first === undefined) return;
    const listening = new Set(subscribed());
    const [here, others] = [own.filter((aor) => listening.has(aor)), own.filter((aor) => !listening.has(aor))];
    this.#reader.readLater(here, featureNames);
    this.#reader.readLater(others, this.#askedUnasked(first));
  }
}
