import { type Chapter, notHere, otherwise, same } from './row.ts';

const dfks = 'test/flows/prior-systems.test.ts';
const lamps = 'test/flows/prior-systems-lamps.test.ts';
const subscribe = 'test/notifier/subscribe.test.ts';
const answers = 'test/notifier/answers.test.ts';
const rpc = 'test/ops/rpc.test.ts';
const hooks = 'test/flows/hooks.test.ts';
const hookRules = 'test/flows/hook-rules.test.ts';
const parse = 'test/hooks/parse.test.ts';

const presenceDfks: Chapter = {
  title: 'OpenSIPS presence_dfks',
  rows: [
    same(
      '`Event: as-feature-event`, `application/x-as-feature-event+xml`, `multipart/mixed`',
      'the same, a boundary of its own in each',
      {
        [dfks]: ['every multipart has a boundary of its own (OpenSIPS presence_dfks: OSS-unique-boundary-42 for ever)'],
      },
    ),
    same('`get_route` dfks_get', '`hooks`, the question `get`: [hooks.md](hooks.md)', {
      [hookRules]: ['the first NOTIFY tells what get says, and so does the API'],
    }),
    same('`set_route` dfks_set', '`hooks`, the question `set`', {
      [hooks]: [
        "refuses a phone's key: the phone is told that nothing changed, and the trail says why",
        'keeps a feature in a store of its own, which every phone of the user is shown',
      ],
    }),
    same('`$dfks(presentity)`, `$dfks(feature)`', '`presentity`, `feature` of a question', {
      [parse]: [
        'a question has the fields of $dfks: presentity, feature, status, value/forwardTo, value/ringCount, param',
      ],
    }),
    same('`$dfks(status)`', '`status`, read and written', {
      [hookRules]: ["status = 0 in set, as in the manual of OpenSIPS: the phone's lamp goes back"],
    }),
    same(
      '`$dfks(value/forwardTo)`, `$dfks(value/ringCount)`',
      '`value/forwardTo`, `value/ringCount`, read and written',
      {
        [parse]: ['an answer is read in the words of $dfks, nested or with a slash, with 0 and 1 or false and true'],
        'test/commands/hook.test.ts': ['a hook that changes status or values changes what the PBX is asked for'],
      },
    ),
    same('`$dfks(param)`', '`param`', {
      [hooks]: ['gets the word of the RPC, and changes where a forward leads; every phone is told'],
    }),
    same('`$dfks(assigned)`', '`assigned`, of `get`, of `set`, or as a question of its own', {
      [hooks]: ['hides a feature: the phone is not told of it, and a wish for it is refused'],
    }),
    same('`$dfks(notify)`', '`notify`; the phone that asked is told all the same (RFC 6665 4.2.1.2)', {
      [hookRules]: ['notify: false: the asking phone is told, the other one is not, and the lamp is'],
    }),
    same('MI `presence_dfks:set_feature`, `dfks_set_feature`', 'the same at `POST /rpc`: [rpc.md](rpc.md)', {
      [rpc]: [
        "OpenSIPS's set_feature takes its parameters by both of its names, in each form they are written in",
        'what OpenSIPS takes, guesses or dies of is -32602 or -32001 here, and nothing is wished',
      ],
    }),
    otherwise('limits: 16 features, 8 values', 'eight Sets in a request, 8 kB, 400 or 413 beyond', {
      [dfks]: [
        'fifty Sets in one request are answered 400 and the daemon lives (OpenSIPS: 60 values overrun an array of 8 and crash the process)',
      ],
    }),
  ],
};

const presence: Chapter = {
  title: 'OpenSIPS presence and presence_dialoginfo, where they differ from Kamailio',
  rows: [
    otherwise('`max_expires_subscribe` 3600', 'of each package ([packages.md](packages.md))', {
      [subscribe]: ['E65-03, E65-04: no Expires gets the default of the package, and 200 says what was granted'],
    }),
    same('`max_expires_publish` 3600', '`publish.maxExpires`, `publish.minExpires`', {
      'test/flows/publish.test.ts': [
        'P39-04: too brief is 423 with Min-Expires, as long as can be written is cut; nonsense is 400',
      ],
    }),
    otherwise(
      '`contact_user` presence',
      'Contact has the user `lamplighter`, and leads to the flow the phone came by',
      {
        'test/flows/conformance-events.test.ts': [
          'E65-31: the Contact of a 200 and of each NOTIFY is one SIP URI with a user that leads back to us',
        ],
      },
    ),
    same('`force_single_dialog` 0', '`dialogs: single` of a phone profile', {
      [lamps]: [
        'a phone that takes one dialog is shown the ringing one of all calls (Kamailio: the sum of ranks, and only over several publications; OpenSIPS: a talking one hides it)',
      ],
    }),
    same('`mix_dialog_presence` 0', 'always: presence is made of calls, too', {
      'test/flows/presence.test.ts': [
        'P38-03: presence follows a call, do not disturb and the registration of a phone',
      ],
    }),
    same(
      '`notify_offline_body` 0; presence_xml `generate_offline_body` 1',
      'always: a user without a phone is `closed`',
      {
        [lamps]: [
          'a phone that is not registered is known to be away, under do not disturb too (Asterisk with the hints of FreePBX: idle)',
        ],
      },
    ),
    otherwise('`end_sub_on_timeout` 1', '`notifyTimeouts` of a phone profile', {
      [answers]: ['E65-15: a profile may drop at the first timeout, and an answer forgets the timeouts before it'],
    }),
    notHere('`waiting_subs_daysno` 3', 'nobody waits for approval: who may watch is settled when he asks'),
    notHere('`bla_presentity_spec`, `bla_fix_remote_target` 1', 'shared lines (BLA) belong to the PBX'),
    notHere(
      '`fallback2db` 0, `cluster_id`, `cluster_federation_mode`, `cluster_be_active_shtag`, `cluster_pres_events`',
      'one process with one file: there is no cluster',
    ),
    same('MI `presence:refresh_watchers`, `refreshWatchers`', 'the same at `POST /rpc`', {
      [rpc]: ['the watchers of a user are told again by the names of both systems'],
    }),
    same('MI `presence:subs_phtable_list`, `presence:phtable_list`, `pres_phtable_list`', 'the same at `POST /rpc`', {
      [rpc]: [
        'subscriptions and users are listed by the names of both systems, with wildcards and patterns that cannot hang',
      ],
    }),
    otherwise('MI `presence:cleanup`', 'the same at `POST /rpc`; there is nothing to clean', {
      [rpc]: [
        'subscriptions and users are listed by the names of both systems, with wildcards and patterns that cannot hang',
      ],
    }),
    same(
      '`E_PRESENCE_EXPOSED`, MI `presence:expose`, `pres_expose`',
      'the question `notify` of hooks; `/rpc`; `GET /api/v1/events`',
      {
        [rpc]: [
          'subscriptions and users are listed by the names of both systems, with wildcards and patterns that cannot hang',
        ],
        'test/ops/events.test.ts': [
          'every change is one data line that names the extension and holds it, in order, to every client',
        ],
      },
    ),
  ],
};

export const opensips: readonly Chapter[] = [presenceDfks, presence];
