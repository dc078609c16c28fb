import { broken, type Check, fine, odd, type Remark } from '../../../src/model/check.ts';
import { sleep } from '../../../src/model/clock.ts';
import { Fault } from '../../../src/model/errors.ts';
import { comes } from '../../open-once.ts';
import type { EslLink } from '../esl/esl-link.ts';
import type { EslEvent } from '../esl-event.ts';
import type { FreeswitchOptions } from '../options.ts';
import { markOf, sendProbe } from './presence.ts';
import type { FreeswitchSeen } from './seen.ts';

const account = 'conf/directory/default/lamplighter.xml (config/freeswitch/lamplighter.xml), then fs_cli -x reloadxml';

/** Whether the event socket answers, and lets us in. */
export const esl: Check<FreeswitchSeen> = {
  name: 'esl',
  look: ({ esl: it, options }) => {
    const { host, port, user } = options.esl;
    if (!(it instanceof Fault)) return [fine(`the event socket answers at ${host}:${port}, and lets us in`)];
    if (it.code === 'pbx-refused') {
      const fix = /apply-inbound-acl/.test(it.message)
        ? 'in event_socket.conf.xml let apply-inbound-acl allow this host (without the line loopback alone may), then fs_cli -x "reload mod_event_socket"'
        : `the password of esl.passwordFile must be ${user === undefined ? 'that of event_socket.conf.xml' : `the esl-password of ${user}`}, and his esl-allowed-events all of them: ${account}`;
      return [broken(it.message, fix)];
    }
    return [
      broken(
        it.message,
        'start FreeSWITCH; load mod_event_socket, and in event_socket.conf.xml give it the listen-ip and listen-port of esl.host and esl.port',
      ),
    ];
  },
};

interface Need {
  readonly command: string;
  readonly args: string;
  readonly loses: string;
  /** Whose word it is. */
  readonly module: string;
  /** Less may be meant. */
  readonly level?: 'warn';
}

/** What Lamplighter asks; none of these changes anything. */
function needs({ features, profiles }: FreeswitchOptions): readonly Need[] {
  const [profile = 'internal'] = profiles;
  const home: Need =
    features === 'fusionpbx'
      ? { command: 'sofia_contact', args: '*/0@invalid', loses: 'features cannot be set', module: 'mod_sofia' }
      : { command: features, args: 'select/lamplighter/0', loses: 'features are not found', module: `mod_${features}` };
  return [
    home,
    {
      command: 'show',
      args: 'channels as json',
      loses: 'calls of before a start are not seen',
      module: 'mod_commands',
    },
    { command: 'uuid_dump', args: '0 json', loses: 'calls of before a start are not seen', module: 'mod_commands' },
    {
      command: 'sofia',
      args: `xmlstatus profile ${profile} reg`,
      loses: 'registrations are not seen',
      module: 'mod_sofia',
    },
    {
      command: 'user_data',
      args: '0@invalid param password',
      loses: 'phones cannot prove themselves',
      module: 'mod_commands',
    },
    {
      command: 'list_users',
      args: 'user 0',
      loses: 'extensions are found late',
      module: 'mod_commands',
      level: 'warn',
    },
    {
      command: 'global_getvar',
      args: 'core_uuid',
      loses: 'a restart is noticed late',
      module: 'mod_commands',
      level: 'warn',
    },
    {
      command: 'vm_boxcount',
      args: '0@invalid|all',
      loses: 'message lamps are dark after a start',
      module: 'mod_voicemail',
      level: 'warn',
    },
  ];
}

/** What the account may not ask, and which module nobody loaded. */
export const eslRights: Check<FreeswitchSeen> = {
  name: 'esl-rights',
  look: async ({ esl: it, options }) => {
    if (it instanceof Fault) return [];
    const remarks: Remark[] = [];
    const user = options.esl.user ?? 'the event socket';
    for (const { command, args, loses, module, level } of needs(options)) {
      const say = level === 'warn' ? odd : broken;
      const state = await stateOf(it.link, command, args);
      if (state === 'denied') {
        remarks.push(say(`${user} may not use ${command}: ${loses}`, `name ${command} in esl-allowed-api: ${account}`));
      }
      if (state === 'absent') {
        const load = `fs_cli -x 'load ${module}', and name it in modules.conf.xml`;
        remarks.push(say(`FreeSWITCH has no command ${command}: ${loses}`, load));
      }
    }
    return remarks.length > 0 ? remarks : [fine('the account may ask all it needs, and the modules for it are loaded')];
  },
};

async function stateOf(link: EslLink, command: string, args: string): Promise<'there' | 'denied' | 'absent'> {
  try {
    const text = await link.api(command, args);
    return /^-ERR .*command not found/i.test(text) ? 'absent' : 'there';
  } catch (error) {
    if (error instanceof Fault && error.code === 'pbx-refused') return 'denied';
    throw error;
  }
}

/** Others have this long to answer a probe; milliseconds. */
const othersMs = 700;
/** Apart by more than this, times in logs and lamps cannot be compared; seconds. */
const mostApart = 5;

/** An event of our own, sent to all who listen, must come back; others who hear it say that they are there. */
export const eslEvents: Check<FreeswitchSeen> = {
  name: 'esl-events',
  look: async ({ esl: it, clock, mark, options }) => {
    if (it instanceof Fault) return [];
    const others = new Set<string>();
    const stop = it.hear((event) => {
      const who = markOf(event);
      if (who !== null && who !== mark) others.add(who);
    });
    try {
      const sent = clock.now();
      const came = await comes(
        it,
        clock,
        (event) => markOf(event) === mark,
        () => sendProbe(it.link, mark),
      );
      if (came === null) {
        const whose = options.esl.user === undefined ? 'the account' : options.esl.user;
        return [
          broken(
            'an event that was sent did not come back: lamps stand still',
            `esl-allowed-events of ${whose} must name CUSTOM and lamplighter::changed: ${account}`,
          ),
        ];
      }
      await sleep(clock, othersMs);
      return [fine('events arrive: one of our own came back'), ...apart(came, sent), ...company(others.size)];
    } finally {
      stop();
    }
  },
};

function apart(event: EslEvent, sent: number): readonly Remark[] {
  const theirs = Number(event['Event-Date-Timestamp']) / 1000;
  const seconds = Math.round((theirs - sent) / 1000);
  if (!(theirs > 0) || Math.abs(seconds) <= mostApart) return [];
  return [
    odd(
      `the clock of the PBX is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} the one of this host`,
      'let both follow the same time server: timedatectl set-ntp true',
    ),
  ];
}

function company(count: number): readonly Remark[] {
  if (count === 0) return [];
  return [
    odd(
      `${count === 1 ? 'another Lamplighter listens' : `${count} other Lamplighters listen`} to this FreeSWITCH`,
      'right where it was meant so: all write the same features. Else stop the others',
    ),
  ];
}
