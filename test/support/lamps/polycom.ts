import type { DialogInfo } from '../phone/bodies.ts';
import { type Lamp, LampPhone, type Truth, usualLamp, usualTruth } from './lamp-phone.ts';

interface Line {
  readonly state: string;
  readonly direction: string;
  readonly holding: boolean;
}

/**
 * Polycom and Poly: a call that rings after it was answered is ignored (a new call is a new id, Asterisk PR 2160), and so is
 * one that was over; a lower CSeq is answered 500, after which it subscribes without end until somebody pulls its plug.
 */
export class Polycom extends LampPhone {
  override readonly userAgent = 'PolycomVVX-VVX_411-UA/5.9.7.3480';
  /** All ids it ever saw in this subscription. */
  readonly #lines = new Map<string, Line>();
  #inDocument: readonly string[] = [];
  /** It asks without end. */
  storms = false;

  override wants(truth: Truth): Lamp {
    return usualTruth(truth);
  }

  protected override read({ dialogs }: DialogInfo): boolean {
    for (const { id, state, direction, holding } of dialogs) {
      const before = this.#lines.get(id)?.state;
      if (before === 'terminated' || (before === 'confirmed' && state !== 'confirmed' && state !== 'terminated'))
        continue;
      this.#lines.set(id, { state, direction, holding });
    }
    this.#inDocument = dialogs.map(({ id }) => id);
    return true;
  }

  protected override shows(): Lamp {
    const lines = this.#inDocument.flatMap((id) => this.#lines.get(id) ?? []);
    return usualLamp(lines.filter(({ state }) => state !== 'terminated'));
  }

  protected override forget(): void {
    this.#lines.clear();
    this.#inDocument = [];
  }

  protected override lowerCseq(): number {
    this.storms = true;
    return 500;
  }
}
