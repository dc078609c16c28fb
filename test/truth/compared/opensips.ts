import { type Chapter, notHere, otherwise, same } from './row.ts';

const dfks = 'test/flows/prior-systems.test.ts';
const lamps = 'test/flows/prior-systems-lamps.test.ts';
const subscribe = 'test/notifier/subscribe.test.ts';
const answers = 'test/notifier/answers.test.ts';
const routes = 'test/ops/routes.test.ts';

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
    /* HOOKS */
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
    /* MAX_EXPIRES_PUBLISH */
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
    same('MI `refresh_watchers`', '`POST /api/v1/subscriptions/{id}/renotify`', {
      [routes]: ['subscriptions are listed, told again, removed; unknown ones are 404'],
    }),
    same('MI `subs_phtable_list`', '`GET /api/v1/subscriptions`', {
      [routes]: ['subscriptions are listed, told again, removed; unknown ones are 404'],
    }),
    /* MI */
    same('`E_PRESENCE_EXPOSED`, MI `expose`', '`GET /api/v1/events` and the list of extensions', {
      'test/ops/events.test.ts': [
        'every change is one data line that names the extension and holds it, in order, to every client',
      ],
    }),
  ],
};

export const opensips: readonly Chapter[] = [presenceDfks, presence];
