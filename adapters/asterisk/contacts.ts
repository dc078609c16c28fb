import type { Clock, Timer } from '../../src/model/clock.ts';
import type { AmiLink } from './ami.ts';
import { type AmiEvent, isReachable } from './events.ts';
import type { Fact } from './facts.ts';

/** What the listing of all contacts says. */
export interface ContactsReading {
  /** Endpoint to the contacts a call can reach. */
  readonly contacts: Map<string, Set<string>>;
  /** The phones behind them. */
  readonly facts: readonly Fact[];
}

/** COMPAT(Asterisk): "Error: No Contacts found" is none, not an error. Rejects like `AmiLink.action`. */
export async function readContacts(ami: AmiLink): Promise<ContactsReading> {
  const contacts = new Map<string, Set<string>>();
  const facts: Fact[] = [];
  for (const row of (await ami.action('PJSIPShowContacts')).rows) {
    const { Endpoint: endpoint, Uri: uri } = row;
    if (!endpoint || !uri || !isReachable(row['Status'] ?? null)) continue;
    contacts.set(endpoint, (contacts.get(endpoint) ?? new Set()).add(uri));
    facts.push({ fact: 'device', endpoint, uri, userAgent: known(row, 'UserAgent'), via: pathOf(row) });
  }
  return { contacts, facts };
}

function known(row: AmiEvent, name: string): string | null {
  return row[name] || null;
}

/** RFC 3327: the first proxy on the way to the phone. */
function pathOf(row: AmiEvent): string | null {
  return /<(sips?:[^<>\s]+)>/i.exec(row['Path'] ?? '')?.[1] ?? null;
}

/** A building that registers is one question. */
const lookAfterMs = 1_000;

/** No event says which phone registered (Asterisk 16 to 22): the list does, which is asked for when there is a new one. */
export class DeviceAsker {
  readonly #ami: AmiLink;
  readonly #clock: Clock;
  readonly #feed: (fact: Fact) => void;
  #timer: Timer | null = null;
  #asking = false;
  #again = false;

  constructor(ami: AmiLink, clock: Clock, feed: (fact: Fact) => void) {
    this.#ami = ami;
    this.#clock = clock;
    this.#feed = feed;
  }

  /** A contact came of which nothing is known. */
  look(): void {
    if (this.#asking) this.#again = true;
    else this.#timer ??= this.#clock.after(lookAfterMs, () => void this.#ask());
  }

  /** The link is gone, or it all ends: the next snapshot knows. */
  forget(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#again = false;
  }

  async #ask(): Promise<void> {
    this.#timer = null;
    this.#asking = true;
    const facts = await readContacts(this.#ami).then(
      (reading) => reading.facts,
      () => [], // the link has failed, which is said there
    );
    this.#asking = false;
    for (const fact of facts) this.#feed(fact);
    if (this.#again) {
      this.#again = false;
      this.look();
    }
  }
}
