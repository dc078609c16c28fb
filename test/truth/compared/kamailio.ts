import { type Chapter, notHere, otherwise, same } from './row.ts';

const keys = 'test/flows/feature-keys.test.ts';
const dfks = 'test/flows/prior-systems.test.ts';
const lamps = 'test/flows/prior-systems-lamps.test.ts';
const restarts = 'test/flows/prior-systems-restart.test.ts';
const dialog = 'test/event-packages/dialog/dialog.test.ts';
const subscribe = 'test/notifier/subscribe.test.ts';
const routes = 'test/ops/routes.test.ts';
const rpc = 'test/ops/rpc.test.ts';
const profiles = 'test/flows/ua-profile.test.ts';
const lists = 'test/flows/lists.test.ts';
const answers = 'test/notifier/answers.test.ts';
const usage = 'test/notifier/dialog-usage.test.ts';
const outbox = 'test/notifier/outbox.test.ts';

const presenceDfks: Chapter = {
  title: 'Kamailio presence_dfks',
  rows: [
    same('`Event: as-feature-event`', 'the package of that name', {
      [keys]: ['a phone that subscribes is answered 200 and told all four features, over UDP in datagrams that fit'],
    }),
    same('`application/x-as-feature-event+xml`', 'the same; several features also as `multipart/mixed`', {
      [keys]: ['over TCP the four features come in one multipart NOTIFY'],
    }),
    same(
      '`SetDoNotDisturb`, `SetForwarding`',
      'the same, `ringCount` included, judged by the policy and put to the PBX',
      {
        [keys]: ['a DND key on one phone changes the PBX and lights every phone of the user, and nobody else'],
        [dfks]: ['the ring count of a forward on no answer is kept and told (Kamailio: dropped)'],
      },
    ),
    otherwise('expires 3600, fixed', 'granted up to 3600 s; what is set never expires: it is in the PBX', {
      [dfks]: [
        'a phone that comes late gets the last value of all four features (Kamailio: one publication of an hour, the oldest in memory mode, and DND lost behind a forward)',
      ],
    }),
    otherwise(
      '`pua` and its `outbound_proxy`, for publications to itself',
      'nothing to set up: a key is put to the PBX, and told to all phones',
      {
        [dfks]: [
          'a DND key earns each phone one NOTIFY with the new value, CSeqs without a gap (Kamailio: two to the sender, the first with the old value; OpenSIPS: its CSeq skips one)',
        ],
      },
    ),
  ],
};

const presenceDialoginfo: Chapter = {
  title: 'Kamailio presence_dialoginfo',
  rows: [
    same('`Event: dialog`, `application/dialog-info+xml`', 'the package `dialog`, from the PBX’s own calls', {
      'test/flows/lamps.test.ts': [
        'a lamp follows a call: dark, ringing, busy, held by the side that pressed hold, busy, dark',
      ],
    }),
    same(
      '`force_single_dialog` 0',
      '`dialogs: single` of a phone profile, with `rank: [early, confirmed, proceeding, trying]` for its order',
      {
        [dialog]: ['is the only one in the document, even when another winner was shown: SPA962 stops on several'],
        'test/config/load.test.ts': [
          'a profile names the order in which a phone of one lamp chooses, and how it takes a call; the rest is as usual',
        ],
        [lamps]: [
          'a phone that takes one dialog is shown the ringing one of all calls (Kamailio: the sum of ranks, and only over several publications; OpenSIPS: a talking one hides it)',
        ],
      },
    ),
    same('`force_dummy_dialog` 0', '`idleAtSubscribe: dummy` (the default) and `idleAtEnd: dummy` of a phone profile', {
      [dialog]: ['is the constant dummy where the profile wants that, as Kamailio with force_dummy_dialog'],
    }),
    otherwise('`default_expires` 3600', '3600 s where a phone names none, and at most', {
      'test/flows/conformance-dialog.test.ts': [
        'D42-02: all dialogs of an extension are granted 3600 s where nothing is asked, one dialog alone too',
      ],
    }),
  ],
};

const presenceProfile: Chapter = {
  title: 'Kamailio presence_profile',
  rows: [
    same('`Event: ua-profile`', 'the package of that name ([profiles.md](profiles.md))', {
      [profiles]: [
        'U60-01: a phone gets the document of its model from a file, with effective-by, and a day by default',
      ],
    }),
    same('`default_expires` 3600', '`profiles.defaultExpires` 86400', {
      'test/event-packages/ua-profile/ua-profile.test.ts': ["has the interval of the RFC, or the admin's"],
    }),
    otherwise(
      'parameters of Event: 489 for any',
      '`profile-type`, `vendor`, `model`, `version`, `effective-by` choose the document',
      {
        [profiles]: ['whatever stands in the parameters of Event is a value, is kept short, and harms nobody'],
      },
    ),
    same(
      '`text/xml`, published as it is',
      'documents of any type, from files or by `PUT /api/v1/profiles/{type}/{name}`',
      {
        'test/ops/profiles.test.ts': [
          'a document is put as it is, answered with its tag, read as it was, listed and deleted',
        ],
      },
    ),
    same('effective-by', '`profiles.effectiveBy`, or `?effectiveBy=` of one document', {
      'test/event-packages/ua-profile/ua-profile.test.ts': [
        'is of the type it has, with its parameters, and says by when it counts',
      ],
    }),
  ],
};

const presence: Chapter = {
  title: 'Kamailio presence, which all of them stand on',
  rows: [
    otherwise(
      '`db_url`, `presentity_table`, `active_watchers_table`, `watchers_table`',
      '`store.path`: one SQLite file, its tables made by itself',
      {
        'test/store/sqlite-store.test.ts': [
          'a database of the first schema is brought up to date: rows and limits are kept, and a copy is left beside it',
        ],
      },
    ),
    otherwise(
      '`subs_db_mode` 2, `db_update_period` 100, `publ_cache` 1, `fetch_rows`, `db_table_lock_type`',
      'one mode: memory serves, births and deaths are on disk before the 200, the rest 50 ms later',
      {
        [restarts]: [
          'a subscription whose 200 has been sent survives kill -9 in the same moment (Kamailio write-back, OpenSIPS: lost, and nobody is told)',
        ],
      },
    ),
    otherwise('`clean_period` 100, `timer_mode`', 'exact timers', {
      [restarts]: [
        'a subscription that lapses is told so when it does (Kamailio and OpenSIPS: nothing within 9 s, the timer looks every 100 s)',
      ],
    }),
    otherwise(
      '`waitn_time` 5, `notifier_processes` 1, `notifier_poll_rate` 10, `send_fast_notify` 1, `pres_subs_mode`',
      'the first change at once, later ones at the pace of the profile (`notifyMinIntervalMs`), the last one always',
      {
        [outbox]: [
          'the first change is told at once, the next not before a second has passed, and then the last state (D42-05)',
        ],
      },
    ),
    otherwise(
      '`max_expires` 3600, `min_expires` 0, `min_expires_action` 1',
      'limits of each package ([packages.md](packages.md)), 423 with Min-Expires below',
      {
        [subscribe]: ['E65-06: 423 with Min-Expires only where 0 < asked < 3600 and asked < the minimum'],
      },
    ),
    otherwise('`expires_offset` 0', '`sip.expirySpread`: what is granted is the time there is', {
      [subscribe]: [
        'E65-04: granted intervals are spread downward, never above what was asked nor below the minimum, short ones exact',
      ],
    }),
    same('`server_address`, `default_socket`', '`sip.advertise`, `sip.listen`', {
      'test/config/advertise.test.ts': ['sip.advertise is a host name or an address, with or without a port'],
    }),
    otherwise('`sip_uri_match` 0', 'users by letter case, hosts without (RFC 3261 19.1.4)', {
      'test/flows/subscription-rules.test.ts': ['user names are case-sensitive and percent-escapes are undone once'],
    }),
    otherwise('`subs_respond_200` 1', 'always 200, never 202', {
      'test/flows/conformance-events.test.ts': [
        'E65-08: a SUBSCRIBE is answered 200 at first, at a refresh, at an unsubscribe and at a fetch, never 202',
      ],
    }),
    otherwise('`timeout_rm_subs` 1', '`notifyTimeouts` of a phone profile', {
      [answers]: [
        'E65-15: unanswered NOTIFYs are forgiven as often as the profile says, with the newest state, then it is dropped',
      ],
    }),
    otherwise(
      '`subs_remove_match` 0, `delete_same_subs` 0',
      'a phone that restarts takes the place of its old subscription',
      {
        [usage]: ['a phone that comes back with a new Call-ID replaces its subscription silently; other devices stay'],
      },
    ),
    otherwise('`cseq_offset` 0', 'numbers are reserved on disk before they are used', {
      [restarts]: [
        'after changes and kill -9 strict phones accept every NOTIFY: CSeq and version only grow (Kamailio write-back, OpenSIPS: 4 of 5 with numbers the phone had seen)',
      ],
    }),
    notHere(
      '`subs_htable_size` 9, `pres_htable_size` 9, `startup_mode`, `force_delete`, `local_log_level`, `local_log_facility`, `xavp_cfg`',
      'tables grow by themselves; `log.level` is for all',
    ),
    otherwise('`retrieve_order` 0, `retrieve_order_by` priority', 'the order of calls is stable: oldest first', {
      [lamps]: [
        'the order of calls is stable and a refresh of one phone is told to no other (Kamailio: a refresh reorders and tells everybody)',
      ],
    }),
    notHere('`enable_sphere_check` 0', 'presence rules by place (RFC 4480 sphere) belong to XCAP, which is not served'),
    notHere(
      '`enable_dmq` 0, `enable_pres_dmq`, `enable_pres_sync_dmq`, `enable_subs_dmq`, `enable_subs_sync_dmq`, `skip_notify_dmq`, `dmq_peer_id`',
      'one process, which tells 10,000 watchers in 0.4 s: there is no cluster',
    ),
    otherwise('`handle_subscribe([uri])`', 'no script: each SUBSCRIBE that reaches a listener is served', {
      [keys]: ['a phone that subscribes is answered 200 and told all four features, over UDP in datagrams that fit'],
    }),
    otherwise(
      '`handle_publish([uri])`',
      'no script: each PUBLISH of whoever may ([publish.md](publish.md)) is served',
      {
        'test/flows/publish.test.ts': [
          'P39-01, P39-07: initial, refresh, modify and remove, each with a tag of its own; the lamp rings, is busy, goes out',
        ],
      },
    ),
    same(
      'publications of several sources in one document',
      'one full document with the PBX’s own calls, in the order they came',
      {
        'test/flows/publish.test.ts': [
          'P39-11: two publishers and the PBX stand in one document; who is equal again is silent, who leaves takes only his own',
        ],
      },
    ),
    otherwise(
      '`pres_auth_status(watcher, presentity)`',
      'settled when a phone asks: 403, or it may; `phones.pickup` for who may take calls',
      {
        [subscribe]: ['a package for owners answers 403 to everybody else, and one for the domain to other domains'],
      },
    ),
    same(
      '`pres_refresh_watchers(uri, event, type)`, `presence.refreshWatchers`',
      'the RPC at `POST /rpc` ([rpc.md](rpc.md)); `POST /api/v1/subscriptions/{id}/renotify`',
      {
        [rpc]: ['the watchers of a user are told again by the names of both systems'],
        [routes]: ['subscriptions are listed, told again, removed; unknown ones are 404'],
      },
    ),
    otherwise(
      '`pres_update_watchers`, `presence.updateWatchers`',
      'rights are settled with each SUBSCRIBE: there is no state to be updated; the RPC tells everything again',
      {
        [rpc]: ['the watchers of a user are told again by the names of both systems'],
        [subscribe]: ['an extension the PBX does not have is 404, but only for those who may ask'],
      },
    ),
    same('`pres_has_subscribers(uri, event)`', '`subscriptions` of `GET /api/v1/extensions/{ext}`', {
      [routes]: ['an extension is shown in the documented shape, without what is internal'],
    }),
    same(
      '`$subs(uri, pres_uri, event, event_id, watcher_username, status, reason, contact, expires, user_agent, …)`',
      'fields of `GET /api/v1/subscriptions`',
      {
        [subscribe]: ['the admin sees each subscription with its source, its last NOTIFY and the answer to it'],
      },
    ),
    same('`$notify_reply(…)`', '`lastNotifyAt`, `lastStatus` of `GET /api/v1/subscriptions`', {
      [subscribe]: ['the admin sees each subscription with its source, its last NOTIFY and the answer to it'],
    }),
    same('`presence.watcher_list`', '`GET /api/v1/subscriptions?ext=1001`', {
      [routes]: ['subscriptions are listed, told again, removed; unknown ones are 404'],
    }),
    same('`presence.presentity_list`, `presence.presentity_show`', 'the same at `POST /rpc`', {
      [rpc]: [
        'subscriptions and users are listed by the names of both systems, with wildcards and patterns that cannot hang',
      ],
    }),
    otherwise('`presence.cleanup`', 'the same at `POST /rpc`; there is nothing to clean', {
      [rpc]: [
        'subscriptions and users are listed by the names of both systems, with wildcards and patterns that cannot hang',
      ],
    }),
    notHere('`presence.publish_cache_sync`', 'there is one truth, and no cache beside it'),
  ],
};

const lampsOfOthers: Chapter = {
  title: 'Kamailio pua_dialoginfo: what a lamp says of a call',
  rows: [
    same('`include_localremote` 1', '`identities` of a phone profile', {
      [dialog]: ['that are withheld appear nowhere in the document'],
    }),
    same(
      '`include_callid` 1, `include_tags` 1',
      '`pickup: replaces` of a phone profile, for watchers who may (`phones.pickup`); nobody else is told',
      {
        'test/event-packages/dialog/pickup.test.ts': [
          "by Replaces names the dialog as the phone sees it: our local tag is the phone's remote one (RFC 3891, Snom)",
        ],
      },
    ),
    same('`caller_confirmed` 0', '`callerConfirmed` of a phone profile', {
      [dialog]: ['show the caller as busy at once, the callee as ringing: Cisco SPA flashes for callers'],
    }),
    same('`callee_trying` 0', '`trying: show` of a phone profile', { [dialog]: ['hide trying, or show it'] }),
    otherwise('`attribute_display` 0', 'names are always in the document where identities are', {
      [dialog]: ['with & and quotes in a name stay well-formed: FreeSWITCH prints them raw and the lamp stays dark'],
    }),
    otherwise(
      '`override_lifetime` 0',
      'a lamp follows the PBX for as long as a call lasts, and its end is read from the PBX each minute',
      {
        'test/flows/freeswitch.test.ts': [
          'connections that break in mid-call: the lamp is right again, whatever happened meanwhile',
        ],
      },
    ),
    otherwise('`use_uuid` 0', 'ids of dialogs are opaque, and are the same after a restart', {
      [lamps]: [
        'a call has an opaque id of its own, the same to its end (Asterisk: the extension; FreeSWITCH: the channel)',
      ],
    }),
    notHere(
      '`include_req_uri` 0, `publish_dialog_req_within`, `send_publish_flag`, `disable_caller_publish_flag`, `disable_callee_publish_flag`, `use_pubruri_avps`, `refresh_pubruri_avps_flag`, `pubruri_caller_avp`, `pubruri_callee_avp`, `pubruri_caller_dlg_var`, `pubruri_callee_dlg_var`, `local_identity_dlg_var`, `caller_entity_when_publish_disabled`, `callee_entity_when_publish_disabled`',
      'they say which calls a proxy makes known to itself; here calls come from the PBX, each with its extension',
    ),
  ],
};

const others: Chapter = {
  title: 'Kamailio presence_mwi, presence_xml, rls',
  rows: [
    otherwise(
      'presence_mwi: `default_expires` 3600, `application/simple-message-summary`',
      'the package `message-summary`, up to a day',
      {
        'test/flows/packages.test.ts': [
          'M38-01: the message lamp follows the mailbox: nothing, two new, heard, nothing',
        ],
      },
    ),
    same('presence_xml: `application/pidf+xml`, `default_expires` 3600', 'the package `presence`', {
      'test/flows/presence.test.ts': [
        'P38-03: presence follows a call, do not disturb and the registration of a phone',
      ],
    }),
    same(
      'presence_xml: `application/watcherinfo+xml`, `disable_winfo` 0',
      'the packages `presence.winfo` and `dialog.winfo`',
      {
        'test/flows/packages.test.ts': [
          'W38-01: who watches the lamp of a user is told to him: those there are, those who come, those who go',
        ],
      },
    ),
    same('presence_xml: `force_dummy_presence` 0', 'always: who says nothing himself is shown by his phones', {
      'test/flows/presence.test.ts': [
        'P38-03: presence follows a call, do not disturb and the registration of a phone',
      ],
    }),
    same(
      'rls: `multipart/related`, `application/rlmi+xml`, `rls_handle_subscribe`',
      'lists ([lists.md](lists.md)): of the configuration, of groups, of the PBX, or brought by the phone',
      {
        [lists]: ['a phone over TCP watches a list: all of it in one NOTIFY, then only what changes'],
      },
    ),
    same('rls: `application/resource-lists+xml` from XCAP', 'in the SUBSCRIBE itself (RFC 5367)', {
      [lists]: ['L53-01: a phone brings its list along; who is of another tenant or of nowhere is refused in it'],
    }),
    otherwise('rls: `max_notify_body_length`', 'the room of the transport: over UDP a list comes bit by bit', {
      [lists]: ['over UDP each NOTIFY fits a datagram, and together they make the list; a change is one more'],
    }),
    otherwise(
      'rls: `waitn_time` 50, `notifier_poll_rate`, `notifier_processes`',
      '`notifyMinIntervalMs` of the phone profile: what changed meanwhile is told together',
      {
        'test/notifier/lists.test.ts': [
          'L46-07: later only who changed is told, in the rhythm of the profile, and versions grow, inner ones too',
        ],
      },
    ),
    otherwise('rls: `rls_update_subs`, `rls_update_contact_subs`', 'members are read with each picture of the PBX', {
      'test/notifier/lists.test.ts': [
        'L46-03: who is in the list is told with all of the list when somebody comes or goes; a list that is gone sends its phones back',
      ],
    }),
    notHere(
      'rls: `db_url`, `xcap_db_url`, `db_mode`, `xcap_table`, `rlsubs_table`, `rlpres_table`, `clean_period`, `max_expires`, `expires_offset`, `hash_size`, `xcap_root`, `integrated_xcap_server`, `to_presence_code`, `rls_event`, `outbound_proxy`, `server_address`, `reload_*`',
      'no XCAP server, no back-end subscriptions: a list is one subscription of the notifier',
    ),
    same(
      'presence_xml: `force_presence_single_body` 0, `presence_single_body_priorities`, `presence_single_body_lookup_element`',
      'always one document: calls and do not disturb of the PBX first, then what was published',
      {
        'test/flows/publish.test.ts': [
          'presence with do not disturb sets the feature, its note is shown to others, and goes with it',
        ],
      },
    ),
    notHere(
      'presence_xml: `force_active` 0, `integrated_xcap_server` 0, `xcap_server`, `xcap_table`, `db_url`, `passive_mode` 0, `xcapauth_userdel_reason`, `disable_presence` 0, `disable_bla` 1, `disable_xcapdiff` 0, `application/xcap-diff+xml`',
      'no XCAP: rules are the domain’s, not the user’s; shared lines (BLA) belong to the PBX',
    ),
  ],
};

export const kamailio: readonly Chapter[] = [
  presenceDfks,
  presenceDialoginfo,
  presenceProfile,
  presence,
  lampsOfOthers,
  others,
];
