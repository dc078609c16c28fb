import type { HookCall, HookTrouble } from '../model/hook.ts';

/** What fails at present, by call: a hook whose `get` is well may fail at each `set`. */
export class Troubles {
  readonly #by = new Map<HookCall, HookTrouble>();

  failed(call: HookCall, reason: string, now: number): void {
    const before = this.#by.get(call);
    this.#by.set(call, { call, since: before?.since ?? now, times: (before?.times ?? 0) + 1, reason });
  }

  well(call: HookCall): void {
    this.#by.delete(call);
  }

  get list(): readonly HookTrouble[] {
    return [...this.#by.values()];
  }
}
