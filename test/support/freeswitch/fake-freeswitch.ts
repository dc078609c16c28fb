import { EslServer, type EslServerOptions } from '../esl-server/esl-server.ts';
import { Callcenter } from './callcenter.ts';
import { Channels, type FakeCall, type Party } from './channels.ts';
import { Directory } from './directory.ts';
import { EventMaker, type Headers } from './event.ts';
import { FusionPbxHook } from './fusionpbx.ts';
import { type FeaturePhone, Phones } from './phones.ts';
import { KeyStore } from './store.ts';

export interface FakeFreeswitchOptions extends EslServerOptions {
  /** FusionPBX's hook runs, and features are in its tables. */
  readonly fusionpbx?: boolean;
}

interface Counts {
  readonly new: number;
  readonly old: number;
  readonly newUrgent?: number;
  readonly oldUrgent?: number;
}

/**
 * FreeSWITCH in small, behind a real event socket: it answers and tells what the real one was recorded to. Its users and
 * phones are in the hand of the test.
 */
export class FakeFreeswitch {
  readonly esl: EslServer;
  readonly directory = new Directory();
  readonly db = new KeyStore('db');
  readonly hash = new KeyStore('hash');
  readonly phones: Phones;
  readonly channels: Channels;
  readonly hook: FusionPbxHook | null;
  readonly callcenter: Callcenter;
  /** What was fired by `sendevent`, in order: `PHONE_FEATURE_SUBSCRIBE SetDoNotDisturb true`. */
  readonly fired: string[] = [];
  /** What killed it; null while it lives. */
  crashed: string | null = null;
  /** Further answers, by the whole command; null: the module is not loaded. */
  readonly answers = new Map<string, string | null>([
    ['valet_info', '<lots>\n</lots>\n'],
    ['conference json_list', '[]'],
  ]);
  readonly #maker = new EventMaker();
  readonly #mailboxes = new Map<string, Counts>();

  constructor({ fusionpbx = false, ...options }: FakeFreeswitchOptions = {}) {
    this.esl = new EslServer(options);
    this.esl.coreUuid = this.#maker.coreUuid;
    const say = (event: Headers) => this.#fire(event);
    this.phones = new Phones(this.#maker, say, () => this.#crash('a NOTIFY of more than 1024 bytes'));
    this.channels = new Channels(this.#maker, say, () => Date.now());
    this.callcenter = new Callcenter(this.#maker, say);
    const place = {
      maker: this.#maker,
      directory: this.directory,
      contact: (aor: string) => this.phones.contact(`*/${aor}`),
      fire: say,
    };
    this.hook = fusionpbx ? new FusionPbxHook(place) : null;
    this.esl.onApi((command, args) => this.#api(command, args));
    this.esl.onSendEvent((name, headers) => this.#sendEvent(name, headers));
  }

  get port(): number {
    return this.esl.port;
  }

  get coreUuid(): string {
    return this.#maker.coreUuid;
  }

  /** The same port again after `kill`. */
  async listen(): Promise<void> {
    this.crashed = null;
    await this.esl.listen();
  }

  /** Ends for good. */
  async close(): Promise<void> {
    await this.esl.close().catch(() => undefined);
  }

  /** It accepts everything and answers nothing. */
  freeze(): void {
    this.esl.stalled = true;
  }

  thaw(): void {
    this.esl.resume();
  }

  /** The process dies with all its calls; `start` brings another life. */
  async kill(): Promise<void> {
    await this.esl.close();
    this.channels.clear();
    this.hash.clear();
    this.phones.restart();
  }

  async start(): Promise<void> {
    this.#maker.newLife();
    this.esl.coreUuid = this.#maker.coreUuid;
    this.esl.stalled = false;
    await this.listen();
  }

  /** Another life behind connections that did not break (a proxy between). */
  reborn(): void {
    this.#maker.newLife();
    this.esl.coreUuid = this.#maker.coreUuid;
    this.channels.clear();
    this.hash.clear();
    this.phones.restart();
  }

  /** Every connection breaks; FreeSWITCH and its calls go on. */
  drop(): void {
    this.esl.drop('rst');
  }

  /** Two phones: the one calls, the other rings. */
  call(from: string, to: string): FakeCall {
    return this.channels.ring(this.#party(from), this.#party(to));
  }

  /** A phone dials a code of the shipped dialplan: `*78` and `*79`. */
  dial(aor: string, code: '*78' | '*79'): void {
    const enabled = code === '*78';
    this.db.set('dnd', aor, enabled ? 'true' : null);
    const { user, domain: host } = this.#party(aor);
    this.channels.featureCode(this.#party(aor), code, {
      'Event-Subclass': 'lamplighter::changed',
      user,
      host,
      feature: 'dnd',
      enabled: String(enabled),
    });
  }

  /** A phone registers; gives the Call-ID of its registration. */
  register(aor: string, port = 5262, userAgent = 'TestPhone/1.0', profile = 'internal'): string {
    const { user, domain } = this.#party(aor);
    const callId = `reg-${user}-${domain}-${port}`;
    this.phones.register({ user, domain, profile, port, userAgent, callId });
    return callId;
  }

  subscribeFeatures(aor: string, host?: string): FeaturePhone {
    const { user, domain } = this.#party(aor);
    return this.phones.subscribe(user, host ?? domain);
  }

  mailbox(aor: string, counts: Counts, told = true): void {
    this.#mailboxes.set(aor, counts);
    if (!told) return;
    const { newUrgent = 0, oldUrgent = 0 } = counts;
    const urgent = newUrgent + oldUrgent > 0 ? ` (${newUrgent}/${oldUrgent})` : '';
    const headers = {
      'MWI-Messages-Waiting': counts.new > 0 ? 'yes' : 'no',
      'MWI-Message-Account': aor,
      'MWI-Voice-Message': `${counts.new}/${counts.old}${urgent}`,
    };
    this.#fire(this.#maker.event('MESSAGE_WAITING', headers, 'mod_voicemail.c'));
  }

  #party(aor: string): Party {
    const [user = '', domain = ''] = aor.split('@');
    return { user, domain, name: this.directory.get(aor)?.name ?? user, address: '127.0.0.1:5263' };
  }

  /** To all who listen, and through the hooks. */
  #fire(event: Headers): void {
    this.esl.emit(event);
    if (event['Event-Name'] === 'PHONE_FEATURE') this.phones.feature(event);
    // A script has a thread of its own.
    if (event['Event-Name'] === 'PHONE_FEATURE_SUBSCRIBE') setImmediate(() => this.hook?.onSubscribe(event));
  }

  #sendEvent(name: string, headers: Headers): string {
    // COMPAT(FreeSWITCH 1.11): both spellings are the same event.
    const event = name.replace(/^SWITCH_EVENT_/, '');
    const words = [
      'Feature-Action',
      'Feature-Event',
      'Action-Name',
      'Feature-Enabled',
      'Action-Value',
      'event-string',
      'call-id',
    ];
    this.fired.push([name, ...words.flatMap((it) => headers[it] ?? [])].join(' '));
    const uuid = this.#maker.uuid();
    const full = this.#maker.event(
      event,
      { Command: `sendevent ${name}`, ...headers, 'Event-UUID': uuid },
      'mod_event_socket.c',
    );
    setImmediate(() => this.#fire(full));
    return `+OK ${uuid}`;
  }

  #crash(why: string): void {
    this.crashed = why;
    void this.kill();
  }

  #api(command: string, args: string): string | null {
    const words = args.split(' ');
    const answer = this.answers.get(args === '' ? command : `${command} ${args}`) ?? this.answers.get(command);
    if (answer !== undefined) return answer;
    switch (command) {
      case 'db':
        return this.db.api(args);
      case 'hash':
        return this.hash.api(args);
      case 'user_data':
        return this.directory.userData(words);
      case 'user_exists':
        return this.directory.userExists(words);
      case 'domain_exists':
        return this.directory.domainExists(words);
      case 'find_user_xml':
        return this.directory.userXml(words);
      case 'list_users':
        return this.directory.list((aor) => this.phones.contact(`*/${aor}`));
      case 'sofia':
        return this.phones.sofia(args);
      case 'sofia_contact':
        return this.phones.contact(args);
      case 'show':
        return args === 'channels as json' ? this.channels.show() : '-USAGE: codec|endpoint|application|api\n';
      case 'uuid_dump':
        return this.channels.dump(words);
      case 'vm_boxcount':
        return this.#boxCount(args);
      case 'global_getvar':
        return args === 'core_uuid' ? this.coreUuid : '';
      case 'callcenter_config':
        return this.callcenter.api(args);
      case 'uptime':
        return '355\n';
      default:
        return null;
    }
  }

  #boxCount(args: string): string {
    const [aor = '', how = 'new'] = args.split('|');
    const { new: fresh = 0, old = 0, newUrgent = 0, oldUrgent = 0 } = this.#mailboxes.get(aor) ?? {};
    return how === 'all' ? `${fresh}:${old}:${newUrgent}:${oldUrgent}` : String(fresh);
  }
}
