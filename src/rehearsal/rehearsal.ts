import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventPackages } from '../event-packages/index.ts';
import { aorOf } from '../model/aor.ts';
import { type Clock, within } from '../model/clock.ts';
import type { DialogPhase } from '../model/dialog-state.ts';
import type { Logger } from '../model/logger.ts';
import { defaultProfile } from '../model/profile.ts';
import type { Random } from '../model/random.ts';
import { Notifier } from '../notifier/notifier.ts';
import { Authenticator } from '../sip/auth/authenticator.ts';
import { EmbeddedEngine } from '../sip/embedded/engine.ts';
import { LocalAddresses } from '../sip/local-addresses.ts';
import { Places } from '../sip/places.ts';
import { SipFront } from '../sip/sip-front.ts';
import { Hub } from '../state/hub.ts';
import { SqliteStore } from '../store/sqlite-store.ts';
import { Phones } from './phones.ts';

export interface RehearsalOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Whether passwords will be asked: the phones of the rehearsal then show one, too. */
  readonly digest: boolean;
  readonly version: string;
}

/** SUBSCRIBEs of one act. V8 has compiled nearly all that is hot after two: 1.1 s of one core. */
const cycles = 1_500;
/** Each with rooms of its own: what V8 took for constant in the first ones it compiles anew in the second, not in ours. */
const acts = 2;
/** A slow machine starts with what it has rehearsed until then; ms. */
const longestMs = 1_500;

const domain = 'rehearsal.invalid';
const source = 'rehearsal';
const lamps = Array.from({ length: 20 }, (_, index) => String(2000 + index));
const password = 'rehearsal';
/** Each change is told at once: waiting would rehearse nothing. */
const profile = { ...defaultProfile, notifyMinIntervalMs: 0 };

/**
 * Runs the whole river in small before the phones come: rooms of its own, a throw-away database, phones on a loopback
 * socket. The first thousands of requests of a fresh process cost two to three times as much as later ones, until V8
 * has compiled the code, and a storm after a power cut meets exactly that process: 10,000 subscriptions then take
 * two thirds of the time (docs/performance.md). Resolves with the number of SUBSCRIBEs answered; whatever it rejects with
 * is no reason not to start.
 */
export async function rehearse(options: RehearsalOptions): Promise<number> {
  const until = options.clock.now() + longestMs;
  let answered = 0;
  for (let act = 0; act < acts; act++) answered += await play(options, until);
  return answered;
}

async function play({ clock, random, digest, version }: RehearsalOptions, until: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-rehearsal-'));
  const ends: (() => void | Promise<void>)[] = [() => rmSync(folder, { recursive: true, force: true })];
  try {
    const store = new SqliteStore({ path: join(folder, 'rehearsal.db'), clock, random, logger: silent });
    ends.push(() => store.close());
    const { secret } = store.load(clock.now());
    const hub = new Hub({ clock, logger: silent, store, secret, sources: [source] });
    const front = frontOf({ clock, random, digest, version }, secret);
    const notifier = new Notifier({
      clock,
      random,
      logger: silent,
      packages: eventPackages,
      state: hub,
      sender: front,
      store,
      grant: () => Promise.reject(new Error('nobody wishes anything here')),
      profileFor: () => profile,
      limits: { perUser: cycles, perAddress: cycles },
      expirySpread: () => 0.2,
    });
    ends.push(() => notifier.stop());
    const [point] = await front.start(notifier.onSubscribe);
    ends.push(() => front.stop());
    fill(hub);
    notifier.start();
    const phones = new Phones({ port: point?.port ?? 0, domain, lamps, random, password });
    ends.push(() => phones.close());
    const done = phones.play(cycles, (round) => call(hub, round, clock.now()));
    await within(clock, Math.max(until - clock.now(), 0), done, () => undefined);
    return phones.answered;
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

function frontOf({ clock, random, digest, version }: RehearsalOptions, secret: Buffer): SipFront {
  const listen = [{ transport: 'udp', address: '127.0.0.1', port: 0 }] as const;
  const addresses = new LocalAddresses(clock);
  const places = new Places({ domains: [{ name: domain, aliases: [] }], advertise: null, listen: [], addresses });
  const security = { report: () => undefined };
  const authenticator = new Authenticator({
    mode: digest ? 'users' : 'trusted',
    trusted: ['127.0.0.0/8'],
    lookup: () => Promise.resolve({ realm: domain, password }),
    facts: () => ({ realm: domain, md5Only: true }),
    secret,
    places,
    clock,
    random,
    security,
  });
  const engine = new EmbeddedEngine({
    listen,
    clock,
    random,
    logger: silent,
    serverName: `Lamplighter/${version}`,
    exempt: () => true,
    security,
  });
  const allowEvents = eventPackages.map(({ event }) => event);
  const more = { allowEvents, maxBodyBytes: 65_536, advertise: null, security };
  return new SipFront({ engine, random, logger: silent, authenticator, places, ...more });
}

function fill(hub: Hub): void {
  const extensions = lamps.map((lamp) => ({ aor: aorOf(lamp, domain), displayName: null }));
  const snapshot = { extensions, dialogs: [], features: [], registrations: [], mailboxes: [] };
  hub.apply({ source, type: 'snapshot', epoch: '1', snapshot });
  hub.apply({ source, type: 'link', state: 'up', reason: null });
}

const course: readonly (DialogPhase | null)[] = ['early', 'confirmed', null];

/** One lamp after the other rings, talks and is idle again. */
function call(hub: Hub, round: number, now: number): void {
  const lamp = lamps[Math.floor(round / course.length) % lamps.length] ?? '';
  const phase = course[round % course.length] ?? null;
  const id = `call-${Math.floor(round / course.length)}`;
  const remote = { number: '3000', name: 'Rehearsal', presentable: true };
  const leg = { id, call: id, direction: 'recipient', holding: false, remote, since: now } as const;
  hub.apply({ source, type: 'dialogs', aor: aorOf(lamp, domain), legs: phase === null ? [] : [{ ...leg, phase }] });
}

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};
