import { broken, type Check, odd } from '../../../src/model/check.ts';
import { isAskable } from './ami-checks.ts';
import type { AsteriskSeen } from './seen.ts';

/** The settings of a section of one of Asterisk's files, names in lower case; null: it cannot be asked for. */
async function section(seen: AsteriskSeen, file: string, name: string): Promise<ReadonlyMap<string, string> | null> {
  const { ami } = seen;
  if (!isAskable(ami)) return null;
  // the one section: passwords are in others
  const { ok, fields } = await ami.action('GetConfig', [
    ['Filename', file],
    ['Category', name],
  ]);
  if (!ok) return null;
  const settings = new Map<string, string>();
  for (const [key, line = ''] of Object.entries(fields)) {
    const at = line.indexOf('=');
    if (/^Line-/i.test(key) && at > 0) {
      settings.set(
        line.slice(0, at).trim().toLowerCase(),
        line
          .slice(at + 1)
          .replace(/^>/, '')
          .trim(),
      );
    }
  }
  return settings;
}

/** A setting that brings every call to a stop. */
export const ariChannelvars: Check<AsteriskSeen> = {
  name: 'ari-channelvars',
  look: async (seen) => {
    const vars = (await section(seen, 'ari.conf', 'general'))?.get('channelvars') ?? '';
    if (!/CHANNEL\(\s*pjsip/i.test(vars)) return [];
    return [
      broken(
        `ari.conf has channelvars = ${vars}: CHANNEL(pjsip,…) there hangs every call for ever`,
        "take CHANNEL(pjsip,…) out of channelvars in ari.conf, then asterisk -rx 'core restart now'",
      ),
    ];
  },
};

/** What Asterisk's own is; milliseconds. */
const usualTimeout = 100;
const longTimeout = 1_000;

/** How long Asterisk waits for a listener that hangs. */
export const ariTimeout: Check<AsteriskSeen> = {
  name: 'ari-timeout',
  look: async (seen) => {
    const text = (await section(seen, 'ari.conf', 'general'))?.get('websocket_write_timeout');
    if (text === undefined || !(Number(text) > longTimeout)) return [];
    return [
      odd(
        `ari.conf has websocket_write_timeout = ${text} ms: a program that hangs holds up the calls of the PBX for so long`,
        `take the line out: Asterisk's own ${usualTimeout} ms do`,
      ),
    ];
  },
};

/** Rights over the host that nobody here needs. */
export const liveDangerously: Check<AsteriskSeen> = {
  name: 'live-dangerously',
  look: async (seen) => {
    const value = (await section(seen, 'asterisk.conf', 'options'))?.get('live_dangerously') ?? '';
    if (!/^(?:yes|true|1|on|y|t)$/i.test(value)) return [];
    return [
      odd(
        'asterisk.conf has live_dangerously = yes: whoever may use ARI or AMI can run programs on the PBX',
        'set it to no; Lamplighter does not need it',
      ),
    ];
  },
};
