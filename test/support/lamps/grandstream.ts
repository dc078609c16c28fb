import type { DialogInfo } from '../phone/bodies.ts';
import { type Lamp, LampPhone, living, type Truth, usualLamp, usualTruth } from './lamp-phone.ts';

/**
 * Grandstream GXP: rings for a recipient that is early, is steady for a confirmed one, and reads `From x To y` from the two
 * identities of a call, so that the watched side must be named in each. It offers eventlist, yet gets a plain document for a
 * single resource (`LampPhone.take` holds all of them to that).
 */
export class Grandstream extends LampPhone {
  override readonly userAgent = 'Grandstream GXP2170 1.0.11.64';
  #lamp: Lamp = 'off';

  override wants(truth: Truth): Lamp {
    return usualTruth(truth);
  }

  protected override read({ dialogs }: DialogInfo): boolean {
    const calls = living(dialogs);
    for (const { id, local, direction } of calls) {
      if (local.identity === undefined) this.violations.push(`nobody is named on this side of ${id}`);
      if (direction === '') this.violations.push(`${id} has no direction`);
    }
    this.#lamp = usualLamp(calls);
    return true;
  }

  protected override shows(): Lamp {
    return this.#lamp;
  }

  protected override forget(): void {
    this.#lamp = 'off';
  }
}
