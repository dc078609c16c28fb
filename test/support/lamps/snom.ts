import type { DialogInfo } from '../phone/bodies.ts';
import { type Lamp, LampPhone, living, type Truth, usualLamp, usualTruth } from './lamp-phone.ts';

/**
 * Snom: only the document whose entity is the URI it subscribed to, letter by letter, is for it; URIs without a host are
 * none (FreeSWITCH 6076e0c7e9); `trying` is off-hook; and it takes its time to answer (NethServer 8122).
 */
export class Snom extends LampPhone {
  override readonly userAgent = 'snomD735/10.1.169.16';
  override readonly slowestAnswerMs = 5000;
  #lamp: Lamp = 'off';

  override wants(truth: Truth): Lamp {
    return usualTruth(truth);
  }

  protected override read({ entity, dialogs }: DialogInfo): boolean {
    if (entity !== this.entity) {
      this.violations.push(`entity ${entity} and not ${this.entity}`);
      return false;
    }
    for (const { local, remote } of dialogs) {
      for (const uri of [local.identity, local.target, remote.identity, remote.target]) {
        if (uri !== undefined && !/^sips?:[^@]+@[^@]+$/.test(uri)) this.violations.push(`a URI without a host: ${uri}`);
      }
    }
    const calls = living(dialogs);
    const offHook = calls.some(({ state }) => state === 'trying');
    const lamp = usualLamp(calls);
    this.#lamp = lamp === 'off' && offHook ? 'busy' : lamp;
    return true;
  }

  protected override shows(): Lamp {
    return this.#lamp;
  }

  protected override forget(): void {
    this.#lamp = 'off';
  }
}
