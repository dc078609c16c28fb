/** A line that tells of a change, with all its fields: what an admin may build on. */
export interface ChangeLine {
  readonly message: string;
  readonly level: 'debug' | 'info' | 'warn';
  readonly room: string;
  readonly about: string;
  readonly fields: Readonly<Record<string, string>>;
}

const origin = {
  by: '`phone`, `api`, `rpc`, `cli`, `pbx`, `simulator`, `hook`',
  who: 'the user, the name of the token, or that of the PBX',
  from: '`udp:192.0.2.1:5060` of a phone, the address of an HTTP client, null of a PBX',
  userAgent: 'what the phone or program calls itself; null: it does not say',
};

const feature = {
  aor: 'whose',
  feature: '`dnd`, `cfa`, `cfb`, `cfna`',
  old: '`off`, `on`, `on 1002`, `on 1002 after 4 rings`; `off (1002)`: off, and 1002 is remembered',
  new: 'as `old`: what the PBX holds now',
  ...origin,
};

const subscription = {
  id: 'as in the API',
  aor: 'what is watched',
  event: 'the package',
  watcher: 'who watches; null: a trusted source without a name',
  from: 'where NOTIFYs go',
  userAgent: 'the phone',
};

const moved = { aor: 'whose', old: 'null: not seen since the start', new: 'now' };

const admin = { who: 'the name of the token, or `local`', from: 'the address' };

/** What docs/logs.md promises; test/flows/change-lines.test.ts compares it with lines that were really written. */
export const changeLines: readonly ChangeLine[] = [
  {
    message: 'feature changed',
    level: 'info',
    room: 'changes',
    about: 'A feature is different, whoever changed it. The audit trail has the same.',
    fields: feature,
  },
  {
    message: 'feature stays: it was so already',
    level: 'debug',
    room: 'changes',
    about: 'A wish for what already was. Nobody asked the PBX.',
    fields: feature,
  },
  {
    message: 'wish not granted',
    level: 'info',
    room: 'commands',
    about: 'By the rules or by the PBX; at most 120 a minute for one user.',
    fields: {
      aor: 'whose',
      feature: '`dnd`, `cfa`, `cfb`, `cfna`, `agent`',
      decision: '`refused`: by the rules; `failed`: by the PBX',
      code: 'why, for programs',
      reason: 'why, for people',
      origin: '`kind`, `who`, `from`, `userAgent`, as above',
    },
  },
  {
    message: 'agent changed',
    level: 'info',
    room: 'changes',
    about: 'An agent was logged on or off, or went into a break, by a wish.',
    fields: { ...moved, ...origin },
  },
  {
    message: 'lamp changed',
    level: 'debug',
    room: 'changes',
    about: 'What the lamp of an extension shows. `ringing`, `talking`, `held`, `idle`.',
    fields: { ...moved, with: 'the numbers of the others' },
  },
  {
    message: 'phones changed',
    level: 'debug',
    room: 'changes',
    about: 'How many phones of an extension can be reached.',
    fields: moved,
  },
  {
    message: 'mailbox changed',
    level: 'debug',
    room: 'changes',
    about: 'New and old messages: `2/5`.',
    fields: moved,
  },
  {
    message: 'subscription began',
    level: 'debug',
    room: 'notifier',
    about: 'A phone watches something. Refreshes are not told.',
    fields: { ...subscription, expires: 'seconds granted' },
  },
  {
    message: 'subscription ended',
    level: 'info',
    room: 'notifier',
    about: 'At level debug where phones do so all day: `ended` and `replaced`.',
    fields: {
      ...subscription,
      cause:
        '`ended`: by the phone; `replaced`: it began anew; `expired`: it did not come back; `unanswered`, `refused`: by what it did with NOTIFYs; `removed`: by an admin; `gone`: there is nothing to watch any more',
      status: "the phone's last answer to a NOTIFY; 408: none; null: none was sent",
      seconds: 'how long it lived',
      notifies: 'how many it was sent since the start',
    },
  },
  {
    message: 'PBX link',
    level: 'info',
    room: 'changes',
    about:
      'At level warn where it goes down; at debug where it stays so, for another reason. Why a PBX is not reached at the start says the line with `pbx-unreachable`.',
    fields: {
      pbx: 'its name in the configuration',
      old: '`up`, `down`, `stale`: connected, not yet in step',
      new: 'as `old`',
      reason: 'why it is not up; null: it is',
    },
  },
  {
    message: 'admin act',
    level: 'info',
    room: 'ops',
    about:
      'Something was asked of the API that may change something. Features, agents, orders to phones, reloads and the log level have their own lines instead.',
    fields: {
      ...admin,
      role: '`operate`, `admin`',
      act: 'method and path as in `/openapi.json`',
      path: 'what stood in the path: `{"ext":"1001"}`',
      status: 'of the answer',
    },
  },
  {
    message: 'log level changed',
    level: 'warn',
    room: 'ops',
    about: 'By the API or `lamplighter log-level`.',
    fields: { old: 'the level before', new: 'the level now', seconds: 'for how long; null: for good', ...admin },
  },
];
