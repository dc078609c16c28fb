import type { DialogInfo } from '../phone/bodies.ts';
import { type Lamp, LampPhone, type Truth } from './lamp-phone.ts';

/**
 * Cisco SPA: one dialog in a document and no more, or it stops (SPA962); a neighbour who dials makes it flash as if he were
 * called, unless he is shown as confirmed. It leaves a NOTIFY unanswered now and then (OpenSIPS 380), which the network of
 * these tests does for all phones.
 */
export class CiscoSpa extends LampPhone {
  override readonly userAgent = 'Cisco/SPA962-6.1.5(a)';
  #lamp: Lamp = 'off';

  /** One call: what wants to be answered, what talks, what is held, what is dialled (docs/lamps.md, Ranks). */
  override wants({ calls, dnd }: Truth): Lamp {
    const any = (wanted: (call: Truth['calls'][number]) => boolean) => calls.some(wanted);
    const unanswered = (direction: string) =>
      any((call) => call.direction === direction && (call.phase === 'early' || call.phase === 'proceeding'));
    if (unanswered('recipient')) return 'ringing';
    if (any(({ phase, holding }) => phase === 'confirmed' && !holding)) return 'busy';
    if (any(({ phase }) => phase === 'confirmed')) return 'held';
    return unanswered('initiator') || dnd ? 'busy' : 'off';
  }

  protected override read({ dialogs }: DialogInfo): boolean {
    const [dialog, ...others] = dialogs;
    if (others.length > 0) {
      this.violations.push(`${dialogs.length} dialogs: it stops`);
      return false;
    }
    if (dialog === undefined || dialog.state === 'terminated') this.#lamp = 'off';
    else if (dialog.state !== 'confirmed')
      this.#lamp = 'ringing'; // whoever rings
    else this.#lamp = dialog.holding ? 'held' : 'busy';
    return true;
  }

  protected override shows(): Lamp {
    return this.#lamp;
  }

  protected override forget(): void {
    this.#lamp = 'off';
  }
}
