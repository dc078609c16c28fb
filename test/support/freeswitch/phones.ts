import { escaped } from './directory.ts';
import type { EventMaker, Headers } from './event.ts';

/** A phone at the registrar. */
export interface Device {
  readonly user: string;
  readonly domain: string;
  readonly profile: string;
  readonly port: number;
  readonly userAgent: string;
  readonly callId: string;
}

/** A NOTIFY as a phone got it. */
export interface Told {
  /** One for each XML document of the body. */
  readonly documents: readonly string[];
}

/** What a phone's SUBSCRIBE to as-feature-event made. */
export class FeaturePhone {
  readonly user: string;
  readonly host: string;
  readonly profile: string;
  readonly callId: string;
  readonly told: Told[] = [];
  readonly #subscribe: (body: Headers, expires: number) => void;

  constructor(
    place: { readonly user: string; readonly host: string; readonly profile: string; readonly callId: string },
    subscribe: (phone: FeaturePhone, body: Headers, expires: number) => void,
  ) {
    this.user = place.user;
    this.host = place.host;
    this.profile = place.profile;
    this.callId = place.callId;
    this.#subscribe = (body, expires) => subscribe(this, body, expires);
  }

  /** A SUBSCRIBE without a body: it wants to hear. */
  refresh(): void {
    this.#subscribe({}, 600);
  }

  unsubscribe(): void {
    this.#subscribe({}, 0);
  }

  setDnd(enabled: boolean): void {
    this.press({
      'Feature-Action': 'SetDoNotDisturb',
      'Feature-Enabled': String(enabled),
      'Action-Name': 'doNotDisturbOn',
    });
  }

  /** @param action `forward_immediate`, `forward_busy` or `forward_no_answer`. */
  setForward(action: string, enabled: boolean, target: string, rings?: number): void {
    this.press({
      'Feature-Action': 'SetCallForward',
      'Feature-Enabled': String(enabled),
      'Action-Name': action,
      ...(target === '' ? {} : { 'Action-Value': target }),
      ...(rings === undefined ? {} : { ringCount: String(rings) }),
    });
  }

  /** A SUBSCRIBE with a body, as mod_sofia tells of it. */
  press(fields: Headers): void {
    this.#subscribe({ device: this.user, ...fields }, 600);
  }

  /** The newest word on each element: `doNotDisturbOn`, `forwardImmediate`, `forwardBusy`, `forwardNoAns`. */
  get shown(): Readonly<Record<string, string>> {
    const shown: Record<string, string> = {};
    for (const document of this.told.flatMap((it) => it.documents)) {
      const text = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(document)?.[1];
      const dnd = text('doNotDisturbOn');
      if (dnd !== undefined) shown['doNotDisturbOn'] = dnd;
      const type = text('forwardingType');
      if (type === undefined) continue;
      const rings = text('ringCount');
      shown[type] = `${text('forwardStatus')} ${text('forwardTo')}${rings === undefined ? '' : ` ${rings}`}`;
    }
    return shown;
  }
}

/** COMPAT(FreeSWITCH 1.11): mod_sofia.c 5941; a document beyond this size kills the process. */
const mostDocument = 1024;

const forwards = [
  ['forward_immediate', 'forwardImmediate'],
  ['forward_busy', 'forwardBusy'],
  ['forward_no_answer', 'forwardNoAns'],
] as const;

/** What phones do at mod_sofia: registrations, and subscriptions to as-feature-event. */
export class Phones {
  readonly #maker: EventMaker;
  readonly #say: (event: Headers) => void;
  readonly #crash: () => void;
  readonly #devices: Device[] = [];
  #subscriptions: FeaturePhone[] = [];
  #cseq = 0;

  constructor(maker: EventMaker, say: (event: Headers) => void, crash: () => void) {
    this.#maker = maker;
    this.#say = say;
    this.#crash = crash;
  }

  /** The table of subscriptions does not survive a restart, that of registrations does. */
  restart(): void {
    this.#subscriptions = [];
  }

  register(device: Device): void {
    const known = this.#devices.findIndex((it) => it.callId === device.callId);
    if (known === -1) this.#devices.push(device);
    const more = known === -1 ? {} : { 'update-reg': 'true' };
    // Noise that comes with each try, proven or not.
    this.#say(this.#maker.custom('sofia::register_attempt', registrationOf(device)));
    this.#say(this.#maker.custom('sofia::register', { ...registrationOf(device), ...more }));
  }

  unregister(callId: string): void {
    const device = this.#drop(callId);
    if (device === null) return;
    const { 'to-user': _user, 'to-host': _host, status: _status, ...headers } = registrationOf(device);
    this.#say(this.#maker.custom('sofia::unregister', { ...headers, expires: '0' }));
  }

  /** It went silent: other header names. */
  expire(callId: string): void {
    const device = this.#drop(callId);
    if (device === null) return;
    const { user, domain, profile, userAgent, port } = device;
    const headers = {
      'profile-name': profile,
      'call-id': callId,
      user,
      username: user,
      host: domain,
      contact: contactOf(device),
      expires: '1795236309',
      'user-agent': userAgent,
      realm: domain,
      'network-ip': '127.0.0.1',
      'network-port': String(port),
    };
    this.#say(this.#maker.custom('sofia::expire', headers));
  }

  /** It vanished while nobody listened. */
  forget(callId: string): void {
    this.#drop(callId);
  }

  /** `sofia_contact 1001@lab.test`; the profile in front of the slash narrows it. */
  contact(args: string): string {
    const [, profile, aor = args] = /^([^/]+)\/(.*)$/.exec(args) ?? [];
    const all = this.#devices.filter(
      (it) => `${it.user}@${it.domain}` === aor && (profile === undefined || profile === '*' || profile === it.profile),
    );
    if (all.length === 0) return 'error/user_not_registered';
    return all.map((it) => `sofia/${it.profile}/sip:${it.user}@127.0.0.1:${it.port}`).join(',');
  }

  /** `sofia xmlstatus profile internal reg` */
  sofia(args: string): string {
    const [format, , profile = '', what] = args.split(' ');
    if (format !== 'xmlstatus' || what !== 'reg') return '-USAGE: sofia <options>\n';
    if (!/^(internal|external)$/.test(profile)) return 'Invalid Profile!\n';
    const rows = this.#devices.filter((it) => it.profile === profile).map(rowOf);
    return `<?xml version="1.0" encoding="ISO-8859-1"?>\n<profile>\n  <registrations>\n${rows.join('')}  </registrations>\n</profile>\n`;
  }

  /** A phone subscribes to as-feature-event. */
  subscribe(user: string, host: string, profile = 'internal'): FeaturePhone {
    const callId = `sub-${this.#maker.uuid().slice(-6)}-${user}`;
    const phone = new FeaturePhone({ user, host, profile, callId }, (it, body, expires) =>
      this.#subscribed(it, body, expires),
    );
    this.#subscriptions.push(phone);
    phone.refresh();
    return phone;
  }

  /** `sendevent PHONE_FEATURE`: whoever is subscribed with these words gets a NOTIFY; nobody learns whether somebody did. */
  feature(headers: Headers): void {
    const { profile, user, host, 'call-id': callId } = headers;
    const meant = this.#subscriptions.filter(
      (it) =>
        it.profile === profile &&
        it.user === user &&
        it.host === host &&
        (callId === undefined || it.callId === callId),
    );
    if (meant.length === 0) return;
    const documents = documentsOf(headers);
    if (documents.some((it) => Buffer.byteLength(it) > mostDocument)) {
      this.#crash();
      return;
    }
    for (const phone of meant) phone.told.push({ documents });
  }

  #subscribed(phone: FeaturePhone, body: Headers, expires: number): void {
    if (expires === 0) this.#subscriptions = this.#subscriptions.filter((it) => it !== phone);
    else if (!this.#subscriptions.includes(phone)) this.#subscriptions.push(phone);
    const { user, host, profile, callId } = phone;
    const headers = {
      user,
      host,
      contact: `"user" <sip:${user}@127.0.0.1:5262>`,
      'call-id': callId,
      expires: String(expires),
      cseq: String(++this.#cseq),
      profile_name: profile,
      hostname: 'pbx',
      ...body,
    };
    this.#say(this.#maker.event('PHONE_FEATURE_SUBSCRIBE', headers, 'sofia_presence.c'));
  }

  #drop(callId: string): Device | null {
    const at = this.#devices.findIndex((it) => it.callId === callId);
    return at === -1 ? null : (this.#devices.splice(at, 1)[0] ?? null);
  }
}

/** The XML of a NOTIFY, as mod_sofia writes it: nothing escaped, nothing decoded. */
function documentsOf(headers: Headers): string[] {
  const device = headers['device'] === undefined ? '' : `  <device>${headers['device']}</device>\n`;
  const document = (name: string, content: string) =>
    `<?xml version="1.0" encoding="ISO-8859-1"?>\n<${name} xmlns="http://www.ecma-international.org/standards/ecma-323/csta/ed3">\n${device}${content}</${name}>\n`;
  const dnd = document(
    'DoNotDisturbEvent',
    `  <doNotDisturbOn>${headers['doNotDisturbOn'] ?? 'false'}</doNotDisturbOn>\n`,
  );
  // COMPAT(FreeSWITCH 1.11): a forward without a target is not there.
  const all = forwards.flatMap(([header, type]) => {
    const target = headers[header];
    if (target === undefined || target === '') return [];
    const rings = header === 'forward_no_answer' ? headers['ringCount'] : undefined;
    const lines = [
      `  <forwardingType>${type}</forwardingType>\n`,
      `  <forwardStatus>${headers[`${header}_enabled`] ?? 'false'}</forwardStatus>\n`,
      `  <forwardTo>${target}</forwardTo>\n`,
      ...(rings === undefined ? [] : [`  <ringCount>${rings}</ringCount>\n`]),
    ];
    return [document('ForwardingEvent', lines.join(''))];
  });
  switch (headers['Feature-Event']) {
    case 'DoNotDisturbEvent':
      return [dnd];
    case 'ForwardingEvent':
      return [all[0] ?? document('ForwardingEvent', '')];
    case 'init':
      return [...all, dnd];
    case undefined:
      return [];
    default:
      return [document(headers['Feature-Event'] ?? '', '')];
  }
}

function contactOf({ user, port }: Device): string {
  return `"" <sip:${user}@127.0.0.1:${port}>`;
}

function registrationOf(device: Device): Record<string, string> {
  const { user, domain, profile, userAgent, callId, port } = device;
  return {
    'profile-name': profile,
    'from-user': user,
    'from-host': domain,
    contact: contactOf(device),
    'call-id': callId,
    rpid: 'unknown',
    status: 'Registered(UDP)',
    expires: '120',
    'to-user': user,
    'to-host': domain,
    'network-ip': '127.0.0.1',
    'network-port': String(port),
    username: user,
    realm: domain,
    'user-agent': userAgent,
  };
}

function rowOf(device: Device): string {
  const { user, domain, userAgent, callId, port } = device;
  const fields = [
    ['call-id', callId],
    ['user', `${user}@${domain}`],
    ['contact', contactOf(device)],
    ['agent', userAgent],
    ['status', 'Registered(UDP)(unknown) exp(2026-11-21 04:49:56) expsecs(358)'],
    ['ping-status', 'Reachable'],
    ['ping-time', '0.00'],
    ['host', 'pbx'],
    ['network-ip', '127.0.0.1'],
    ['network-port', String(port)],
    ['sip-auth-user', user],
    ['sip-auth-realm', domain],
    ['mwi-account', `${user}@${domain}`],
  ] as const;
  const lines = fields.map(([name, value]) => `        <${name}>${escaped(value)}</${name}>\n`);
  return `    <registration>\n${lines.join('')}    </registration>\n`;
}
