import type { Fact, LampFact } from './facts.ts';
import { lampFact, lampName } from './lamp-events.ts';

type RoomFact = Extract<Fact, { readonly fact: 'room' | 'room-closed' }>;

/** Who is in which ConfBridge room: AMI tells members one by one, and a lamp shows the room. */
export class Conferences {
  /** Room to the channels in it. */
  readonly #rooms = new Map<string, Set<string>>();

  /** The rooms a channel is in. */
  roomsOf(channel: string): readonly string[] {
    return [...this.#rooms].flatMap(([room, inside]) => (inside.has(channel) ? [room] : []));
  }

  /**
   * What lights the room now: one who is alone is early, a conference is confirmed. null: it has no name for a lamp. A dialog
   * never goes back (RFC 4235 3.7.1): who stays behind alone lights it by another one.
   */
  apply(fact: RoomFact): LampFact | null {
    const { room } = fact;
    const inside = this.#rooms.get(room) ?? new Set<string>();
    if (fact.fact === 'room-closed') inside.clear();
    else if (fact.inside) inside.add(fact.channel);
    else inside.delete(fact.channel);
    if (inside.size === 0) this.#rooms.delete(room);
    else this.#rooms.set(room, inside);
    const phase = inside.size === 0 ? null : inside.size === 1 ? 'early' : 'confirmed';
    return lampFact(lampName('conf', room), { subject: phase ?? '', phase, sole: true });
  }

  /** All who are anywhere, as facts. */
  *facts(): Iterable<Extract<Fact, { readonly fact: 'room' }>> {
    for (const [room, inside] of this.#rooms) {
      for (const channel of inside) yield { fact: 'room', room, channel, inside: true };
    }
  }
}
