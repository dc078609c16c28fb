import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sleep, systemClock } from '../../src/model/clock.ts';
import { Broadsoft } from '../support/lamps/broadsoft.ts';
import { CiscoSpa } from '../support/lamps/cisco-spa.ts';
import { Grandstream } from '../support/lamps/grandstream.ts';
import type { LampPhone, TrueCall } from '../support/lamps/lamp-phone.ts';
import { chance } from '../support/lamps/network.ts';
import { Polycom } from '../support/lamps/polycom.ts';
import { Snom } from '../support/lamps/snom.ts';
import { Yealink } from '../support/lamps/yealink.ts';
import { domain, type Hand, type Talk } from './hand.ts';
import { Stage } from './stage.ts';

/* The same as lamp-property.test.ts with a daemon, its simulated PBX and SIP over UDP; fewer steps, as time is real here. */

const profiles = `phones:
  profiles:
    - { name: TB30, match: '^TB30', idleAtSubscribe: empty, idleAtEnd: empty, notifyMinIntervalMs: 50 }
    - { name: quick, match: '.', notifyMinIntervalMs: 50 }
`;
const makes = [Polycom, Yealink, Snom, CiscoSpa, Grandstream, Broadsoft] as const;

interface Call {
  readonly id: string | number;
  readonly from: string;
  readonly to: string;
  answered: boolean;
  readonly holding: Set<string>;
}

interface Key {
  readonly ext: string;
  readonly phone: LampPhone;
  readonly hand: Hand;
  readonly talk: Talk;
}

let stage: Stage;
before(async () => {
  stage = await Stage.open(profiles);
});
after(() => stage.close());

async function act(what: string, body: object): Promise<Call['id']> {
  const { status, body: answer } = await stage.daemon.api<{ id: Call['id'] }>(`/api/v1/simulator/${what}`, {
    method: 'POST',
    body,
  });
  assert.ok(status < 300, `${what} was answered ${status}`);
  return answer.id;
}

/** One round: a stage full of phones, a PBX with calls, and luck. */
class Round {
  readonly #luck: () => number;
  readonly #exts = [stage.ext(), stage.ext(), stage.ext()];
  readonly #keys: Key[] = [];
  readonly #quiet = new Set<string>();
  #calls: Call[] = [];
  /** Share of NOTIFYs that do not arrive the first time, and of answers. */
  #loss = 0.15;
  /** What each NOTIFY was answered with, for its copies. */
  readonly #answers = new Map<string, number>();

  constructor(seed: number) {
    this.#luck = chance(seed);
  }

  async open(): Promise<void> {
    for (const [at, Phone] of makes.entries()) {
      const [user, ext] = [stage.ext(), this.#exts[at % 3] ?? ''];
      const hand = await stage.hand();
      const phone: LampPhone = new Phone(`sip:${ext}@${domain}${at % 2 === 0 ? ';user=phone' : ''}`);
      const talk = hand.talk(user, ext);
      const key: Key = { ext, phone, hand, talk };
      this.#keys.push(key);
      hand.reply = (notify, copy) => this.#reply(key, notify, copy);
      phone.begin(talk.callId);
      await this.#subscribe(key, phone.entity);
    }
  }

  async step(): Promise<void> {
    const luck = this.#luck();
    const call = this.#calls[Math.floor(this.#luck() * this.#calls.length)];
    if (call === undefined || luck < 0.3) await this.#ring();
    else if (luck < 0.5) await this.#answer(call);
    else if (luck < 0.65) await this.#hold(call);
    else if (luck < 0.85) await this.#hangUp(call);
    else if (luck < 0.93) await this.#dnd();
    else await this.#subscribe(this.#any(this.#keys));
    if (this.#luck() < 0.5) await sleep(systemClock, this.#luck() * 80);
  }

  /** A simulated PBX keeps features over a restart, and no calls. */
  async restart(): Promise<void> {
    await stage.killAndStart();
    await stage.daemon.ready();
    this.#calls = [];
  }

  /** Waits until every lamp is right, without a word of the phones; they were sent nothing that they cannot take. */
  async end(): Promise<void> {
    this.#loss = 0;
    const deadline = systemClock.now() + 30_000;
    while (this.#wrong().length > 0 && systemClock.now() < deadline) await sleep(systemClock, 50);
    assert.deepEqual(this.#wrong(), []);
    assert.deepEqual(
      this.#keys.flatMap(({ phone }) => phone.violations.map((what) => `${phone.constructor.name}: ${what}`)),
      [],
    );
    for (const { id } of this.#calls.splice(0)) await act('hangup', { id });
    for (const ext of this.#quiet) await stage.setDnd(ext, false);
    await stage.tidy();
  }

  #wrong(): readonly string[] {
    return this.#keys.flatMap(({ ext, phone }) => {
      const wanted = phone.wants({ calls: this.#callsOf(ext), dnd: this.#quiet.has(ext) });
      return phone.lamp === wanted ? [] : [`${phone.constructor.name} ${ext}: ${phone.lamp}, not ${wanted}`];
    });
  }

  #callsOf(ext: string): readonly TrueCall[] {
    return this.#calls.flatMap(({ from, to, answered, holding }) =>
      [from, to].flatMap((side, at) => {
        const direction = at === 0 ? 'initiator' : 'recipient';
        return side === ext
          ? [{ phase: answered ? 'confirmed' : 'early', direction, holding: holding.has(side) } as const]
          : [];
      }),
    );
  }

  #reply({ phone }: Key, notify: Parameters<Hand['reply']>[0], copy: number): number | null {
    const { callId, cseq, subscriptionState, contentType, body } = notify;
    const name = `${callId} ${cseq}`;
    const fate = copy === 1 ? this.#luck() : 1;
    if (fate < this.#loss / 2) return null; // it never arrived
    const known = this.#answers.get(name);
    const status =
      known ??
      phone.take({
        callId,
        cseq,
        state: subscriptionState.state,
        contentType: contentType === '' ? null : contentType,
        body,
      });
    this.#answers.set(name, status);
    return fate < this.#loss ? null : status;
  }

  async #subscribe({ phone, hand, talk }: Key, uri?: string): Promise<void> {
    const lines = { 'User-Agent': phone.userAgent };
    const { status } = await hand.ask({ user: talk.user, talk, lines, ...(uri === undefined ? {} : { uri }) });
    assert.equal(status, 200);
  }

  async #ring(): Promise<void> {
    const [from, to] = [this.#any(this.#exts), this.#any(this.#exts)];
    if (from === to || this.#quiet.has(to) || this.#calls.length > 4) return;
    const id = await act('call', { from, to, fromName: `<&"'> ${from}` });
    this.#calls.push({ id, from, to, answered: false, holding: new Set() });
  }

  async #answer(call: Call): Promise<void> {
    if (call.answered) return;
    await act('answer', { id: call.id });
    call.answered = true;
  }

  async #hold({ id, answered, from, to, holding }: Call): Promise<void> {
    if (!answered) return;
    const by = this.#any([from, to]);
    if (holding.delete(by)) await act('resume', { id, by });
    else {
      await act('hold', { id, by });
      holding.add(by);
    }
  }

  async #hangUp(call: Call): Promise<void> {
    await act('hangup', { id: call.id });
    this.#calls = this.#calls.filter((other) => other !== call);
  }

  async #dnd(): Promise<void> {
    const ext = this.#any(this.#exts);
    await stage.setDnd(ext, !this.#quiet.has(ext));
    if (!this.#quiet.delete(ext)) this.#quiet.add(ext);
  }

  #any<T>(all: readonly T[]): T {
    return all[Math.floor(this.#luck() * all.length)]!;
  }
}

describe('lamps of six makes of phones at the wire', () => {
  const random = Math.floor(Math.random() * 2 ** 31);
  for (const [seed, name, restarts] of [
    [7, 'seed 7', 1],
    [random, 'a random seed', 0],
  ] as const) {
    it(`show at the end what the PBX says, over restarts and lost datagrams (${name})`, async (t) => {
      t.diagnostic(`seed ${seed}`);
      const round = new Round(seed);
      await round.open();
      for (let at = 0; at < 40; at += 1) {
        if (restarts > 0 && at === 20) await round.restart();
        await round.step();
      }
      await round.end();
    });
  }
});
