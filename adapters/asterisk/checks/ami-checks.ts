import { broken, type Check, fine, odd, type Remark, someOf } from '../../../src/model/check.ts';
import { Fault } from '../../../src/model/errors.ts';
import { comes, type Heard } from '../../open-once.ts';
import type { AmiEvent } from '../events.ts';
import { isProbe, probeDevice } from '../probe-device.ts';
import type { AskedAmi, AsteriskSeen, Shut } from './seen.ts';

const reload = "then asterisk -rx 'manager reload'";

/** Whether AMI answers, and lets us in. */
export const ami: Check<AsteriskSeen> = {
  name: 'ami',
  look: ({ ami: it, amiShut, options }) => {
    const settings = options.ami;
    if (it === null || settings === undefined) {
      return [
        odd(
          'AMI is not configured: features cannot be read or set, mailboxes and registrations are seen late or not at all',
          'give the PBX an ami in the configuration, and manager.conf an account (config/asterisk/manager.conf)',
        ),
      ];
    }
    const { host, port, username } = settings;
    if (amiShut !== null) return [shut(amiShut, `${host}:${port}`, username)];
    if (!(it instanceof Fault)) return [fine(`AMI answers at ${host}:${port}, and lets ${username} in`)];
    if (it.code === 'pbx-refused') {
      return [
        broken(
          `AMI at ${host}:${port} does not let ${username} in: wrong user name or password, or its deny and permit keep this host out`,
          letIn(username),
        ),
      ];
    }
    return [
      broken(
        it.message,
        `start Asterisk; in manager.conf [general] enabled = yes, with the bindaddr and port of ami.host and ami.port; ${reload}`,
      ),
    ];
  },
};

function letIn(username: string): string {
  return `in manager.conf under [${username}] the secret of ami.passwordFile, and permit = ADDRESS OF THIS HOST/255.255.255.255 below deny; ${reload}. Asterisk's log says which it was ("failed to authenticate" or "failed to pass IP ACL")`;
}

/** The session that runs goes on, whatever has changed behind it; the next will not. */
function shut({ fault, inUse }: Shut, where: string, username: string): Remark {
  const next = 'the running session lives on, but after the next restart of Asterisk or of Lamplighter';
  if (inUse) {
    return odd(
      `AMI at ${where} lets ${username} in once only (allowmultiplelogin = no): whether his password and rights are still good for a new session is not known, and after a broken line Asterisk keeps him out until it has noticed`,
      `in manager.conf [general] allowmultiplelogin = yes; ${reload}`,
    );
  }
  if (fault.code !== 'pbx-refused') {
    return broken(
      `AMI at ${where} takes no new session (${fault.message}): ${next} nothing works`,
      `in manager.conf [general] enabled = yes, with the bindaddr and port of ami.host and ami.port, and authlimit not too small; ${reload}`,
    );
  }
  return broken(
    `AMI at ${where} does not let ${username} in any more: his password, or deny and permit, have changed since; ${next} nothing works`,
    letIn(username),
  );
}

interface Need {
  readonly action: string;
  /** The class of manager.conf that gives it. */
  readonly right: 'system' | 'call' | 'reporting' | 'agent';
  /** What does not work without. */
  readonly loses: string;
}

/** What Lamplighter asks of AMI. Asterisk gives some of these for `system` too. */
const needs: readonly Need[] = [
  { action: 'DBPut', right: 'system', loses: 'features cannot be set' },
  { action: 'DBDel', right: 'system', loses: 'features cannot be turned off' },
  { action: 'PJSIPShowEndpoints', right: 'system', loses: 'extensions are not found' },
  { action: 'PJSIPShowContacts', right: 'system', loses: 'registrations are not seen' },
  { action: 'PJSIPShowAuths', right: 'system', loses: 'passwords of phones are not found' },
  { action: 'PJSIPNotify', right: 'system', loses: 'no check-sync, no push' },
  { action: 'Setvar', right: 'call', loses: "FreePBX's own lamps do not follow" },
  { action: 'Getvar', right: 'call', loses: 'calls without tags: no pickup by Replaces' },
  { action: 'DBGetTree', right: 'reporting', loses: 'features are not seen' },
  { action: 'DBGet', right: 'reporting', loses: 'features are not seen' },
  { action: 'CoreShowChannels', right: 'reporting', loses: 'calls of before a start are not seen' },
  { action: 'MailboxCount', right: 'reporting', loses: 'message lamps are dark after a start' },
  { action: 'ExtensionStateList', right: 'reporting', loses: 'lamps of hints are not found' },
  { action: 'QueueAdd', right: 'agent', loses: 'agents cannot log in' },
];

/** What the account may not do, by the right that is missing. */
export const amiRights: Check<AsteriskSeen> = {
  name: 'ami-rights',
  look: async ({ ami: it, ownAmi, options }) => {
    if (!isAskable(it)) return [];
    const denied = await deniedTo(it);
    if (denied === null) return [];
    const user = options.ami?.username ?? '';
    const rights = [...new Set(denied.map(({ right }) => right))];
    const remarks = rights.map((right) => remarkOf(right, user, denied));
    if (!it.readsSystem) remarks.push(unread(user));
    if (ownAmi !== null && ownAmi !== it) {
      const before = ((await deniedTo(ownAmi)) ?? []).filter((need) => !denied.includes(need));
      if (before.length > 0) remarks.push(tooOld(user, before));
    }
    return remarks.length > 0 ? remarks : [fine(`the AMI account ${user} has the rights it needs`)];
  },
};

/** null: it does not say. */
async function deniedTo(ami: AskedAmi): Promise<readonly Need[] | null> {
  const { fields, ok } = await ami.action('ListCommands');
  if (!ok) return null;
  const denied: Need[] = [];
  for (const need of needs) {
    if (fields[need.action] === undefined && (await isDenied(ami, need.action))) denied.push(need);
  }
  return denied;
}

/** Rights that were given later: Asterisk gives them to the next session. */
function tooOld(user: string, denied: readonly Need[]): Remark {
  const what = someOf(denied.map(({ action }) => action));
  return odd(
    `the AMI account ${user} may use ${what} by now, but the running session logged in before that, and may not`,
    'systemctl restart lamplighter: it logs in anew, and phones notice nothing',
  );
}

/** An action without its parameters does nothing: it is denied, unknown, or asks for them. */
async function isDenied(ami: AskedAmi, action: string): Promise<boolean> {
  const { ok, message } = await ami.action(action);
  return !ok && /permission denied/i.test(message);
}

function remarkOf(right: Need['right'], user: string, denied: readonly Need[]): Remark {
  const those = denied.filter((need) => need.right === right);
  const what = someOf(those.map(({ action }) => action));
  const loses = someOf([...new Set(those.map((need) => need.loses))], 3);
  const text = `the AMI account ${user} may not use ${what} (${right}): ${loses}`;
  const fix = `in manager.conf under [${user}] add ${right} to read and to write; ${reload}`;
  // who has no queues needs no agents
  return right === 'agent' ? odd(text, `${fix}. Not needed without queues`) : broken(text, fix);
}

function unread(user: string): Remark {
  return odd(
    `AMI did not tell ${user} of its own start: he does not read the class system, so registrations are seen late`,
    `in manager.conf under [${user}] read = system,call,reporting; ${reload}`,
  );
}

/** A device state of our own, set and seen again: what phones' lamps live on. Nothing of it stays. */
export const amiEvents: Check<AsteriskSeen> = {
  name: 'ami-events',
  look: async ({ ami: it, ownAmi, clock, options }) => {
    if (!isAskable(it)) return [];
    const sessions = ownAmi === null || ownAmi === it ? [it] : [it, ownAmi];
    const told = new Set<AskedAmi>();
    const set = (state: string) =>
      it.action('Setvar', [
        ['Variable', `DEVICE_STATE(${probeDevice})`],
        ['Value', state],
      ]);
    const isOurs = (event: Readonly<Record<string, string | undefined>>) =>
      event['Event'] === 'DeviceStateChange' && isProbe(event['Device'] ?? '');
    let refused: string | null = null;
    let came: unknown;
    try {
      came = await comes(
        noting(sessions, isOurs, told),
        clock,
        () => told.size === sessions.length,
        async () => {
          // two different ones: of a state that stays as it is nobody is told
          for (const state of ['NOT_INUSE', 'INUSE']) {
            const { ok, message } = await set(state);
            if (!ok) refused = message;
            if (!ok) return;
          }
        },
      );
    } finally {
      await set('NOT_INUSE');
      await it.action('DBDel', [
        ['Family', 'CustomDevstate'],
        ['Key', probeDevice.replace('Custom:', '')],
      ]);
    }
    if (refused !== null && /permission denied/i.test(refused)) return []; // ami-rights says it
    if (refused !== null) {
      return [broken(`Asterisk sets no device state: ${refused}`, "asterisk -rx 'module load func_devstate.so'")];
    }
    if (came !== null) return [fine('events arrive from AMI: a device state of our own came back')];
    if (told.has(it)) {
      return [
        broken(
          'a device state that was set came to a new session, but not to the running one: it logged in before the account was allowed to read events, or hangs; lamps stand still',
          'systemctl restart lamplighter: it logs in anew',
        ),
      ];
    }
    const user = options.ami?.username ?? '';
    return [
      broken(
        'a device state that was set did not come back: no events arrive from AMI, and lamps stand still',
        `in manager.conf under [${user}] read = system,call,reporting, and no eventfilter that takes DeviceStateChange away; ${reload}`,
      ),
    ];
  },
};

/** All of them as one; who has told what is looked for is noted before it is passed on. */
function noting(
  sessions: readonly AskedAmi[],
  fits: (event: AmiEvent) => boolean,
  told: Set<AskedAmi>,
): Heard<AmiEvent> {
  return {
    hear: (listener) => {
      const stops = sessions.map((session) =>
        session.hear((event) => {
          if (fits(event)) told.add(session);
          listener(event);
        }),
      );
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

export function isAskable(ami: AsteriskSeen['ami']): ami is AskedAmi {
  return ami !== null && !(ami instanceof Fault);
}
