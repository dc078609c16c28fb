import type { PbxAdapter } from '../../adapters/adapter.ts';
import type { Gate } from '../commands/gate.ts';
import type { Hooks } from '../hooks/hooks.ts';
import type { LineTools } from '../hooks/line.ts';
import type { Aor } from '../model/aor.ts';
import type { PbxEvent, PhoneKeyEvent } from '../model/pbx-event.ts';
import type { Grid } from '../model/tally.ts';
import type { OnSubscribe } from '../sip/front.ts';
import type { Hub } from '../state/hub.ts';
import type { Current } from './current.ts';
import { HookSide, openHooks } from './hooks.ts';
import type { Difference, Prepared, Stage } from './stages.ts';

export interface HookPlaceTools extends LineTools {
  readonly hub: Hub;
  readonly adapters: ReadonlyMap<string, PbxAdapter>;
  readonly current: Current;
  readonly counts?: Grid | undefined;
  /** Whose feature keys are subscribed to. */
  readonly subscribed: () => Iterable<Aor>;
}

/** Where the hook stands that the configuration names now, if it names one. Who asks here always asks the present one. */
export class HookPlace implements Stage {
  readonly name = 'hooks';
  readonly #tools: HookPlaceTools;
  #hooks: Hooks | null;
  #side: HookSide | null = null;
  #gate: Gate | null = null;

  /** Throws Fault `config-invalid` for a bad file. */
  constructor(tools: HookPlaceTools) {
    this.#tools = tools;
    this.#hooks = openHooks(tools.current.config.hooks, tools, tools.counts);
  }

  /** For the gate, which is made before anybody can ask; null: there is none. */
  get hooks(): Hooks | null {
    return this.#hooks;
  }

  /** null: there is none. */
  get side(): HookSide | null {
    return this.#side;
  }

  /** Before the PBXs start. */
  start(gate: Gate): void {
    this.#gate = gate;
    this.#side = this.#sideOf(this.#hooks, gate);
    this.#side?.start();
  }

  async stop(): Promise<void> {
    await this.#side?.stop();
  }

  /** An event of a PBX without what the hook stores instead of it; null: nothing is left. */
  heard(event: PbxEvent): PbxEvent | null {
    return this.#side === null ? event : this.#side.heard(event);
  }

  /** As `HookSide.beforeAnswer`. */
  beforeAnswer(next: OnSubscribe): OnSubscribe {
    return (request) => (this.#side === null ? next(request) : this.#side.beforeAnswer(next)(request));
  }

  /** As `HookSide.beforeTelling`. */
  beforeTelling(pressed: (event: PhoneKeyEvent) => Promise<void>): (event: PhoneKeyEvent) => Promise<void> {
    return (event) => (this.#side === null ? pressed(event) : this.#side.beforeTelling(pressed)(event));
  }

  /** Questions under way are answered as by a hook that fails: `onFailure`. */
  prepare({ after, touches }: Difference): Prepared | null {
    const gate = this.#gate;
    if (!touches('hooks') || gate === null) return null;
    const hooks = openHooks(after.config.hooks, this.#tools, this.#tools.counts);
    return { commit: () => this.#exchange(hooks, gate) };
  }

  async #exchange(hooks: Hooks | null, gate: Gate): Promise<void> {
    const before = this.#side;
    this.#hooks = hooks;
    this.#side = this.#sideOf(hooks, gate);
    const { hub, current } = this.#tools;
    gate.exchange({ policy: current.now.policy, hook: hooks ?? undefined });
    await before?.stop();
    hub.revealFeatures(); // what the one before kept from users is not this one's word
    this.#side?.start();
    this.#side?.catchUp();
  }

  #sideOf(hooks: Hooks | null, gate: Gate): HookSide | null {
    return hooks === null ? null : new HookSide({ ...this.#tools, hooks, gate });
  }
}
