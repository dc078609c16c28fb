import assert from 'node:assert/strict';
import {
  dialogInfo,
  type IncomingCall,
  lamp,
  type OutgoingCall,
  type Phone,
  type Subscription,
} from '../support/phone.ts';
import type { Change, Site } from './scene.ts';

interface Way {
  /** How Lamplighter reaches Asterisk; default udp. */
  readonly transport?: 'udp' | 'tcp';
  /** Default contact. */
  readonly reach?: 'contact' | 'path';
  /** Listeners besides the usual two. */
  readonly listen?: readonly string[];
}

/** Asterisk behind Lamplighter: phones know one address, for their lamps and their calls. */
export function inline({ transport = 'udp', reach = 'contact', listen = [] }: Way = {}): Change {
  return (usual, lab) => {
    const upstream = `sip:127.0.0.1:${lab.sipPort}${transport === 'tcp' ? ';transport=tcp' : ''}`;
    const more = listen.map((point) => `, '${point}'`).join('');
    return usual.replace(
      /^(sip: \{ listen: \[.*)\] \}$/m,
      `$1${more}], upstream: '${upstream}', inline: { reach: ${reach}, pbx: [message-summary] } }`,
    );
  };
}

/** A phone that is registered through Lamplighter. */
export async function enter(site: Site, user: string, options?: Parameters<Site['desk']>[1]): Promise<Phone> {
  const phone = await site.desk(user, options);
  const answer = await phone.register(300, [['Supported', 'path']]); // RFC 3327 5.1
  assert.equal(answer.status, 200, `REGISTER of ${user}: ${answer.start}`);
  assert.ok(answer.all('Contact').join().includes(phone.contact.slice(1, -1)), 'a phone gets its own Contact back');
  return phone;
}

/** The lamps of these numbers on a phone of 1006. */
export class Lamps {
  readonly #watcher: Phone;
  readonly #of = new Map<string, Subscription>();

  private constructor(watcher: Phone) {
    this.#watcher = watcher;
  }

  static async on(site: Site, ...numbers: readonly string[]): Promise<Lamps> {
    const made = new Lamps(await site.desk('1006'));
    for (const number of numbers) {
      made.#of.set(number, await made.#watcher.subscribe({ event: 'dialog', resource: number }));
    }
    await made.show(Object.fromEntries(numbers.map((number) => [number, 'off'])));
    return made;
  }

  /** Waits until the lamps named here show this. */
  async show(wanted: Readonly<Record<string, ReturnType<typeof lamp>>>, timeoutMs = 8000): Promise<void> {
    for (const [number, state] of Object.entries(wanted)) {
      const subscription = this.#of.get(number);
      const last = subscription?.notifies.at(-1);
      if (last !== undefined && lamp(dialogInfo(last)) === state) continue;
      await subscription?.next((one) => lamp(dialogInfo(one)) === state, timeoutMs);
    }
  }

  async leave(): Promise<void> {
    assert.deepEqual(this.#watcher.violations, []);
    await this.#watcher.close();
  }
}

/** `caller` rings `callee`, who answers. */
export async function talk(
  caller: Phone,
  callee: Phone,
): Promise<{ readonly call: OutgoingCall; readonly incoming: IncomingCall }> {
  const call = await caller.invite(callee.user);
  const incoming = await callee.nextCall();
  incoming.ringing();
  await call.ringing;
  assert.equal(incoming.invite.uri, callee.contact.slice(1, -1), 'a phone is called by its own Contact');
  await incoming.answer();
  assert.equal((await call.answered).status, 200);
  return { call, incoming };
}

/** Nothing is left of calls: not at Asterisk, not at Lamplighter. */
export async function allQuiet(site: Site): Promise<void> {
  for (const end = Date.now() + 8000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const channels = await site.lab.cli('core show channels count');
    if (/^0 active channels/m.test(channels)) break;
    assert.ok(Date.now() < end, channels);
  }
}
