import type { Directory } from './directory.ts';
import type { EventMaker, Headers } from './event.ts';

const actions: Readonly<Record<string, string>> = {
  forward_immediate: 'forward_all',
  forward_busy: 'forward_busy',
  forward_no_answer: 'forward_no_answer',
};

/** What the hook needs of its PBX. */
export interface HookPlace {
  readonly maker: EventMaker;
  readonly directory: Directory;
  /** What `sofia_contact` says of a user on all profiles. */
  contact(aor: string): string;
  /** An event that the hook fires: to the phones, and to who listens. */
  fire(event: Headers): void;
}

/** FusionPBX's hook on PHONE_FEATURE_SUBSCRIBE: it writes the row and tells the phones, with all its habits. */
export class FusionPbxHook {
  readonly #place: HookPlace;
  /** What it wrote: `1001@lab.test do_not_disturb=true`. */
  readonly writes: string[] = [];

  constructor(place: HookPlace) {
    this.#place = place;
  }

  /** Whoever fired it: a phone, or ESL. */
  onSubscribe(event: Headers): void {
    const { user = '', host = '' } = event;
    const aor = `${user}@${host}`;
    const contact = this.#place.contact(aor);
    // COMPAT(FusionPBX): without a registration it does nothing at all.
    if (contact.startsWith('error/')) return;
    const { 'Feature-Action': action, 'Feature-Enabled': enabled, 'Action-Name': name = '' } = event;
    if (action === undefined || enabled === undefined) {
      this.#tell(aor, 'init');
      return;
    }
    if (action === 'SetDoNotDisturb') {
      this.#set(aor, { do_not_disturb: enabled });
      this.#tell(aor, 'DoNotDisturbEvent');
      return;
    }
    const column = actions[name];
    if (column === undefined) return;
    const rings = event['ringCount'];
    this.#set(aor, {
      [`${column}_enabled`]: enabled,
      [`${column}_destination`]: event['Action-Value'] ?? '',
      ...(name === 'forward_no_answer' && rings !== undefined ? { call_timeout: String(Number(rings) * 6) } : {}),
      // COMPAT(FusionPBX): any SetForwarding, even off, ends do-not-disturb.
      do_not_disturb: 'false',
    });
    this.#tell(aor, 'ForwardingEvent', name);
  }

  /** The GUI or a feature code: it writes, and with feature_sync tells the phones. */
  gui(aor: string, columns: Readonly<Record<string, string>>, sync = true): void {
    this.#set(aor, columns);
    if (sync) this.#tell(aor, 'init');
  }

  #set(aor: string, columns: Readonly<Record<string, string>>): void {
    const user = this.#place.directory.get(aor);
    if (user === undefined) return;
    for (const [name, value] of Object.entries(columns)) {
      this.writes.push(`${aor} ${name}=${value}`);
      // COMPAT(FusionPBX): what is false or empty is not in the directory at all.
      if (value === '' || value === 'false') user.variables.delete(name);
      else user.variables.set(name, value);
    }
  }

  /** To each profile where the user is registered. */
  #tell(aor: string, kind: string, only?: string): void {
    const values = this.#place.directory.get(aor)?.variables ?? new Map<string, string>();
    const [user = '', host = ''] = aor.split('@');
    const profiles = new Set([...this.#place.contact(aor).matchAll(/sofia\/([^/]+)\//g)].map((it) => it[1] ?? ''));
    const forwards = Object.entries(actions)
      .filter(([name]) => only === undefined || name === only)
      .flatMap(([name, column]) => [
        [name, values.get(`${column}_destination`) ?? '0'],
        [`${name}_enabled`, values.get(`${column}_enabled`) ?? 'false'],
      ]);
    const rings = Math.ceil(Number(values.get('call_timeout') ?? 30) / 6);
    for (const profile of profiles) {
      const event = {
        profile,
        user,
        host,
        'Feature-Event': kind,
        ...(kind === 'ForwardingEvent' ? {} : { doNotDisturbOn: values.get('do_not_disturb') ?? 'false' }),
        ...(kind === 'DoNotDisturbEvent' ? {} : { ...Object.fromEntries(forwards), ringCount: String(rings) }),
      };
      this.#place.fire(this.#place.maker.event('PHONE_FEATURE', event, 'freeswitch_lua.cpp'));
    }
  }
}
