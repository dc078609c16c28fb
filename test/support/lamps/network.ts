import type { DialogState } from '../../../src/sip/dialog.ts';
import type { NotifyMessage, NotifyResult, NotifySender } from '../../../src/sip/front.ts';
import type { FakeClock } from '../fake-clock.ts';
import type { LampPhone } from './lamp-phone.ts';

/** Chance in [0, 1), of a seed: the same run twice. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0; // mulberry32
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** RFC 3261 17.1.2.2, timer F: nobody answers any more. */
const timerFMs = 32_000;

/** Carries NOTIFYs to phones in time and in order, and loses some of them, or their answers. */
export class Network {
  readonly dialogs = new Map<string, DialogState>();
  /** Share of NOTIFYs that never arrive, and of answers that get lost. */
  loss = 0;
  delivered = 0;
  lost = 0;
  readonly #clock: FakeClock;
  readonly #random: () => number;
  readonly #phones: readonly LampPhone[];
  #living: object = {};

  constructor(clock: FakeClock, phones: readonly LampPhone[], random: () => number) {
    this.#clock = clock;
    this.#phones = phones;
    this.#random = random;
  }

  /** The sender of a process that begins now; that of the last one is dead, what it sent is still under way. */
  newSender(): NotifySender {
    const process = {};
    this.#living = process;
    this.dialogs.clear();
    return {
      notify: (dialog, message) => this.#notify(dialog, message, () => this.#living === process),
      roomBytes: () => 60_000,
      restore: (dialog) => {
        const known = this.dialogs.get(dialog.callId) ?? dialog;
        this.dialogs.set(dialog.callId, known);
        return known;
      },
      release: (dialog) => void this.dialogs.delete(dialog.callId),
    };
  }

  #notify(dialog: DialogState, message: NotifyMessage, alive: () => boolean): Promise<NotifyResult> {
    dialog.localCseq += 1;
    if (dialog.localCseq > dialog.localCseqLimit) throw new Error('CSeq beyond its reservation');
    const { callId, localCseq: cseq } = dialog;
    const phone = this.#phones.find((one) => one.callId === callId);
    const way = 1 + this.#random() * 20;
    const back = 1 + this.#random() * (phone?.slowestAnswerMs ?? 20);
    const fate = this.#random();
    return new Promise((resolve) => {
      const answer = (status: number) => {
        if (alive()) resolve({ status, local: false, retryAfter: null });
      };
      const never = () => {
        this.lost += 1;
        if (phone !== undefined) phone.missed = true;
        this.#clock.after(timerFMs, () => answer(408));
      };
      if (fate < this.loss / 2) {
        never();
        return;
      }
      this.#clock.after(way, () => {
        const heard = {
          callId,
          cseq,
          state: message.subscription.state,
          contentType: message.contentType,
          body: message.content,
        };
        const status = this.#phones.find((one) => one.callId === callId)?.take(heard) ?? 481;
        this.delivered += 1;
        if (fate < this.loss) never();
        else this.#clock.after(back, () => answer(status));
      });
    });
  }
}
