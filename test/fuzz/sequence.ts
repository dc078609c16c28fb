import { aorOf } from '../../src/model/aor.ts';
import type { Logger } from '../../src/model/logger.ts';
import type { SipAnswer } from '../../src/sip/engine.ts';
import { valuesOf } from '../sip/front/fake-engine.ts';
import { Seeded } from './seeded.ts';
import { administer } from './sequence-admin.ts';
import { SequenceClock } from './sequence-clock.ts';
import { domain, SequenceDaemon, scratchFolder, users } from './sequence-daemon.ts';
import {
  newUsage,
  type Phone,
  type PhoneDialog,
  PhoneNetwork,
  type SequenceEngine,
  type Usage,
} from './sequence-phones.ts';
import { accepted, eventParams, featureType, pressed, published, publishMessage, wanted } from './sequence-requests.ts';

/** CPU that one turn may take; ms. A step that took more is tried again: a collector or a compiler may have run. */
const longestTurnMs = 200;

interface Publication {
  readonly user: string;
  readonly event: string;
  tag: string;
}

/** One sequence: a daemon's lives, phones, and all that happens to them. The same seed and turn are the same sequence. */
export class Sequence {
  readonly #chance: Seeded;
  readonly #clock = new SequenceClock();
  readonly #folder = scratchFolder();
  readonly #network: PhoneNetwork;
  readonly #random = {
    bytes: (count: number) => Buffer.from(Array.from({ length: count }, () => this.#dice.below(256))),
    fraction: () => this.#dice.below(1_000_000) / 1_000_000,
  };
  /** The daemon's; apart, so that what it draws does not change what is asked. */
  readonly #dice: Seeded;
  readonly #phones: readonly Phone[];
  readonly #publications: Publication[] = [];
  readonly #tags = new Set<string>();
  readonly #staleTags: string[] = ['nonsense'];
  readonly #calls: string[] = [];
  readonly #faults: string[] = [];
  readonly #log: string[] = [];
  readonly #trace: ((line: string) => void) | undefined;
  #engine: SequenceEngine;
  #daemon: SequenceDaemon;
  #lives = 1;
  #isPbxAway = false;
  #idleTimers = 0;
  #logger: Logger;
  slowestMs = 0;
  done = 0;

  constructor(seed: number, turn: number, trace?: (line: string) => void) {
    this.#chance = new Seeded(seed, turn);
    this.#dice = new Seeded(seed, turn + 1_000_000);
    this.#trace = trace;
    this.#network = new PhoneNetwork(this.#clock, this.#chance);
    this.#network.trace = trace ?? null;
    this.#phones = users.flatMap((user, at) => [
      this.#phone(user, 'udp', 5060 + at),
      ...(at < 2 ? [this.#phone(user, 'tcp', 40_000 + at)] : []),
    ]);
    this.#engine = this.#network.engine();
    this.#logger = this.#newLogger();
    this.#daemon = this.#life('first.db');
  }

  get notifies(): number {
    return this.#network.notifies;
  }

  async play(steps: number): Promise<string | null> {
    try {
      await this.#daemon.start();
      await this.#pass(15_000);
      this.#idleTimers = this.#daemon.pending();
      for (; this.done < steps && this.#faults.length === 0; this.done++) await this.#step();
      if (this.#faults.length === 0) await this.#quiet();
      if (this.#faults.length === 0) await this.#leave();
    } catch (error) {
      this.#faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    } finally {
      await this.#daemon.stop().catch((error: unknown) => this.#faults.push(`stop: ${String(error)}`));
      this.#engine.end();
      this.#folder.remove();
    }
    if (this.#faults.length === 0) return null;
    return `${this.#faults.slice(0, 5).join('\n')}\nsteps:\n${this.#log.slice(-25).join('\n')}`;
  }

  #phone(user: string, transport: 'udp' | 'tcp', port: number): Phone {
    const chance = this.#chance;
    const userAgent = chance.pick([
      null,
      'Yealink SIP-T54W 96.85',
      'PolycomVVX-VVX_500-UA/5.9',
      'snom821/8.7',
      'Cisco/SPA504G',
      'Grandstream GXP2160',
      'X 1',
    ]);
    return {
      user,
      transport,
      port,
      userAgent,
      instance: chance.once(2) ? `${port}-1111` : null,
      dialogs: [],
      connection: '',
    };
  }

  #newLogger(): Logger {
    let mute = false;
    const logger: Logger = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (fields, message) => {
        if (mute) return;
        const { err } = fields as { readonly err?: unknown };
        this.#faults.push(`logged: ${message} ${err instanceof Error ? err.stack : JSON.stringify(fields)}`);
      },
      child: () => logger,
    };
    this.#silence = () => {
      mute = true;
    };
    return logger;
  }

  #silence: () => void = () => undefined;

  #life(name: string): SequenceDaemon {
    return new SequenceDaemon({
      clock: this.#clock,
      random: this.#random,
      logger: this.#logger,
      engine: this.#engine,
      path: this.#folder.path(name),
    });
  }

  /** Everything that can happen without the clock; the CPU it takes is judged. */
  async #settle(turns = 6): Promise<void> {
    const before = process.cpuUsage();
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    this.#judge(before);
  }

  #judge(before: NodeJS.CpuUsage): void {
    const { user, system } = process.cpuUsage(before);
    const ms = (user + system) / 1000;
    this.slowestMs = Math.max(this.slowestMs, ms);
    if (ms > longestTurnMs) this.#faults.push(`${ms.toFixed(0)} ms of CPU in one step`);
  }

  async #pass(ms: number): Promise<void> {
    await this.#settle(12); // the clock would jump over what waits for no timer
    await this.#clock.run(ms, () => this.#settle(2));
  }

  async #step(): Promise<void> {
    const chance = this.#chance;
    const before = process.cpuUsage();
    let seconds = 0;
    switch (chance.below(20)) {
      case 0:
      case 1:
      case 2:
      case 3:
        this.#subscribeNew();
        break;
      case 4:
      case 5:
      case 6:
      case 7:
        this.#subscribeAgain();
        break;
      case 8:
      case 9:
      case 10:
        this.#publish();
        break;
      case 11:
      case 12:
      case 13:
        this.#pbx();
        break;
      case 14:
        this.#admin();
        break;
      case 15:
        await this.#disturb();
        break;
      default:
        seconds = chance.pick([0.2, 1, 2, 6, 35, 61, 130, 700]) / chance.pick([1, 1, 3]);
        this.#say(`time ${seconds} s`);
    }
    this.#judge(before);
    if (!chance.once(4)) await this.#settle(chance.pick([0, 1, 3, 8]));
    if (seconds > 0) await this.#pass(seconds * 1000);
    const tooMany = this.#network.tooMany(seconds);
    if (tooMany !== null) this.#faults.push(tooMany);
    this.#faults.push(...this.#network.faults.splice(0));
  }

  #say(what: string): void {
    const line = `${this.done} +${((this.#clock.now() - 1_700_000_000_000) / 1000).toFixed(1)} ${what}`;
    this.#log.push(line);
    this.#trace?.(`# ${line}`);
  }

  #subscribeNew(): void {
    const chance = this.#chance;
    const phone = chance.pick(this.#phones);
    const asked = wanted(chance, phone.user);
    const dialog = this.#network.dialog(phone, asked.resource);
    // a phone that has started again forgets what it had
    if (chance.once(8)) phone.dialogs = [dialog];
    const { event, id, params, accept, isList } = asked;
    const usage = newUsage({ event, id, params, accept, isList });
    dialog.usages.push(usage);
    const press = event === 'as-feature-event' && chance.once(3);
    const body = press ? pressed(chance, phone.user) : asked.body;
    const lines = press ? [`Content-Type: ${featureType}`] : asked.lines;
    this.#send(dialog, usage, body, lines);
  }

  #subscribeAgain(): void {
    const chance = this.#chance;
    const dialogs = this.#phones.flatMap((phone) => phone.dialogs.filter(({ remoteTag }) => remoteTag !== null));
    if (dialogs.length === 0) {
      this.#subscribeNew();
      return;
    }
    const dialog = chance.pick(dialogs.slice(-15));
    const isNew = chance.once(6);
    let usage = isNew ? undefined : dialog.usages.at(-1 - chance.below(2));
    if (usage === undefined || usage.state === 'over') {
      const asked = wanted(chance, dialog.phone.user);
      const id = chance.once(2) ? (usage?.id ?? asked.id) : asked.id;
      const event = chance.once(2) ? (dialog.usages[0]?.event ?? asked.event) : asked.event;
      const { params, accept, isList } = asked;
      // who asks again for what he has refreshes it
      usage =
        dialog.usages.find((one) => one.state === 'active' && one.event === event && one.id === id) ??
        newUsage({ event, id, params, accept, isList });
      if (!dialog.usages.includes(usage)) dialog.usages.push(usage);
    } else {
      if (chance.once(3)) usage.params = eventParams(chance, usage.event);
      if (chance.once(4)) usage.accept = accepted(chance, usage.event, usage.isList);
    }
    const press = usage.event === 'as-feature-event' && chance.once(2);
    const lines = press ? [`Content-Type: ${featureType}`] : usage.isList ? ['Supported: eventlist'] : [];
    this.#send(dialog, usage, press ? pressed(chance, dialog.phone.user) : '', lines);
  }

  #send(dialog: PhoneDialog, usage: Usage, body: string, lines: readonly string[]): void {
    const chance = this.#chance;
    const expires = chance.pick([0, 60, 61, 120, 600, 3600, 3600, 7200, null, 1, 100_000]);
    const { etag } = usage;
    const condition = chance.once(4)
      ? [`Suppress-If-Match: ${chance.pick(['*', etag ?? 'old', etag ?? '*', 'stale'])}`]
      : [];
    const { user, transport } = dialog.phone;
    this.#say(
      `${user}/${transport} SUBSCRIBE ${dialog.callId} ${dialog.resource} ${usage.event};id=${usage.id}${usage.params} accept ${usage.accept} expires ${expires} ${[...condition, ...lines].join(', ')} ${body.length} bytes`,
    );
    this.#network.subscribe(this.#engine, dialog, usage, { expires, lines: [...lines, ...condition], body });
  }

  #publish(): void {
    const chance = this.#chance;
    const user = chance.pick(users);
    const old = this.#publications.length > 0 && !chance.once(3) ? chance.pick(this.#publications) : null;
    const by = old?.user ?? user;
    const draft = published(
      chance,
      old?.event ?? chance.pick(['dialog', 'presence', 'message-summary', 'as-feature-event']),
      by,
    );
    const isRefresh = old !== null && chance.once(3);
    const expires = chance.pick([0, 60, 600, 3600, null, 100_000]);
    const tag = chance.once(8) ? chance.pick(this.#staleTags) : (old?.tag ?? null);
    const phone = this.#phones.find((one) => one.user === by);
    if (phone === undefined) return;
    const body = isRefresh ? '' : draft.body;
    this.#say(`${by} PUBLISH ${draft.event} tag ${tag} expires ${expires} ${body.length} bytes`);
    const draw = (prefix: string) => this.#network.name(prefix);
    const text = publishMessage(by, { ...draft, body }, tag, expires, phone.port, draw);
    this.#trace?.(`> ${text.replaceAll('\r\n', '\n> ')}`);
    this.#engine.receive(text, this.#network.flowOf(phone), (answer) =>
      this.#publishAnswered(answer, by, draft.event, tag),
    );
  }

  #publishAnswered(answer: SipAnswer, user: string, event: string, asked: string | null): void {
    this.#trace?.(`< ${answer.status} to PUBLISH`);
    if (answer.status === 500) this.#faults.push('500 to a PUBLISH');
    if (answer.status !== 200) {
      if (answer.status === 412 && asked !== null) this.#forgetTag(asked);
      return;
    }
    const [tag = ''] = valuesOf(answer, 'SIP-ETag');
    if (tag === '' || this.#tags.has(tag)) this.#faults.push(`entity tag '${tag}' of a publication is not new`);
    this.#tags.add(tag);
    if (asked !== null) this.#forgetTag(asked);
    if (valuesOf(answer, 'Expires')[0] === '0') this.#staleTags.push(tag);
    else this.#publications.push({ user, event, tag });
  }

  #forgetTag(tag: string): void {
    this.#staleTags.push(tag);
    const at = this.#publications.findIndex((one) => one.tag === tag);
    if (at >= 0) this.#publications.splice(at, 1);
  }

  #pbx(): void {
    const chance = this.#chance;
    const hand = this.#daemon.adapter.simulator;
    if (hand === undefined) return;
    const ext = chance.pick([...users, '1010']);
    const call = this.#calls.length > 0 ? chance.pick(this.#calls) : null;
    const what = chance.below(11);
    this.#say(`pbx ${what} ${ext}`);
    switch (what) {
      case 0:
      case 1: {
        const made = hand.call(chance.pick(['0316', 'anonymous', ...users]), ext);
        if (made.ok) this.#calls.push(made.value.id);
        return;
      }
      case 2:
      case 3:
        if (call !== null) hand.answer(call);
        return;
      case 4:
        if (call !== null) hand.hold(call, ext);
        return;
      case 5:
        if (call !== null) hand.resume(call, ext);
        return;
      case 6:
        if (call !== null) hand.hangup(call);
        return;
      case 7:
        hand.register(
          ext,
          chance.once(2),
          chance.once(2) ? { uri: `sip:${ext}@192.0.2.9:${chance.below(3) + 5060}`, userAgent: null } : undefined,
        );
        return;
      case 8:
        hand.mailbox(ext, { new: chance.below(4), old: chance.below(4) });
        return;
      case 9:
        hand.agent(ext, { phase: chance.pick(['ready', 'notReady', 'loggedOff', 'workingAfterCall']), reason: null });
        return;
      default:
        if (this.#isPbxAway) this.#daemon.pbxUp();
        else this.#daemon.pbxAway();
        this.#isPbxAway = !this.#isPbxAway;
    }
  }

  #admin(): void {
    const what = this.#chance.below(8);
    const user = this.#chance.pick(users);
    this.#say(`api ${what} ${user}`);
    administer(what, user, this.#chance, this.#daemon);
  }

  async #disturb(): Promise<void> {
    const kind = this.#chance.below(9);
    if (kind < 3) await this.#restart();
    else if (kind < 5) this.#hangUpConnections();
  }

  #hangUpConnections(): void {
    this.#say('connections end');
    this.#network.alive.clear();
  }

  async #restart(): Promise<void> {
    const isKill = this.#chance.once(2);
    this.#say(isKill ? 'kill -9' : 'restart');
    const name = `life${++this.#lives}.db`;
    const old = this.#engine;
    if (isKill) {
      this.#silence();
      old.end();
      this.#daemon.kill(this.#folder.path(name));
    } else {
      const path = await this.#daemon.stop();
      old.end();
      this.#silence();
      void path;
    }
    this.#calls.length = 0;
    this.#isPbxAway = false;
    const last = this.#databaseName;
    this.#databaseName = isKill ? name : last;
    if (this.#chance.once(2)) await this.#clock.run(this.#chance.pick([1000, 40_000]), async () => undefined);
    this.#engine = this.#network.engine();
    this.#logger = this.#newLogger();
    this.#daemon = this.#life(this.#databaseName);
    await this.#daemon.start();
  }

  #databaseName = 'first.db';

  /** At quiescence what each living subscription was told is what a refresh tells it. */
  async #quiet(): Promise<void> {
    this.#say('quiet');
    this.#network.mood = 'well';
    if (this.#isPbxAway) this.#daemon.pbxUp();
    this.#isPbxAway = false;
    await this.#pass(700_000);
    this.#faults.push(...this.#network.faults.splice(0));
    const tooMany = this.#network.tooMany(700);
    if (tooMany !== null) this.#faults.push(tooMany);
    const living = [...this.#network.all()].flatMap((dialog) =>
      dialog.usages.filter(({ state }) => state === 'active').map((usage) => ({ dialog, usage })),
    );
    for (const { dialog, usage } of living) {
      if (usage.state !== 'active' || usage.until <= this.#clock.now() || this.#faults.length > 0) continue;
      // what ended while others were asked is told, and a run is at its end
      await this.#settle(20);
      await this.#pass(6_000);
      await this.#settle(20);
      const isReachable = dialog.phone.transport === 'udp' || this.#network.alive.has(dialog.connection);
      // agreed on: the truth comes later
      const isSlow = usage.maxRate !== null && (usage.isList || usage.maxRate < 0.05);
      const told = usage.documents.told();
      usage.documents.forget();
      let status = 0;
      const lines = usage.isList ? ['Supported: eventlist'] : [];
      const kept = usage.accept;
      usage.accept = null;
      usage.params = '';
      const before = new Set(this.#daemon.notifier.list().map(({ id }) => id));
      this.#network.subscribe(this.#engine, dialog, usage, { expires: 600, lines, body: '' }, (answer) => {
        status = answer.status;
      });
      await this.#settle(8);
      // a run of NOTIFYs keeps to the rate
      const isRun = usage.isList || usage.maxRate !== null || usage.event === 'as-feature-event';
      await this.#pass(isRun ? 100_000 : 3_000);
      await this.#settle(20);
      usage.accept = kept;
      // its phone's younger one had taken its place, without a word
      if (this.#daemon.notifier.list().some(({ id }) => !before.has(id))) continue;
      if (status !== 200 || !isReachable || usage.lastAnswer !== 200 || told === '' || isSlow) continue;
      const truth = usage.documents.told();
      // a first SUBSCRIBE that pressed a key is told of that key alone
      const isTrue =
        usage.event === 'as-feature-event' ? told.split('\n').every((line) => truth.includes(line)) : told === truth;
      if (!isTrue) {
        this.#faults.push(
          `${dialog.callId} ${usage.event};id=${usage.id} of ${dialog.resource}: told\n${told}\nbut true is\n${truth}`,
        );
      }
    }
  }

  /** When everybody has gone nothing is left. */
  async #leave(): Promise<void> {
    this.#say('leave');
    for (const dialog of this.#network.all()) {
      for (const usage of dialog.usages.filter(({ state }) => state === 'active')) {
        this.#network.subscribe(this.#engine, dialog, usage, { expires: 0, lines: [], body: '' });
        await this.#settle(4);
      }
    }
    await this.#pass(40_000);
    const { notifier, compositor, front } = this.#daemon;
    // those that their phones have forgotten
    for (const { id } of notifier.list()) await notifier.remove(id);
    for (const user of users) await compositor.clearMailbox(aorOf(user, domain));
    await this.#pass(3_800_000);
    await this.#pass(5_000); // the last turn of a wheel
    await this.#settle(10);
    this.#faults.push(...this.#network.faults.splice(0));
    const rows = await this.#daemon.left(this.#folder.path('left.db'), this.#random, this.#logger);
    const left = {
      subscriptions: notifier.list().length,
      dialogs: front.dialogCount,
      publications: compositor.list().length,
      timers: Math.max(this.#daemon.pending() - this.#idleTimers, 0),
      rows: rows.subscriptions,
      publicationRows: rows.publications,
    };
    if (Object.values(left).some((count) => count > 0)) this.#faults.push(`left: ${JSON.stringify(left)}`);
  }
}
