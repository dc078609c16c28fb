import { Fault } from '../../src/model/errors.ts';
import type { EslCommands } from './esl/commands.ts';

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Which life of FreeSWITCH this is, by its Core-UUID: the channels of another are none of those we know. */
export class Life {
  /** That of the last event on this connection. */
  #heard: string | null = null;
  /** That of the last reading. */
  #read: string | null = null;

  /** True: an event of another life than what was read is of. */
  hear(coreUuid: string | undefined): boolean {
    if (coreUuid === undefined || !uuid.test(coreUuid) || coreUuid === this.#heard) return false;
    this.#heard = coreUuid;
    return this.#read !== null && this.#read !== coreUuid;
  }

  /** The connection is gone. */
  lost(): void {
    this.#heard = null;
  }

  /**
   * That of the reading which begins; `another` than the one before. Rejects like `EslCommands.api`, and with
   * `pbx-unreachable` where the account may not ask and no event has come yet.
   */
  async read(esl: EslCommands): Promise<{ readonly life: string; readonly another: boolean }> {
    const told = await esl.api('global_getvar', 'core_uuid').catch((error: unknown) => {
      // An account that may not ask: each event says it too, HEARTBEAT at the latest.
      if (error instanceof Fault && error.code === 'pbx-refused') return '';
      throw error;
    });
    const life = uuid.test(told) ? told : this.#heard;
    if (life === null) throw new Fault('pbx-unreachable', 'FreeSWITCH has not said yet which life of it this is');
    const another = this.#read !== null && this.#read !== life;
    this.#read = life;
    return { life, another };
  }
}
