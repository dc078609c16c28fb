import type { Logger } from '../model/logger.ts';
import type { SubscriptionStore } from './ports.ts';
import type { Channel, Subscription } from './record.ts';

/** NOTIFYs for one write to the store. */
export const block = 1000;

/** NOTIFYs until the next attempt after a failed write. */
const retryBlock = 100;

/**
 * Keeps CSeq and version from ever going back: the store holds the ends of reserved blocks, and a number beyond them is
 * used only after the store has the new end.
 *
 * Where the store fails (disk full), NOTIFYs go on from RAM: a dark lamp now is certain, numbers that go back need a
 * crash on top before the disk is cured. It is logged once, and tried again every 100 NOTIFYs of a subscription.
 */
export class Numbers {
  readonly #store: SubscriptionStore;
  readonly #logger: Logger;
  #failing = false;

  constructor(store: SubscriptionStore, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /** Before each NOTIFY: makes one CSeq and one version usable. */
  secure(sub: Subscription): void {
    const { dialog } = sub.channel;
    const needsCseq = dialog.localCseq >= dialog.localCseqLimit;
    const needsVersion = sub.version >= sub.versionLimit;
    if (!needsCseq && !needsVersion) return;
    const before = { cseq: dialog.localCseqLimit, version: sub.versionLimit };
    if (needsCseq) dialog.localCseqLimit = dialog.localCseq + block;
    if (needsVersion) sub.versionLimit = sub.version + block;
    if (this.reserve(needsCseq ? sub.channel.usages : [sub])) return;
    dialog.localCseqLimit = needsCseq ? dialog.localCseq + retryBlock : before.cseq;
    sub.versionLimit = needsVersion ? sub.version + retryBlock : before.version;
  }

  /** Writes the present limits of these subscriptions. All usages of a dialog keep the same CSeq limit on disk. */
  reserve(subs: readonly Subscription[]): boolean {
    return this.#attempt(() => {
      for (const sub of subs) {
        if (sub.ending === null) this.#store.reserve(sub.id, sub.channel.dialog.localCseqLimit, sub.versionLimit);
      }
    });
  }

  /** Who leaves a dialog may come back to it after a restart: the limit of one who stays remembers how far he was. */
  remember({ usages, firstVersion }: Channel): void {
    const living = usages.filter(({ ending }) => ending === null);
    const [keeper] = living;
    if (keeper === undefined || living.some(({ versionLimit }) => versionLimit >= firstVersion)) return;
    keeper.versionLimit = firstVersion;
    this.reserve([keeper]);
  }

  /** At start: a block for everybody in one write. False: the store took nothing. */
  reserveAll(): boolean {
    return this.#attempt(() => this.#store.reserveAll(block, block));
  }

  #attempt(write: () => void): boolean {
    try {
      write();
      this.#failing = false;
      return true;
    } catch (error) {
      if (!this.#failing)
        this.#logger.error({ err: error }, 'CSeq and version cannot be reserved, NOTIFYs go on without');
      this.#failing = true;
      return false;
    }
  }
}
