import type { DialogInfo } from '../phone/bodies.ts';
import { type Lamp, LampPhone, living, type Truth, usualLamp, usualTruth } from './lamp-phone.ts';

/**
 * Yealink: a document without any dialog says nothing to it, not even that nobody calls (OpenSIPS PR 1193), and it takes
 * offence at the end of a call that it was never shown (FreeSWITCH 0fe47df2d7), which can be held against nobody where a
 * NOTIFY got lost.
 */
export class Yealink extends LampPhone {
  override readonly userAgent = 'Yealink SIP-T46U 108.86.0.20';
  readonly #known = new Set<string>();
  #lamp: Lamp = 'off';

  override wants(truth: Truth): Lamp {
    return usualTruth(truth);
  }

  protected override read({ dialogs }: DialogInfo): boolean {
    if (dialogs.length === 0) return false;
    for (const { id, state } of dialogs) {
      // A dialog that is over and alone is how servers say that nobody calls.
      if (state === 'terminated' && dialogs.length > 1 && !this.#known.has(id) && !this.missed) {
        this.violations.push(`the end of ${id}, which was never shown`);
      }
      this.#known.add(id);
    }
    this.#lamp = usualLamp(living(dialogs));
    return true;
  }

  protected override shows(): Lamp {
    return this.#lamp;
  }

  protected override forget(): void {
    this.#known.clear();
    this.#lamp = 'off';
  }
}
