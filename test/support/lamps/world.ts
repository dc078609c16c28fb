import { knownPhones } from '../../../src/config/known-phones.ts';
import { dialog as dialogPackage } from '../../../src/event-packages/dialog/dialog.ts';
import { defaultProfile, type PhoneProfile } from '../../../src/model/profile.ts';
import { Notifier } from '../../../src/notifier/notifier.ts';
import type { DialogState } from '../../../src/sip/dialog.ts';
import type { SubscribeRequest } from '../../../src/sip/front.ts';
import { Hub } from '../../../src/state/hub.ts';
import { FakeClock, settle } from '../fake-clock.ts';
import { silentLogger } from '../silent-logger.ts';
import { Branch } from './branch.ts';
import { Broadsoft } from './broadsoft.ts';
import { CiscoSpa } from './cisco-spa.ts';
import { Grandstream } from './grandstream.ts';
import type { Lamp, LampPhone } from './lamp-phone.ts';
import { LampStore } from './lamp-store.ts';
import { chance, Network } from './network.ts';
import { aor, domain, PbxModel, source } from './pbx-model.ts';
import { Polycom } from './polycom.ts';
import { Snom } from './snom.ts';
import { Yealink } from './yealink.ts';

export const extensions = ['1001', '1002', '1003', '1004'] as const;

type Make = new (entity: string) => LampPhone;
const makes: readonly Make[] = [Polycom, Yealink, Snom, CiscoSpa, Grandstream, Broadsoft];

const secret = Buffer.from('0123456789abcdef0123456789abcdef');
const subscribedFor = 3600;

/** A key of a phone, and whom it watches. */
export interface Key {
  readonly ext: string;
  readonly phone: LampPhone;
  readonly port: number;
}

/**
 * Hub, notifier and renderer, with a PBX before them and phones of every make behind: everything but SIP and time is real.
 * It can be killed and started again, and its network loses things.
 */
export class LampWorld {
  readonly clock = new FakeClock();
  readonly keys: readonly Key[];
  readonly pbx: PbxModel;
  /** Another PBX, with the same extensions, whose calls are published. */
  readonly branch: PbxModel;
  readonly network: Network;
  readonly #store = new LampStore();
  readonly #publisher: Branch;
  readonly #random: () => number;
  readonly #intervalMs: number;
  #hub: Hub;
  #notifier: Notifier;
  #dialogs = 0;
  /** Nobody listens to the PBX. */
  #deaf = false;

  /** @param seed of the network's and the disk's luck. @param intervalMs the least time between two NOTIFYs. */
  constructor(seed: number, intervalMs: number) {
    this.#random = chance(seed);
    this.#intervalMs = intervalMs;
    this.keys = makes.flatMap((Phone, at) =>
      [0, 1].map((key) => {
        const ext = extensions[(at + key) % extensions.length] ?? '';
        // Some write the URI in their own way; the entity is theirs.
        const entity = `sip:${ext}@${domain}${at % 2 === 0 ? ';user=phone' : ''}`;
        return { ext, phone: new Phone(entity), port: 10_000 + at * 10 + key };
      }),
    );
    const phones = this.keys.map(({ phone }) => phone);
    this.network = new Network(this.clock, phones, this.#random);
    this.pbx = new PbxModel(extensions, (event) => {
      if (!this.#deaf) this.#hub.apply(event);
    });
    this.#publisher = new Branch(this.clock, (event) => {
      if (!this.#deaf) this.#hub.apply(event);
    });
    this.branch = new PbxModel(extensions, (event) => this.#publisher.take(event));
    this.#hub = this.#newHub();
    this.#notifier = this.#newNotifier();
    this.pbx.sync();
  }

  get notifier(): Notifier {
    return this.#notifier;
  }

  /** Time passes, and everything that can happen does. */
  async wait(ms: number, stepMs = 250): Promise<void> {
    await this.clock.run(ms, stepMs);
    await settle();
  }

  /** The phone asks for its lamp: within its subscription, or with a new one where it has none or is told so. */
  async subscribe({ ext, phone, port }: Key): Promise<void> {
    const known = phone.callId === null ? undefined : this.network.dialogs.get(phone.callId);
    if (known !== undefined && (await this.#ask(this.#request(ext, phone, port, known, false))) === 200) return;
    const dialog = this.#newDialog(port);
    this.network.dialogs.set(dialog.callId, dialog);
    phone.begin(dialog.callId);
    const status = await this.#ask(this.#request(ext, phone, port, dialog, true));
    if (status !== 200) throw new Error(`a SUBSCRIBE was answered ${status}`);
  }

  /** As with kill -9: what was written behind is on the disk, or not. The PBX goes on meanwhile. */
  async restart(meanwhile: () => void): Promise<void> {
    const before = this.#notifier;
    if (this.#random() < 0.5) this.#store.flush();
    this.#store.crash();
    await before.stop(); // its timers run on our clock; nothing of it is heard any more
    this.#deaf = true;
    meanwhile();
    await this.wait(500, 100); // what the dead process sent arrives, as no start is that quick
    this.#deaf = false;
    this.#hub = this.#newHub();
    this.#notifier = this.#newNotifier();
    const rows = [...this.#store.rows.values()];
    this.#notifier.restore(rows, Math.max(0, ...rows.map(({ id }) => id)) + 1);
    await settle();
    this.#publisher.restore();
    this.pbx.sync();
    this.#notifier.start();
  }

  flush(): void {
    this.#store.flush();
  }

  /** `Polycom 1001: ringing, not busy`, for each lamp that is wrong. */
  wrong(which: (key: Key) => boolean = () => true): readonly string[] {
    return this.keys.filter(which).flatMap(({ ext, phone }) => {
      const { calls, dnd } = this.pbx.truth(ext);
      const wanted: Lamp = phone.wants({ calls: [...calls, ...this.branch.truth(ext).calls], dnd });
      return phone.lamp === wanted ? [] : [`${phone.constructor.name} ${ext}: ${phone.lamp}, not ${wanted}`];
    });
  }

  violations(): readonly string[] {
    return this.keys.flatMap(({ phone }) => phone.violations.map((what) => `${phone.constructor.name}: ${what}`));
  }

  /** The notifier still has a subscription of this key. */
  isServed({ phone }: Key): boolean {
    return phone.callId !== null && this.network.dialogs.has(phone.callId);
  }

  close(): Promise<void> {
    return this.#notifier.stop();
  }

  async #ask(request: SubscribeRequest | null): Promise<number> {
    if (request === null) return 481;
    const answer = await this.#notifier.onSubscribe(request);
    answer.after?.();
    await settle();
    return answer.status;
  }

  #request(ext: string, phone: LampPhone, port: number, dialog: DialogState, initial: boolean): SubscribeRequest {
    if (!initial) dialog.remoteCseq += 1;
    return {
      dialog,
      initial,
      path: { remoteTarget: dialog.remoteTarget, flow: dialog.flow },
      requestUri: initial ? phone.entity : 'sip:192.0.2.100',
      resource: initial ? aor(ext) : null,
      watcher: { aor: aor('1001'), how: 'digest' },
      event: 'dialog',
      eventId: null,
      eventParams: {},
      supported: [],
      suppressIfMatch: null,
      expires: subscribedFor,
      accept: null,
      contentType: null,
      body: Buffer.alloc(0),
      userAgent: phone.userAgent,
      device: `phone-${port}`,
      source: `udp:192.0.2.1:${port}`,
    };
  }

  #newDialog(port: number): DialogState {
    this.#dialogs += 1;
    const [ours, theirs] = [`ours-${this.#dialogs}`, `theirs-${this.#dialogs}`];
    return {
      callId: `call-${this.#dialogs}`,
      localTag: ours,
      remoteTag: theirs,
      localParty: `<sip:1001@${domain}>;tag=${ours}`,
      remoteParty: `<sip:1001@${domain}>;tag=${theirs}`,
      remoteTarget: `sip:phone@192.0.2.1:${port}`,
      routeSet: [],
      localCseq: 0,
      localCseqLimit: 0,
      remoteCseq: 1,
      flow: {
        transport: 'udp',
        local: { address: '192.0.2.100', port: 5070 },
        remote: { address: '192.0.2.1', port },
        connection: '',
      },
      moved: false,
      note: null,
      user: '1001',
    };
  }

  #newHub(): Hub {
    const hub = new Hub({ clock: this.clock, logger: silentLogger, store: this.#store, secret, sources: [source] });
    hub.load(this.#store.memory());
    return hub;
  }

  #newNotifier(): Notifier {
    const intervalMs = this.#intervalMs;
    const profileFor = (userAgent: string | null): PhoneProfile => {
      const own = this.keys.find(({ phone }) => phone.userAgent === userAgent)?.phone.profile ?? {};
      const known = knownPhones.find(({ match }) => match.test(userAgent ?? ''))?.profile ?? defaultProfile;
      return { ...known, notifyMinIntervalMs: intervalMs, ...own };
    };
    const profiles = new Map(this.keys.map(({ phone }) => [phone.userAgent, profileFor(phone.userAgent)]));
    return new Notifier({
      clock: this.clock,
      random: { bytes: (count) => Buffer.alloc(count, 7), fraction: this.#random },
      logger: silentLogger,
      packages: [dialogPackage],
      state: this.#hub,
      sender: this.network.newSender(),
      store: this.#store,
      grant: () => Promise.reject(new Error('a lamp wishes nothing')),
      profileFor: (userAgent) => profiles.get(userAgent ?? '') ?? defaultProfile,
      limits: { perUser: 1000, perAddress: 1000 },
    });
  }
}
