import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { broken, odd } from '../../../model/check.ts';
import type { HostCheck, HostSeen } from './seen.ts';
import { textOf } from './sockets.ts';

/** Where a package and a build of one's own keep it. */
const folders = ['etc/freeswitch', 'usr/local/freeswitch/conf'];
const mostFiles = 2_000;

/** What the PBXs of this kind are set to; empty: there is none. */
function optionsOf({ config }: HostSeen): readonly { readonly features: unknown; readonly mode: unknown }[] {
  return config.pbx
    .filter(({ type }) => type === 'freeswitch')
    .map((one) => ({ features: one['features'] ?? 'db', mode: one['mode'] ?? 'sidecar' }));
}

/** Features in mod_db and mod_hash are obeyed by the dialplan, and it tells of what feature codes change. */
export const freeswitchDialplan: HostCheck = {
  name: 'freeswitch-dialplan',
  look: (seen) => {
    if (!optionsOf(seen).some(({ features }) => features === 'db' || features === 'hash')) return [];
    for (const folder of folders) {
      const dialplan = join(seen.root, folder, 'dialplan');
      const files = xmlIn(dialplan);
      if (files.length === 0) continue;
      if (files.some((file) => active(textOf(file)).includes('lamplighter::changed'))) return [];
      return [
        odd(
          `no dialplan below ${dialplan} fires lamplighter::changed: calls do not obey the features, and what feature codes change is seen late`,
          'copy config/freeswitch/dialplan.xml, and include it first in <context name="default"> (docs/freeswitch.md); right where a script of yours does the same',
        ),
      ];
    }
    return [];
  },
};

/** FusionPBX's features are written by its hook, which answers phones as well. */
export const freeswitchHook: HostCheck = {
  name: 'freeswitch-hook',
  look: (seen) => {
    for (const folder of folders) {
      const file = join(seen.root, folder, 'autoload_configs/lua.conf.xml');
      const text = textOf(file);
      if (text === '') continue;
      const isOn = /<hook\s[^>]*PHONE_FEATURE_SUBSCRIBE[^>]*>/.test(active(text));
      return optionsOf(seen).flatMap(({ features, mode }) => {
        if (features === 'fusionpbx' && !isOn) {
          const fix = `take the comment signs off the line with feature_event in ${file}, then fs_cli -x 'reload mod_lua'`;
          return [broken("FusionPBX's hook feature_event is off: features cannot be set", fix)];
        }
        if (mode === 'native' && isOn) {
          const fix = `comment the line out in ${file}, fs_cli -x 'reload mod_lua', and start Lamplighter anew; or write mode: observe`;
          return [broken("mode: native, and FusionPBX's hook feature_event answers the phones as well", fix)];
        }
        return [];
      });
    }
    return [];
  },
};

/** Without its comments. */
function active(xml: string): string {
  return xml.replace(/<!--[\s\S]*?-->/g, '');
}

function xmlIn(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return names
      .filter((name) => name.endsWith('.xml'))
      .slice(0, mostFiles)
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}
