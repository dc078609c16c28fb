import { broken, type Check, fine, odd, type Remark, someOf } from '../../../src/model/check.ts';
import { Fault } from '../../../src/model/errors.ts';
import { isAskable } from './ami-checks.ts';
import { answers } from './ari-checks.ts';
import { userRowOf } from './rows.ts';
import type { AskedAmi, AsteriskSeen } from './seen.ts';

/** Releases from which on AMI lists the data base and ARI tells SIP Call-IDs; 19 and 17 never did. */
const since: Readonly<Record<number, number>> = { 16: 30, 18: 14 };
const oldestWhole = 20;

/** Whether Lamplighter knows this Asterisk. */
export const asteriskVersion: Check<AsteriskSeen> = {
  name: 'asterisk-version',
  look: async (seen) => {
    const text = await versionOf(seen);
    if (text === null) return [];
    const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(text) ?? [];
    const isNew = Number(major) >= oldestWhole || Number(minor) >= (since[Number(major)] ?? Number.POSITIVE_INFINITY);
    if (isNew) return [fine(`Asterisk ${text}`)];
    return [
      odd(
        `Asterisk ${text} is older than Lamplighter is made for: features are not found, calls have no Call-ID`,
        'upgrade to Asterisk 20 or later (16.30 and 18.14 do as well)',
      ),
    ];
  },
};

async function versionOf({ ari, ami }: AsteriskSeen): Promise<string | null> {
  if (answers(ari) && !(ari.first instanceof Fault)) {
    const { system } = (ari.first.body ?? {}) as { readonly system?: { readonly version?: unknown } };
    if (typeof system?.version === 'string') return system.version;
  }
  if (!isAskable(ami)) return null;
  const { fields } = await ami.action('CoreSettings');
  return fields['AsteriskVersion'] ?? null;
}

interface Module {
  readonly name: string;
  readonly loses: string;
  /** Only where ARI, AMI or such lamps are configured. */
  readonly when?: (seen: AsteriskSeen) => boolean;
  /** Something less may be meant. */
  readonly level?: 'warn';
}

const withAri = ({ ari }: AsteriskSeen): boolean => ari !== null;
const withAmi = ({ ami }: AsteriskSeen): boolean => ami !== null;

const modules: readonly Module[] = [
  { name: 'res_pjsip', loses: 'there are no phones: Lamplighter knows PJSIP alone, not chan_sip' },
  { name: 'res_pjsip_registrar', loses: 'no phone can register' },
  { name: 'res_pjsip_session', loses: 'there are no calls' },
  { name: 'chan_pjsip', loses: 'there are no calls' },
  { name: 'res_stasis', loses: 'no events of calls', when: withAri },
  { name: 'res_http_websocket', loses: 'no events of calls', when: withAri },
  { name: 'res_ari_events', loses: 'no events of calls', when: withAri },
  { name: 'res_ari_applications', loses: 'no events of calls', when: withAri },
  { name: 'res_ari_channels', loses: 'calls of before a start are not seen', when: withAri },
  { name: 'res_ari_bridges', loses: 'who holds whom is not seen after a start', when: withAri },
  { name: 'res_ari_endpoints', loses: 'registrations are not seen', when: withAri },
  { name: 'func_devstate', loses: "FreePBX's own lamps do not follow", when: withAmi },
  { name: 'res_pjsip_notify', loses: 'no check-sync, no push', when: withAmi, level: 'warn' },
  { name: 'app_queue', loses: 'lamps of queues and agents stay dark', when: ({ options }) => usesQueues(options) },
  { name: 'res_parking', loses: 'lamps of parking stay dark', when: ({ options }) => options.lamps.park.length > 0 },
  { name: 'app_confbridge', loses: 'lamps of rooms stay dark', when: ({ options }) => options.lamps.conf.length > 0 },
];

function usesQueues({ lamps, agents }: AsteriskSeen['options']): boolean {
  return lamps.queue.length + lamps.agent.length + agents.queues.length > 0;
}

/** Whatever Lamplighter stands on must be loaded. */
export const asteriskModules: Check<AsteriskSeen> = {
  name: 'asterisk-modules',
  look: async (seen) => {
    const isLoaded = await loadedModules(seen);
    if (isLoaded === null) return [];
    const wanted = modules.filter(({ when }) => when?.(seen) ?? true);
    const remarks: Remark[] = [];
    for (const { name, loses, level } of wanted) {
      if (await isLoaded(name)) continue;
      const text = `${name}.so is not loaded: ${loses}`;
      const fix = `asterisk -rx 'module load ${name}.so', and take noload = ${name}.so out of modules.conf`;
      remarks.push(level === 'warn' ? odd(text, fix) : broken(text, fix));
    }
    return remarks.length > 0 ? remarks : [fine('the modules that Lamplighter needs are loaded')];
  },
};

/** null: nobody can be asked. */
async function loadedModules({ ari, ami }: AsteriskSeen): Promise<((name: string) => Promise<boolean>) | null> {
  if (answers(ari)) {
    const { status, body } = await ari.rest.call('GET', ['asterisk', 'modules']);
    if (status === 200 && Array.isArray(body)) {
      const running = new Set((body as unknown[]).flatMap((one) => runningModule(one)));
      return async (name) => running.has(name);
    }
  }
  if (!isAskable(ami)) return null;
  const { fields, ok } = await ami.action('ListCommands');
  if (!ok || fields['ModuleCheck'] === undefined) return null;
  return async (name) => (await ami.action('ModuleCheck', [['Module', name]])).ok;
}

function runningModule(one: unknown): string[] {
  const { name, status } = (one ?? {}) as { readonly name?: unknown; readonly status?: unknown };
  return typeof name === 'string' && status !== 'Declined' && status !== 'Failed' ? [name.replace(/\.so$/, '')] : [];
}

/** Lamps of hints are read at each connection. */
const manyHints = 10_000;

/** How many hints there are. */
export const hints: Check<AsteriskSeen> = {
  name: 'hints',
  look: async ({ ami }) => {
    if (!isAskable(ami)) return [];
    const { ok, rows } = await ami.action('ExtensionStateList');
    if (!ok || rows.length <= manyHints) return [];
    return [
      odd(
        `the dialplan has ${rows.length} hints: each connection reads them all, and Asterisk works each out at each change`,
        'take hints out that nobody watches at Asterisk any more; patterns (_X.) make one for each number that is watched',
      ),
    ];
  },
};

/** Phones that are looked up in the data base of FreePBX: one that is there is enough. */
const mostLooked = 10;

/** Whether the features are where the configuration says. */
export const featureHome: Check<AsteriskSeen> = {
  name: 'feature-home',
  look: async ({ ami, options }) => {
    if (!isAskable(ami)) return [];
    const { ok, rows } = await ami.action('PJSIPShowEndpoints');
    if (!ok) return [];
    const phones = rows.filter((row) => (row['Auths'] ?? '') !== '').flatMap((row) => row['ObjectName'] ?? []);
    if (phones.length === 0) {
      return [
        odd(
          'Asterisk has no phones: no PJSIP endpoint with an auth',
          'add extensions, or see that res_pjsip reads its file',
        ),
      ];
    }
    const isFreepbx = await hasFreepbxRows(ami, phones.slice(0, mostLooked));
    if (options.features === 'freepbx' && !isFreepbx) {
      return [
        broken(
          `features: freepbx, and this Asterisk has no rows of FreePBX (AMPUSER/${phones[0]}/device)`,
          'a plain Asterisk keeps them where config/asterisk/extensions.conf says: write features: astdb',
        ),
      ];
    }
    if (options.features === 'astdb' && isFreepbx) {
      return [
        odd(
          'features: astdb, and this Asterisk has the rows of FreePBX: what is set here FreePBX may not obey, nor show',
          'write features: freepbx',
        ),
      ];
    }
    return [fine(`features are kept ${isFreepbx ? 'as FreePBX does' : 'in AstDB'}; ${someOf(phones, 3)}`)];
  },
};

async function hasFreepbxRows(ami: AskedAmi, phones: readonly string[]): Promise<boolean> {
  for (const phone of phones) if (await userRowOf(ami, phone)) return true;
  return false;
}

/** Apart by more than this, times in logs and lamps cannot be compared; seconds. */
const mostApart = 5;

/** Whether the PBX and this host have the same time. */
export const pbxClock: Check<AsteriskSeen> = {
  name: 'pbx-clock',
  look: async ({ ami, clock }) => {
    if (!isAskable(ami)) return [];
    const asked = clock.now();
    const { fields } = await ami.action('Ping');
    const theirs = Number(fields['Timestamp']) * 1000;
    if (!(theirs > 0)) return [];
    const apart = Math.round((theirs - (asked + clock.now()) / 2) / 1000);
    if (Math.abs(apart) <= mostApart) return [];
    return [
      odd(
        `the clock of the PBX is ${Math.abs(apart)} s ${apart > 0 ? 'ahead of' : 'behind'} the one of this host`,
        'let both follow the same time server: timedatectl set-ntp true',
      ),
    ];
  },
};
