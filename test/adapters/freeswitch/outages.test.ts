import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freeswitch } from '../../../adapters/freeswitch/freeswitch.ts';
import { sleep, systemClock } from '../../../src/model/clock.ts';
import { systemRandom } from '../../../src/model/random.ts';
import { bench } from '../../state/bench.ts';
import type { FakeCall } from '../../support/freeswitch/channels.ts';
import type { FakeFreeswitch } from '../../support/freeswitch/fake-freeswitch.ts';
import { silentLogger } from '../../support/silent-logger.ts';
import { Telling } from '../told.ts';
import { hurried, type Rig, rig, settingsFor, user, wish } from './rig.ts';

/*
 * Calls, keys, messages and registrations at random, while the connection breaks and FreeSWITCH cannot be read. At the end an
 * adapter that was there all the time has told what one that comes now reads.
 */

const numbers = ['1001', '1002', '1003'] as const;
const features = ['dnd', 'cfa', 'cfb', 'cfna'] as const;
const steps = 150;

/** `SEED` plays one again. */
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));

type Below = (limit: number) => number;

function chance(from: number): Below {
  let state = from >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** What happens at a PBX and to it. */
class Day {
  readonly wishes: Promise<unknown>[] = [];
  readonly #pbx: FakeFreeswitch;
  readonly #adapter: Rig['adapter'];
  readonly #below: Below;
  readonly #calls: { readonly call: FakeCall; readonly parties: readonly string[]; answered: boolean }[] = [];
  readonly #registrations: string[] = [];

  constructor({ pbx, adapter }: Rig, below: Below) {
    this.#pbx = pbx;
    this.#adapter = adapter;
    this.#below = below;
  }

  step(): void {
    const acts = [
      this.#ring,
      this.#ring,
      this.#answer,
      this.#answer,
      this.#hold,
      this.#hold,
      this.#hangUp,
      this.#leave,
    ];
    const others = [this.#register, this.#unregister, this.#code, this.#wish, this.#garble, this.#drop];
    this.#one([...acts, ...others])?.call(this);
  }

  #one<T>(of: readonly T[]): T | undefined {
    return of[this.#below(of.length)];
  }

  #user(): string {
    return `${numbers[this.#below(numbers.length)]}@lab.test`;
  }

  #ring(): void {
    const [from, to] = [this.#user(), this.#user()];
    if (from !== to) this.#calls.push({ call: this.#pbx.call(from, to), parties: [from, to], answered: false });
  }

  #answer(): void {
    const it = this.#one(this.#calls);
    if (it === undefined || it.answered) return;
    it.answered = true;
    it.call.answer();
  }

  #hold(): void {
    const it = this.#one(this.#calls.filter(({ answered }) => answered));
    const by = this.#one(it?.parties ?? []) ?? '';
    if (this.#below(2) === 0) it?.call.hold(by);
    else it?.call.resume(by);
  }

  #hangUp(): void {
    const [it] = this.#calls.splice(this.#below(this.#calls.length + 1), 1);
    it?.call.hangup();
  }

  #leave(): void {
    this.#pbx.mailbox(this.#user(), { new: this.#below(5), old: this.#below(3) });
  }

  #register(): void {
    this.#registrations.push(this.#pbx.register(this.#user(), 5260 + this.#below(5)));
  }

  #unregister(): void {
    const [it] = this.#registrations.splice(this.#below(this.#registrations.length + 1), 1);
    if (it === undefined) return;
    if (this.#below(2) === 0) this.#pbx.phones.unregister(it);
    else this.#pbx.phones.expire(it);
  }

  #code(): void {
    this.#pbx.dial(this.#user(), this.#below(2) === 0 ? '*78' : '*79');
  }

  #wish(): void {
    const [number = '1001', target] = [this.#one(numbers), this.#one(numbers)];
    const it = wish(this.#one(features) ?? 'dnd', this.#below(2) === 0, { aor: user(number), target });
    this.wishes.push(this.#adapter.setFeature(it, 500));
  }

  /** For a while, as long as nobody says otherwise. */
  #garble(): void {
    if (this.#below(2) === 0) this.#pbx.answers.set('show', '-ERR busy');
    else this.#pbx.answers.delete('show');
  }

  #drop(): void {
    if (this.#below(3) === 0) this.#pbx.drop();
  }
}

/** What all that was told comes to. A target that only a hub remembers is none. */
function sum({ events }: Telling) {
  const { hub } = bench();
  for (const event of events) hub.apply(event);
  return numbers.map((number) => {
    const { dialogs, mailbox, contacts, features: keys } = hub.view(user(number));
    return {
      number,
      calls: dialogs.map((it) => [it.phase, it.direction, it.holding, it.remote.number, it.callId].join(' ')).sort(),
      keys: features.map((name) => (keys[name].enabled ? `${name} ${keys[name].target}` : name)),
      messages: mailbox?.new,
      contacts,
    };
  });
}

async function freshly(pbx: FakeFreeswitch): Promise<Telling> {
  const tools = { clock: systemClock, random: systemRandom, logger: silentLogger };
  const [telling, adapter] = [new Telling(), freeswitch(settingsFor(pbx), tools)];
  try {
    adapter.start(telling.tell);
    await telling.up();
    return telling;
  } finally {
    await adapter.stop();
  }
}

test(`property: an adapter through breaks and readings that fail has told what a new one reads (SEED=${seed})`, () =>
  rig({ clock: hurried(50_000, 400), more: { pollSeconds: 1 } }, async (made) => {
    const { pbx, telling } = made;
    await telling.up();
    const below = chance(seed);
    const day = new Day(made, below);
    for (let count = 0; count < steps; count++) {
      day.step();
      if (below(3) === 0) await sleep(systemClock, below(6) === 0 ? below(400) : below(15));
    }
    pbx.answers.delete('show');
    await Promise.all(day.wishes);
    const link = () => telling.of('link').at(-1)?.state;
    await telling.until(() => link() === 'up', 'not up again');
    await sleep(systemClock, 2_500); // mod_db raises no event: a sweep a second
    await telling.until(() => link() === 'up', 'not up again');
    assert.deepEqual(sum(telling), sum(await freshly(pbx)));
  }));
