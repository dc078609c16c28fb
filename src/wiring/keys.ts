import type { PbxAdapter } from '../../adapters/adapter.ts';
import type { Aor } from '../model/aor.ts';
import type { Wish } from '../model/feature.ts';
import type { Logger } from '../model/logger.ts';
import type { PhoneKeyEvent } from '../model/pbx-event.ts';
import type { Verdict } from '../model/verdict.ts';
import type { Change, ResourceView } from '../model/views.ts';

export interface KeyTools {
  readonly adapters: ReadonlyMap<string, PbxAdapter>;
  /** The PBX that owns an extension; null where none has it. */
  readonly ownerOf: (aor: Aor) => string | null;
  readonly view: (aor: Aor) => ResourceView;
  readonly grant: (wish: Wish) => Promise<Verdict>;
  readonly logger: Logger;
}

/** What is wrong with so many is wrong with the configuration. */
const mostForeign = 100;

/**
 * Phones that subscribe to their PBX and not to us. Their keys pass the same gate as all wishes, and what is true is told
 * to them by the PBX's adapter. The hub and the gate know nothing of them.
 */
export class PhoneKeys {
  readonly #tools: KeyTools;
  /** Extensions that a PBX spoke of without having them. */
  readonly #foreign = new Set<Aor>();

  constructor(tools: KeyTools) {
    this.#tools = tools;
  }

  /** A change of the hub (`hub.onChange`): all phones of that user are told. */
  changed({ topic, aor, quiet }: Change): void {
    const { adapters, ownerOf, view } = this.#tools;
    if (topic !== 'features' || quiet === true) return;
    const adapter = adapters.get(ownerOf(aor) ?? '');
    if (adapter?.capabilities.tellsPhones) adapter.tellFeatures?.(aor, view(aor).features, null);
  }

  /**
   * Puts a phone's wishes to the gate, one after the other; whatever became of them, the phone is told the truth. Settles
   * then; never rejects. A PBX speaks for its own extensions only.
   */
  async pressed({ source, aor, wishes, phone }: PhoneKeyEvent): Promise<void> {
    const { adapters, ownerOf, view, grant, logger } = this.#tools;
    if (ownerOf(aor) !== source || wishes.some((wish) => wish.aor !== aor)) {
      this.#complain(source, aor);
      return;
    }
    for (const wish of wishes) {
      try {
        await grant(wish);
      } catch (error) {
        logger.error({ err: error, aor, feature: wish.feature }, 'the gate failed on a wish');
      }
    }
    adapters.get(source)?.tellFeatures?.(aor, view(aor).features, phone);
  }

  /** Once for each: a phone there may press as often as it likes. */
  #complain(source: string, aor: Aor): void {
    if (this.#foreign.has(aor) || this.#foreign.size >= mostForeign) return;
    this.#foreign.add(aor);
    this.#tools.logger.warn({ source, aor }, 'a key of an extension that this PBX does not have: ignored');
  }
}
