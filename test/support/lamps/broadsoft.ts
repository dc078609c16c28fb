import type { DialogInfo } from '../phone/bodies.ts';
import { type Lamp, LampPhone, type Truth, usualTruth } from './lamp-phone.ts';

/**
 * Phones of the BroadSoft kind (TB30, Comverse): any recipient that is proceeding or early blinks; else any confirmed one or
 * any initiator is on; all over, or none at all, is off. Hold is no lamp of its own. Nobody calling is an empty document.
 */
export class Broadsoft extends LampPhone {
  override readonly userAgent = 'TB30/2.10.4';
  override readonly profile = { idleAtSubscribe: 'empty', idleAtEnd: 'empty' } as const;
  #lamp: Lamp = 'off';

  override wants(truth: Truth): Lamp {
    const lamp = usualTruth(truth);
    return lamp === 'held' ? 'busy' : lamp;
  }

  protected override read({ dialogs }: DialogInfo): boolean {
    const isBlinking = ({ direction, state }: { direction: string; state: string }) =>
      direction === 'recipient' && (state === 'proceeding' || state === 'early');
    const isOn = ({ direction, state }: { direction: string; state: string }) =>
      state === 'confirmed' || (direction === 'initiator' && state !== 'terminated');
    this.#lamp = dialogs.some(isBlinking) ? 'ringing' : dialogs.some(isOn) ? 'busy' : 'off';
    return true;
  }

  protected override shows(): Lamp {
    return this.#lamp;
  }

  protected override forget(): void {
    this.#lamp = 'off';
  }
}
