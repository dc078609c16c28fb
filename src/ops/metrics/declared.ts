/** One family of numbers at `/metrics`. docs/metrics.md is made of these, dashboard and alerts are compared with them. */
export interface Declared {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** One sentence for the admin; with the unit where the name does not say it. */
  readonly help: string;
  /** Names of the labels, in the order in which readers give their values. */
  readonly labels: readonly string[];
  /** What the labels can be, where it is a short list. */
  readonly values?: Readonly<Record<string, string>>;
}

const event = { event: 'the event package; `other`: none that is served' };
const fates =
  '`ok`; `timeout`: nobody answered; `unsent`: no way to the phone; `gone`: the phone does not know it any more; `refused`: another error; `overtaken`: not waited for';

/**
 * Everything `/metrics` tells, by name. No label holds anything of the network: extensions, addresses and what strangers
 * invent stay out, so that the number of series is bounded by the configuration.
 */
export const declared = {
  lamplighter_build_info: {
    type: 'gauge',
    help: 'Always 1; the versions are the labels.',
    labels: ['version', 'node'],
  },
  lamplighter_ready: {
    type: 'gauge',
    help: '1 while PBX links, store and listeners are up, as `/readyz` says.',
    labels: [],
  },

  lamplighter_subscriptions: {
    type: 'gauge',
    help: 'Living subscriptions of phones.',
    labels: ['event', 'transport'],
  },
  lamplighter_subscriptions_unanswered: {
    type: 'gauge',
    help: 'Living subscriptions whose last NOTIFY nobody answered.',
    labels: ['event', 'transport'],
  },
  lamplighter_subscriptions_begun_total: {
    type: 'counter',
    help: 'Subscriptions that began.',
    labels: ['event'],
  },
  lamplighter_subscriptions_ended_total: {
    type: 'counter',
    help: 'Subscriptions that ended.',
    labels: ['event', 'cause'],
    values: {
      cause:
        '`ended`: by the phone; `replaced`: the phone began anew; `expired`: the phone did not come back; `unanswered`, `refused`: by what its phone did with NOTIFYs; `removed`: by an admin; `gone`: there is nothing to watch any more',
    },
  },
  lamplighter_subscribe_total: {
    type: 'counter',
    help: 'SUBSCRIBEs answered. 401 is the usual first answer where phones authenticate.',
    labels: ['event', 'status'],
    values: event,
  },
  lamplighter_notify_total: {
    type: 'counter',
    help: 'NOTIFYs to subscribed phones, by what became of them.',
    labels: ['event', 'result'],
    values: { result: fates },
  },
  lamplighter_notify_seconds: {
    type: 'histogram',
    help: "From a NOTIFY to its phone's answer.",
    labels: ['event'],
  },
  lamplighter_publish_total: {
    type: 'counter',
    help: 'PUBLISHes answered.',
    labels: ['event', 'status'],
    values: event,
  },
  lamplighter_publications: { type: 'gauge', help: 'Publications that stand.', labels: ['event'] },
  lamplighter_phone_watches: {
    type: 'gauge',
    help: 'Phones that Lamplighter subscribes to itself.',
    labels: ['state'],
    values: { state: '`new`, `asking`, `watching`, `waiting`, `over`' },
  },
  lamplighter_pushes_total: {
    type: 'counter',
    help: 'NOTIFYs handed to a PBX for phones that cannot subscribe here.',
    labels: ['event', 'result'],
    values: { result: '`ok`, or the code of the refusal' },
  },

  lamplighter_extensions: {
    type: 'gauge',
    help: 'Extensions, each in one state.',
    labels: ['state'],
    values: {
      state:
        '`ringing`, `talking`, `held`: by its calls; without calls `idle` or `unregistered` (no phone is reachable)',
    },
  },
  lamplighter_extensions_stale: {
    type: 'gauge',
    help: 'Extensions whose PBX is away: their last truth stands.',
    labels: [],
  },
  lamplighter_dialogs: {
    type: 'gauge',
    help: 'Calls of extensions, a call between two of them twice.',
    labels: ['state'],
    values: { state: '`trying`, `proceeding`, `early`, `confirmed`' },
  },
  lamplighter_stuck_dialogs: {
    type: 'gauge',
    help: 'Calls that have rung for more than 10 minutes, or stood for more than 12 hours: lamps that may blink for ever.',
    labels: [],
  },
  lamplighter_features_enabled: {
    type: 'gauge',
    help: 'Extensions that have the feature switched on.',
    labels: ['feature'],
    values: { feature: '`dnd`, `cfa`, `cfb`, `cfna`' },
  },
  lamplighter_feature_changes_total: {
    type: 'counter',
    help: 'Changes of features, by who made them.',
    labels: ['feature', 'origin'],
    values: { origin: '`phone`, `api`, `rpc`, `cli`, `pbx`, `simulator`, `hook`' },
  },
  lamplighter_wishes_total: {
    type: 'counter',
    help: 'Wishes for features and agents, by what became of them.',
    labels: ['decision'],
    values: {
      decision: '`granted`; `equal`: it was so already; `refused`: by the rules; `failed`: the PBX said no or nothing',
    },
  },
  lamplighter_wishes_refused_total: {
    type: 'counter',
    help: 'Wishes that were not granted, by the code of the reason.',
    labels: ['decision', 'code'],
    values: { decision: '`refused`, `failed`' },
  },
  lamplighter_loop_suppressed_total: {
    type: 'counter',
    help: 'Wishes that ended here so that phone and PBX do not correct each other for ever.',
    labels: ['kind'],
    values: { kind: '`equal`: it was so already; `oscillating`: it changed back and forth' },
  },

  lamplighter_pbx_up: { type: 'gauge', help: '1 while the PBX is connected and in step.', labels: ['pbx'] },
  lamplighter_pbx_link_changes_total: {
    type: 'counter',
    help: 'Changes of the link to the PBX.',
    labels: ['pbx', 'state'],
    values: { state: 'the new one: `up`, `down`, `stale` (connected, not yet in step)' },
  },
  lamplighter_pbx_resyncs_total: {
    type: 'counter',
    help: 'Times the whole state of the PBX was read and compared.',
    labels: ['pbx'],
  },
  lamplighter_pbx_drift_total: {
    type: 'counter',
    help: 'Differences that only such a reading found while the PBX was up: no event told of them.',
    labels: ['pbx'],
  },
  lamplighter_pbx_events_total: {
    type: 'counter',
    help: 'What the PBX told, as the adapter understood it.',
    labels: ['pbx', 'type'],
    values: {
      type: '`dialogs`, `feature`, `registration`, `mailbox`, `agent`, `assignment`, `phone-key`, `link`, `snapshot`',
    },
  },
  lamplighter_pbx_event_lag_seconds: {
    type: 'histogram',
    help: "From the reading of an event in the PBX's own thread to its being taken; none where it has no thread (simulated).",
    labels: ['pbx'],
  },

  lamplighter_sip_received_total: {
    type: 'counter',
    help: 'SIP requests that came, without repetitions.',
    labels: ['transport', 'method'],
    values: { method: '`other`: an unusual one' },
  },
  lamplighter_sip_requests_total: {
    type: 'counter',
    help: 'SIP requests answered here, by final status; what was sent on is not among them.',
    labels: ['method', 'status'],
  },
  lamplighter_sip_transactions: {
    type: 'gauge',
    help: 'Transactions kept.',
    labels: ['kind'],
    values: {
      kind: '`server`: requests of others, answered ones too; `pending`: those of them without an answer; `client`: requests of ours; `relay`: requests sent on',
    },
  },
  lamplighter_sip_backlog: { type: 'gauge', help: 'SIP requests that wait to be served.', labels: [] },
  lamplighter_sip_shed_total: {
    type: 'counter',
    help: 'New requests that were told to come back later, because of overload.',
    labels: [],
  },
  lamplighter_sip_connections: {
    type: 'gauge',
    help: 'Open connections of phones.',
    labels: ['transport'],
    values: { transport: '`tcp`, `tls`, `ws`, `wss`' },
  },
  lamplighter_sip_sources: { type: 'gauge', help: 'Source addresses whose rate is remembered.', labels: [] },
  lamplighter_source_limited_total: {
    type: 'counter',
    help: 'Messages of sources beyond `sip.limits.perSource`.',
    labels: ['action'],
    values: { action: '`refuse`: told 503; `drop`: not answered' },
  },
  lamplighter_auth_failures_total: {
    type: 'counter',
    help: 'Requests of those who could not show who they are.',
    labels: ['kind'],
    values: {
      kind: '`auth-failed`, `unknown-user`, `not-trusted`, `nonce-replay`, `auth-unavailable` (docs/security.md); `http-token`: HTTP without the token',
    },
  },
  lamplighter_security_events_total: {
    type: 'counter',
    help: 'Other events of the security log.',
    labels: ['event'],
    values: {
      event:
        '`not-allowed`, `foreign-set`, `wish-refused`, `malformed`, `rate-limited`, `too-many-connections`, `stream-misuse` (docs/security.md)',
    },
  },
  lamplighter_tls_certificate_expires_seconds: {
    type: 'gauge',
    help: 'When the TLS certificate in use ends, seconds since 1970; none without TLS.',
    labels: [],
  },
  lamplighter_drachtio_up: {
    type: 'gauge',
    help: '1 while drachtio-server is connected; none with the embedded engine.',
    labels: [],
  },

  lamplighter_relay_requests_total: {
    type: 'counter',
    help: 'Requests sent on to the PBX (inline).',
    labels: ['method'],
  },
  lamplighter_relay_answers_total: {
    type: 'counter',
    help: 'Final answers of the PBX that went back (inline).',
    labels: ['method', 'status'],
  },
  lamplighter_relay_failovers_total: {
    type: 'counter',
    help: 'Requests that went a further way, because the one before brought no answer (inline).',
    labels: [],
  },
  lamplighter_upstream_up: {
    type: 'gauge',
    help: '1 while the upstream is held to be up; 0 where it does not answer (inline).',
    labels: ['upstream'],
    values: { upstream: 'as configured' },
  },
  lamplighter_phones_learnt: {
    type: 'gauge',
    help: 'Registrations learnt from those that went through (inline).',
    labels: [],
  },

  lamplighter_hook_calls_total: {
    type: 'counter',
    help: 'Questions to the hook.',
    labels: ['call', 'result'],
    values: { call: '`get`, `set`, `assigned`, `notify`', result: '`ok`, `failed`, `dropped`' },
  },

  lamplighter_store_up: { type: 'gauge', help: '1 while the database can be written.', labels: [] },
  lamplighter_store_commit_seconds: {
    type: 'histogram',
    help: 'Writes to the database.',
    labels: ['sync'],
    values: { sync: '`full`: waits for the disk (features, audit); `normal`: subscriptions and the like' },
  },
  lamplighter_store_failures_total: { type: 'counter', help: 'Writes that failed.', labels: [] },
  lamplighter_store_waiting: { type: 'gauge', help: 'Rows that wait to be written.', labels: [] },
  lamplighter_store_bytes: {
    type: 'gauge',
    help: 'Size of the database.',
    labels: ['file'],
    values: { file: '`database`, `wal`' },
  },

  lamplighter_http_requests_total: {
    type: 'counter',
    help: 'HTTP requests answered.',
    labels: ['route', 'status'],
    values: { route: 'method and path as declared in `/openapi.json`; `other`: none of them' },
  },
  lamplighter_http_request_seconds: {
    type: 'histogram',
    help: 'From an HTTP request to its answer, event streams to their beginning.',
    labels: [],
  },
  lamplighter_http_event_clients: { type: 'gauge', help: 'Clients that read `/api/v1/events`.', labels: [] },

  lamplighter_eventloop_lag_seconds: {
    type: 'gauge',
    help: 'How late timers run, within the last 15 s or more.',
    labels: ['stat'],
    values: { stat: '`median`, `p99` (99 %), `max`' },
  },
  lamplighter_eventloop_busy_seconds_total: {
    type: 'counter',
    help: 'Time in which the main thread worked; its rate is 1 where it has no rest.',
    labels: [],
  },
  process_cpu_user_seconds_total: { type: 'counter', help: 'CPU time, all threads, user.', labels: [] },
  process_cpu_system_seconds_total: { type: 'counter', help: 'CPU time, all threads, system.', labels: [] },
  process_start_time_seconds: { type: 'gauge', help: 'When the process began, seconds since 1970.', labels: [] },
  process_resident_memory_bytes: { type: 'gauge', help: 'Memory in RAM.', labels: [] },
  process_open_fds: { type: 'gauge', help: 'Open files and sockets.', labels: [] },
  process_max_fds: { type: 'gauge', help: 'How many there may be.', labels: [] },
  nodejs_heap_size_used_bytes: { type: 'gauge', help: 'Memory of JavaScript objects, main thread.', labels: [] },
  nodejs_heap_size_total_bytes: { type: 'gauge', help: 'Memory that V8 has taken for them.', labels: [] },
  nodejs_external_memory_bytes: { type: 'gauge', help: 'Memory of buffers and the like.', labels: [] },
} as const satisfies Readonly<Record<string, Declared>>;

export type MetricName = keyof typeof declared;
