import { aorOf } from '../../src/model/aor.ts';
import { granted, type Outcome } from '../../src/model/outcome.ts';
import type { Random } from '../../src/model/random.ts';
import type {
  HeardNotify,
  NotifyReply,
  PhoneAnswer,
  PhoneAsked,
  PhoneDialog,
  PhoneDialogSeed,
  SubscribeSender,
} from '../../src/sip/front.ts';
import { Turns } from '../../src/watcher/turns.ts';
import { Watch } from '../../src/watcher/watch.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { silentLogger } from '../support/silent-logger.ts';

export const aor = aorOf('1001', 'lamplighter.test');

/** One dialog as the phone's side of the test sees it. */
export interface Side extends PhoneDialog {
  readonly seed: PhoneDialogSeed;
  readonly asked: PhoneAsked[];
  open: boolean;
  /** Answers the SUBSCRIBE that waits. */
  answer(status: number, more?: Partial<PhoneAnswer>): void;
  readonly waiting: boolean;
  notify(more?: Partial<HeardNotify>): NotifyReply;
}

/** SIP in memory: what is asked waits for the test to answer it, and 408 comes after Timer F. */
export class FakeSender implements SubscribeSender {
  readonly sides: Side[] = [];
  refusal: Outcome<PhoneDialog> | null = null;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get last(): Side {
    const side = this.sides.at(-1);
    if (side === undefined) throw new Error('nobody was asked');
    return side;
  }

  get openCount(): number {
    return this.sides.filter(({ open }) => open).length;
  }

  async open(seed: PhoneDialogSeed): Promise<Outcome<PhoneDialog>> {
    if (this.refusal !== null) return this.refusal;
    const waiting: ((answer: PhoneAnswer) => void)[] = [];
    const side: Side & { pending: typeof waiting } = {
      seed,
      source: 'udp:192.0.2.7:5060',
      asked: [],
      open: true,
      pending: waiting,
      get waiting() {
        return waiting.length > 0;
      },
      answer: (status, more = {}) => {
        const resolve = waiting.shift();
        resolve?.({ status, expires: null, minExpires: null, retryAfter: null, ...more });
      },
      notify: (more = {}) => {
        const usual = { event: 'presence', eventId: null, state: 'active', expires: null, reason: null } as const;
        return seed.hear({ ...usual, retryAfter: null, contentType: null, body: Buffer.alloc(0), ...more });
      },
    };
    this.sides.push(side);
    return granted(side);
  }

  subscribe(dialog: PhoneDialog, asked: PhoneAsked): Promise<PhoneAnswer> {
    const side = dialog as Side & { pending: ((answer: PhoneAnswer) => void)[] };
    side.asked.push(asked);
    if (side.pending.length > 0) throw new Error('two SUBSCRIBEs at once in one dialog');
    return new Promise((resolve) => {
      const timerF = this.#clock.after(32_000, () => {
        side.pending.splice(side.pending.indexOf(answered), 1);
        resolve({ status: 408, expires: null, minExpires: null, retryAfter: null });
      });
      const answered = (answer: PhoneAnswer): void => {
        timerF.cancel();
        resolve(answer);
      };
      side.pending.push(answered);
    });
  }

  close(dialog: PhoneDialog): void {
    (dialog as Side).open = false;
  }
}

/** Chance that is always the same, so that times can be told. */
export const half: Random = { bytes: (count) => Buffer.alloc(count, 7), fraction: () => 0.5 };

export function watching(random: Random = half, hear?: (notify: HeardNotify, askAgain: () => void) => NotifyReply) {
  const clock = new FakeClock();
  const sender = new FakeSender(clock);
  const silences: number[] = [];
  const heard: HeardNotify[] = [];
  const watch = new Watch(
    {
      aor,
      place: { uri: 'sip:1001@192.0.2.7:5060', via: null },
      event: 'presence',
      accept: ['application/pidf+xml'],
      expires: 3600,
      proof: 'address',
      hear: (notify, _source, askAgain) => {
        heard.push(notify);
        return hear?.(notify, askAgain) ?? { status: 200 };
      },
      silenced: () => silences.push(clock.now()),
    },
    { clock, random, logger: silentLogger, sender, turns: new Turns(10) },
  );
  return { clock, sender, watch, silences, heard };
}
