import { type Clock, within } from '../../src/model/clock.ts';
import type { CallTable, Wanting } from './calls.ts';
import type { Access } from './credentials.ts';
import { isWithheld } from './events.ts';
import type { Fact, LampCaller } from './facts.ts';
import { variableOf } from './snapshot.ts';

/** A lamp waits no longer than this for the details of a call; milliseconds. */
const askMs = 400;
/** It is lit without its caller while the PBX is asked whether he may be shown: nothing waits but his name; milliseconds. */
const callerMs = 5_000;

/**
 * Asks for what no event tells: the SIP tags of a leg, without which nobody can pick it up by Replaces, and whether the
 * caller withholds himself. Asked from the moment of dialling, so that the answer is there when the phone rings.
 */
export class DetailAsker {
  readonly #access: Access;
  readonly #clock: Clock;
  readonly #feed: (fact: Fact) => void;
  /** Channel to what has been asked, so that nothing is asked twice. */
  #asked = new Map<string, Set<string>>();
  /** Callers asked about, of whom no event has told meanwhile. */
  readonly #open = new Set<string>();
  #generation = 0;

  constructor(access: Access, clock: Clock, feed: (fact: Fact) => void) {
    this.#access = access;
    this.#clock = clock;
    this.#feed = feed;
  }

  /** The connection is gone: answers still under way are of no use. */
  forget(): void {
    this.#generation++;
    this.#asked = new Map();
    this.#open.clear();
  }

  /** To be called after a fact was applied. */
  after(fact: Fact, calls: CallTable): void {
    if (fact.fact === 'gone') this.#asked.delete(fact.id);
    // what an event says is newer than the answer to a question from before
    if (fact.fact === 'caller-withheld') this.#open.delete(fact.id);
    if (fact.fact === 'dial') this.#ask(fact.peer, calls);
    if (fact.fact !== 'channel') return;
    // The PBX is about to call a phone: its lamp waits for the answers.
    if (fact.state === 'Down') calls.apply({ fact: 'asking', id: fact.id, on: true });
    this.#ask(fact.id, calls);
  }

  /** A fresh picture: whatever in it is not known. */
  all(calls: CallTable): void {
    for (const id of calls.ids) this.#ask(id, calls);
  }

  /**
   * Who may be shown in a lamp: one who lights another one later is asked for again, for a lamp keeps the answer while it is
   * lit. One of whom there is no answer in time is withheld.
   */
  callers(callers: readonly LampCaller[]): void {
    for (const { channel: id, channelName: name, number, name: display } of callers) {
      if (number === null && display === null) continue;
      const asked = this.#asked.get(id) ?? new Set();
      if (id === '' || asked.has('caller')) continue;
      this.#asked.set(id, asked.add('caller'));
      this.#open.add(id);
      const generation = this.#generation;
      const answer = variableOf(this.#access, { id, name }, 'CALLERID(pres)', callerMs).catch(() => null);
      void within(this.#clock, callerMs, answer, () => null).then((presentation) => {
        if (generation !== this.#generation) return;
        asked.delete('caller');
        if (asked.size === 0) this.#asked.delete(id);
        if (this.#open.delete(id))
          this.#feed({ fact: 'caller-withheld', id, withheld: presentation === null || isWithheld(presentation) });
      });
    }
  }

  #ask(id: string, calls: CallTable): void {
    const wanting = calls.wanting(id);
    if (wanting === null) return;
    const asked = this.#asked.get(id) ?? new Set();
    // Once while dialling, once when it rings, once when answered: what could not be known before may be known then.
    const withheld = wanting.withheld && !asked.has(`withheld ${wanting.phase}`);
    const tags = wanting.tags && !asked.has(`tags ${wanting.phase}`);
    if (!withheld && !tags) return;
    if (withheld) asked.add(`withheld ${wanting.phase}`);
    if (tags) asked.add(`tags ${wanting.phase}`);
    this.#asked.set(id, asked);
    const generation = this.#generation;
    void this.#answer(id, wanting, withheld, tags).then((fact) => {
      if (generation !== this.#generation) return;
      this.#feed(fact);
      // Rings meanwhile, or not yet: its tags are the last thing to wait for.
      if (tags || wanting.phase !== 'trying') this.#feed({ fact: 'asking', id, on: false });
    });
  }

  /** Never rejects. Where the PBX does not say in time, the caller counts as withheld: better no name than a secret one. */
  async #answer(id: string, { name, callId: noCallId }: Wanting, withheld: boolean, tags: boolean): Promise<Fact> {
    const ask = (expression: string) => variableOf(this.#access, { id, name }, expression, askMs);
    const nothing = { callId: null, localTag: null, remoteTag: null, presentation: 'prohib' };
    const answers = await within(
      this.#clock,
      askMs,
      Promise.all([
        tags && noCallId ? ask('CHANNEL(pjsip,call-id)') : null,
        tags ? ask('CHANNEL(pjsip,local_tag)') : null,
        tags ? ask('CHANNEL(pjsip,remote_tag)') : null,
        // Withheld where the number or the name is; `num-pres` would give a withheld name away.
        withheld ? ask('CONNECTEDLINE(pres)') : null,
      ]).then(([callId, localTag, remoteTag, presentation]) => ({ callId, localTag, remoteTag, presentation })),
      () => nothing,
    ).catch(() => nothing);
    return {
      fact: 'details',
      id,
      callId: answers.callId ?? undefined,
      localTag: answers.localTag ?? undefined,
      remoteTag: answers.remoteTag ?? undefined,
      ...(withheld ? { withheld: isWithheld(answers.presentation ?? '') } : {}),
    };
  }
}
