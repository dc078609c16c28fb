import { createHmac } from 'node:crypto';
import type { Aor } from '../../model/aor.ts';
import type { Clock, Timer } from '../../model/clock.ts';
import type { Logger } from '../../model/logger.ts';
import type { PhoneView, RegistrationRow } from '../../model/phone.ts';
import { isSameFlow } from '../dialog.ts';
import { sourceNetwork } from '../embedded/address.ts';
import type { Flow } from '../engine.ts';
import { detached } from '../message/wire-text.ts';
import { sourceOf } from '../source.ts';
import { isSameUri, tokenOf } from './contact-uri.ts';
import { readFlow } from './flow-json.ts';
import type { LearntPhone, Registrations } from './ports.ts';
import { UnderWay } from './under-way.ts';

/** What keeps them over a restart. Promises may reject: the store has said why. */
export interface RegistrationStore {
  putRegistration(row: RegistrationRow): Promise<void>;
  touchRegistration(row: RegistrationRow): void;
  deleteRegistration(id: string): Promise<void>;
}

export interface LearntPhonesOptions {
  /** Makes ids; the same after a restart. */
  readonly secret: Buffer;
  readonly store: RegistrationStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Addresses that may bring any number of phones. Default: none. */
  readonly exempt?: (address: string) => boolean;
  /** False: nothing can be sent by this path any more. Default: it can. */
  readonly isOpen?: (flow: Flow) => boolean;
  /** Instead of the usual limits. */
  readonly limits?: Partial<LearntLimits>;
}

export interface LearntLimits {
  /** Phones of one user; a further one takes the place of the one that would expire first. */
  readonly perUser: number;
  /** Of an IPv4 address, or an IPv6 /64. */
  readonly perAddress: number;
  readonly total: number;
}

const usualLimits: LearntLimits = { perUser: 20, perAddress: 1000, total: 20_000 };

/** What has expired is not found at once; its memory is free after this; ms. */
const sweepMs = 10_000;

/** What a granted REGISTER says of a phone. */
export interface Learnt extends LearntPhone {
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly userAgent: string | null;
  /** As `RegistrationRow.proven`. */
  readonly proven: boolean;
}

interface Phone extends Learnt {
  readonly since: number;
}

/**
 * The phones that have registered through us. A record is made by the PBX's 2xx and by nothing else, under a name bound to
 * the AOR that it was for: who registers takes over his own phones, and nobody else's.
 */
export class LearntPhones implements Registrations {
  readonly #options: LearntPhonesOptions;
  readonly #limits: LearntLimits;
  readonly #logger: Logger;
  readonly #byId = new Map<string, Phone>();
  readonly #byAor = new Map<Aor, Set<Phone>>();
  readonly #byFlow = new Map<string, Set<Phone>>();
  /** By address, and by the /64 of an IPv6 address: one user with one password may register under any number of domains. */
  readonly #byNetwork = new Map<string, Set<Phone>>();
  readonly #listeners: ((aor: Aor) => void)[] = [];
  readonly #underWay: UnderWay;
  #sweeper: Timer | null = null;
  #full = false;
  #stopped = false;

  constructor(options: LearntPhonesOptions) {
    this.#options = options;
    this.#limits = { ...usualLimits, ...options.limits };
    this.#logger = options.logger.child('phones');
    this.#underWay = new UnderWay(options.clock);
  }

  /** Known at the moment. */
  get size(): number {
    return this.#byId.size;
  }

  /**
   * The name of a user's phone: always the same, as the PBX counts contacts. `device`: its instance, or its Contact. Bound
   * to the AOR, so that the instance of another user's phone leads to another name.
   */
  idOf(aor: Aor, device: string): string {
    const mac = createHmac('sha256', this.#options.secret);
    return mac
      .update(JSON.stringify(['registration', aor, device]))
      .digest()
      .subarray(0, 12)
      .toString('base64url');
  }

  forToken(id: string): LearntPhone | null {
    return this.#live(this.#byId.get(id));
  }

  ofFlow(flow: Flow, aor: Aor | null): LearntPhone | null {
    let found: Phone | null = null;
    for (const phone of this.#byFlow.get(flowKey(flow)) ?? []) {
      if (this.#live(phone) === null) continue;
      if (phone.aor === aor) return phone;
      found ??= phone;
    }
    return found;
  }

  beside({ remote }: Flow, aor: Aor): LearntPhone | null {
    const own = [...(this.#byAor.get(aor) ?? [])];
    const [found = null, ...others] = own.filter(
      (phone) => phone.flow.remote.address === remote.address && this.#live(phone) !== null,
    );
    return others.length === 0 ? found : null;
  }

  /** The phone of this user whose own Contact, or the one that the PBX has of it, is this; null: it is not known. */
  atContact(aor: Aor, contact: string): LearntPhone | null {
    const named = this.forToken(tokenOf(contact) ?? '');
    if (named?.aor === aor) return named;
    let found: Phone | null = null;
    for (const phone of this.#byAor.get(aor) ?? []) {
      if (this.#live(phone) === null || !isSameUri(phone.contact, contact)) continue;
      if (phone.contact === contact) return phone;
      found ??= phone;
    }
    return found;
  }

  /** The path to that phone; null: it is not known, or its connection is gone. */
  pathTo(aor: Aor, contact: string): Flow | null {
    const flow = this.atContact(aor, contact)?.flow ?? null;
    return flow !== null && this.isOpen(flow) ? flow : null;
  }

  /** Something can be sent by this path. */
  isOpen(flow: Flow): boolean {
    return this.#options.isOpen?.(flow) ?? true;
  }

  /** Whether this very path is that of a phone which the PBX has taken for this user, by his password. */
  isProven(flow: Flow, aor: Aor): boolean {
    for (const phone of this.#byAor.get(aor) ?? []) {
      if (phone.proven && isSameFlow(phone.flow, flow) && this.#live(phone) !== null) return true;
    }
    return false;
  }

  /** What the phone at this path called itself when it registered. */
  userAgentOf(aor: Aor, flow: Flow): string | null {
    for (const phone of this.#byAor.get(aor) ?? []) {
      if (isSameFlow(phone.flow, flow) && this.#live(phone) !== null) return phone.userAgent;
    }
    return null;
  }

  /** The phones of a user, the oldest first. */
  phonesOf(aor: Aor): readonly Learnt[] {
    return [...(this.#byAor.get(aor) ?? [])].filter((phone) => this.#live(phone) !== null).sort(bySince);
  }

  /** Of one user, or of all; the oldest first. */
  list(aor?: Aor): readonly PhoneView[] {
    const chosen = aor === undefined ? this.#byId.values() : (this.#byAor.get(aor) ?? []);
    const live = [...chosen].filter((phone) => this.#live(phone) !== null).sort(bySince);
    return live.map((phone) => ({
      aor: phone.aor,
      contact: phone.contact,
      source: sourceOf(phone.flow),
      transport: phone.flow.transport,
      userAgent: phone.userAgent,
      since: phone.since,
      expiresAt: phone.expiresAt,
      reachable: this.isOpen(phone.flow),
    }));
  }

  /** Hears of each user whose phones are others than before, or call themselves otherwise. */
  onChange(listener: (aor: Aor) => void): void {
    this.#listeners.push(listener);
  }

  /** Whether there is room for what registers under this name from this address. */
  hasRoom(id: string, address: string): boolean {
    if (this.#live(this.#byId.get(id)) !== null) return true;
    const { perAddress, total } = this.#limits;
    const isCrowded =
      (this.#byNetwork.get(sourceNetwork(address))?.size ?? 0) >= perAddress && !this.#options.exempt?.(address);
    if (!isCrowded && this.#byId.size < total) return true;
    if (!this.#full) this.#logger.warn({ address, perAddress, total }, 'too many phones have registered through us');
    this.#full = true;
    return false;
  }

  /** A REGISTER for it goes to the PBX now. */
  expect(id: string): void {
    if (this.forToken(id) === null) this.#underWay.expect(id);
  }

  /** The PBX has answered it. */
  answered(id: string): void {
    this.#underWay.answered(id);
  }

  underWay(id: string): Promise<void> | null {
    return this.#underWay.over(id);
  }

  /** The PBX has granted this. */
  learn(told: Learnt): void {
    if (this.#stopped) return;
    const before = this.#live(this.#byId.get(told.id));
    if (before === null && !this.hasRoom(told.id, told.flow.remote.address)) return;
    const same = before !== null && before.contact === told.contact && isSameFlow(before.flow, told.flow);
    const phone: Phone = {
      id: told.id,
      aor: told.aor,
      contact: same ? before.contact : detached(told.contact),
      flow: same ? before.flow : told.flow,
      expiresAt: told.expiresAt,
      userAgent: told.userAgent,
      proven: told.proven,
      since: before?.since ?? this.#options.clock.now(),
    };
    this.#drop(told.id);
    this.#makeRoom(told.aor);
    this.#add(phone);
    if (same) this.#options.store.touchRegistration(rowOf(phone));
    else this.#options.store.putRegistration(rowOf(phone)).catch(unwritten);
    const isNews = before?.contact !== phone.contact || before.userAgent !== phone.userAgent;
    if (before === null || isNews) this.#tell(phone.aor);
  }

  /** It has unregistered, or the PBX does not have it. */
  forget(id: string): void {
    const phone = this.#drop(id);
    if (phone === null || this.#stopped) return;
    this.#options.store.deleteRegistration(id).catch(unwritten);
    this.#full = false;
    this.#tell(phone.aor);
  }

  /** RFC 3261 10.2.2: all phones of a user have been unregistered. */
  forgetAll(aor: Aor): void {
    for (const { id } of [...(this.#byAor.get(aor) ?? [])]) this.forget(id);
  }

  /** At start, before anything is heard: datagrams reach their phones at once, connections when the phone comes back. */
  restore(rows: readonly RegistrationRow[]): void {
    for (const row of rows) {
      const flow = readFlow(row.flow);
      if (flow === null || this.#byId.size >= this.#limits.total) continue;
      const { id, aor, contact, since, expiresAt, userAgent, proven } = row;
      this.#add({ id, aor, contact, flow, since, expiresAt, userAgent, proven });
    }
  }

  /** Ends the sweeping; nothing is learnt any more. */
  stop(): void {
    this.#stopped = true;
    this.#sweeper?.cancel();
    this.#sweeper = null;
  }

  #live(phone: Phone | undefined): Phone | null {
    return phone !== undefined && phone.expiresAt > this.#options.clock.now() ? phone : null;
  }

  #makeRoom(aor: Aor): void {
    const own = this.#byAor.get(aor);
    if (own === undefined || own.size < this.#limits.perUser) return;
    const [first] = [...own].sort((a, b) => a.expiresAt - b.expiresAt);
    if (first !== undefined) this.forget(first.id);
  }

  #add(phone: Phone): void {
    this.#byId.set(phone.id, phone);
    put(this.#byAor, phone.aor, phone);
    put(this.#byFlow, flowKey(phone.flow), phone);
    put(this.#byNetwork, sourceNetwork(phone.flow.remote.address), phone);
    this.#arm();
  }

  #drop(id: string): Phone | null {
    const phone = this.#byId.get(id);
    if (phone === undefined) return null;
    this.#byId.delete(id);
    take(this.#byAor, phone.aor, phone);
    take(this.#byFlow, flowKey(phone.flow), phone);
    take(this.#byNetwork, sourceNetwork(phone.flow.remote.address), phone);
    return phone;
  }

  #arm(): void {
    if (this.#stopped) return;
    this.#sweeper ??= this.#options.clock.after(sweepMs, () => {
      this.#sweeper = null;
      for (const phone of [...this.#byId.values()]) if (this.#live(phone) === null) this.forget(phone.id);
      if (this.#byId.size > 0) this.#arm();
    });
  }

  #tell(aor: Aor): void {
    for (const listener of this.#listeners) listener(aor);
  }
}

/** The store has said it, and memory goes on. */
function unwritten(): void {}

function rowOf({ flow, ...phone }: Phone): RegistrationRow {
  return { ...phone, flow: JSON.stringify(flow) };
}

function flowKey({ transport, remote, connection }: Flow): string {
  return `${transport} ${remote.address} ${remote.port} ${connection}`;
}

function bySince(a: Phone, b: Phone): number {
  return a.since - b.since;
}

function put<K>(index: Map<K, Set<Phone>>, key: K, phone: Phone): void {
  const known = index.get(key);
  if (known === undefined) index.set(key, new Set([phone]));
  else known.add(phone);
}

function take<K>(index: Map<K, Set<Phone>>, key: K, phone: Phone): void {
  const known = index.get(key);
  known?.delete(phone);
  if (known?.size === 0) index.delete(key);
}
