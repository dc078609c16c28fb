import { broken, type Check, fine, odd, type Remark } from '../../../src/model/check.ts';
import { Fault } from '../../../src/model/errors.ts';
import { isProfile } from '../registrations.ts';
import type { FreeswitchSeen } from './seen.ts';

/** The oldest release whose events and answers are known here. */
const oldest = [1, 10] as const;

/** Whether Lamplighter knows this FreeSWITCH. Says nothing where the account may not ask. */
export const freeswitchVersion: Check<FreeswitchSeen> = {
  name: 'freeswitch-version',
  look: async ({ esl }) => {
    if (esl instanceof Fault) return [];
    const text = await esl.link.api('version').catch((error: unknown) => {
      if (error instanceof Fault && error.code === 'pbx-refused') return '';
      throw error;
    });
    const [, major, minor] = /FreeSWITCH Version (\d+)\.(\d+)/i.exec(text) ?? [];
    if (major === undefined || minor === undefined) return [];
    const [first = text] = text.split('\n');
    const isOld = Number(major) < oldest[0] || (Number(major) === oldest[0] && Number(minor) < oldest[1]);
    if (!isOld) return [fine(first)];
    return [
      odd(`${first} is older than Lamplighter is made for`, `upgrade to FreeSWITCH ${oldest.join('.')} or later`),
    ];
  },
};

/** Phones register with a profile that runs. */
export const sofiaProfiles: Check<FreeswitchSeen> = {
  name: 'sofia-profiles',
  look: async ({ esl, options }) => {
    if (esl instanceof Fault) return [];
    const remarks: Remark[] = [];
    for (const profile of options.profiles) {
      const xml = await esl.link.api('sofia', `xmlstatus profile ${profile} reg`).catch((error: unknown) => {
        if (error instanceof Fault && error.code === 'pbx-refused') return null;
        throw error;
      });
      if (xml === null || isProfile(xml)) continue;
      const fix = `correct profiles of the PBX; fs_cli -x 'sofia status' lists those that run, 'sofia profile ${profile} start' starts it`;
      remarks.push(broken(`the sofia profile ${profile} does not run: no phone is registered there`, fix));
    }
    return remarks;
  },
};

/** A row of our own, written, read and taken away again: where features live. FusionPBX has its own place. */
export const featureHome: Check<FreeswitchSeen> = {
  name: 'feature-home',
  look: async ({ esl, options }) => {
    const { features } = options;
    if (esl instanceof Fault || features === 'fusionpbx' || options.mode === 'observe') return [];
    const row = 'lamplighter/probe';
    const say = async (args: string): Promise<string> => (await esl.link.api(features, args)).trim();
    try {
      await say(`insert/${row}/true`);
      const read = await say(`select/${row}`);
      await say(`delete/${row}`);
      if (read === 'true') return [fine(`features are kept in mod_${features}: a row of our own was read back`)];
      const disk =
        features === 'db' ? 'see that the disk of FreeSWITCH is not full and its db folder is writable; ' : '';
      return [
        broken(
          `mod_${features} does not keep what is written: it answered '${read}'`,
          `${disk}fs_cli -x 'load mod_${features}'`,
        ),
      ];
    } catch (error) {
      // esl-rights says which command
      if (error instanceof Fault && error.code === 'pbx-refused') return [];
      throw error;
    }
  },
};

/** In mode native nobody else may answer the phones. */
export const nativeHook: Check<FreeswitchSeen> = {
  name: 'native-hook',
  look: ({ silenced }) =>
    silenced
      ? [
          broken(
            'mode: native, and another script tells phones their features too: Lamplighter only observes since it heard it',
            "take FusionPBX's feature_event hook out of lua.conf.xml and start Lamplighter anew, or write mode: observe",
          ),
        ]
      : [],
};
