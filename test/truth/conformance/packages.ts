import { type Chapter, rowsOf } from './row.ts';
import { refused, rules } from './subscription-table.ts';

const events = 'test/flows/conformance-events.test.ts';
const keys = 'test/flows/subscription-rules-features.test.ts';

const ratesAtTheWire =
  'R64-01, R64-04: rates in Event and in the 2xx to a NOTIFY are told in Subscription-State; what is no rate does no harm';
const tagsAtTheWire =
  'R58-01 to R58-04: SIP-ETag in a NOTIFY, Suppress-If-Match with it or with * is 204 in the dialog and an empty NOTIFY outside';
const notServed = 'BSF-01: a package not served yet is 489 with those that are';
const wire = 'test/flows/packages.test.ts';
const presence = 'test/flows/presence.test.ts';
const presenceForm = 'test/event-packages/presence/presence.test.ts';
const published = 'test/event-packages/presence/parse.test.ts';
const documents = 'test/event-packages/documents.test.ts';
const watchers = 'test/notifier/watchers.test.ts';
const profiles = 'test/flows/ua-profile.test.ts';
const profileForm = 'test/event-packages/ua-profile/ua-profile.test.ts';
const deviceNames = 'test/model/profile-document.test.ts';

const pace = 'test/notifier/rate.test.ts';
const tags = 'test/notifier/conditional.test.ts';
const { held: ofRates } = rowsOf('RFC 6446');
const { held: ofTags } = rowsOf('RFC 5839');

const slow =
  'R64-01, R64-02: max-rate 0.2 is told, and lets one change pass each 5 s, the last one with what is true then';
const fast =
  'R64-02, R64-05: nobody is told faster than the package allows, and none is forced faster than he may be told';

const rates = [
  ofRates('R64-01', '5.1, 5.2', 'max-rate, min-rate and adaptive-min-rate in Event', {
    [pace]: [
      slow,
      'min-rate tells again though nothing is new, and counts from the last NOTIFY',
      'adaptive-min-rate waits the longer the more was told of late (RFC 6446 7.2)',
    ],
    [events]: [ratesAtTheWire],
  }),
  ofRates('R64-02', '4.2, 5.2', 'the rate used is told, and kept but for first, refresh, approval and end', {
    [pace]: [slow, fast, 'R64-02: a refresh and the end are told at once, whatever max-rate says'],
  }),
  ofRates('R64-03', '5.3', 'a rate lets one NOTIFY pass before expiry', {
    [pace]: ['R64-03: a slow max-rate is raised so that one NOTIFY fits before the end'],
  }),
  ofRates('R64-04', '4.1, 9.3', 'rates in the 2xx to a NOTIFY; a refresh without them takes them away', {
    [pace]: ['R64-04: rates in the 2xx to a NOTIFY hold from then on; a refresh without any takes them away'],
    [events]: [ratesAtTheWire],
  }),
  ofRates('R64-05', '8', 'min-rate above max-rate is lowered', { [pace]: [fast] }),
];

const conditional = [
  ofTags('R58-01', '6.1', 'SIP-ETag in every NOTIFY but those of winfo and of lists, one for each state', {
    [tags]: [
      'R58-01: each NOTIFY has the tag of the state, the same for all who watch it, another for another state',
      'the tag of a state is the same after a restart',
    ],
    [events]: [tagsAtTheWire],
  }),
  ofTags('R58-02', '6.3', 'a matching refresh is 204 without a NOTIFY', {
    [tags]: [
      'R58-02: a refresh with the tag of the present state is 204, extends the subscription and sends nothing',
      'R58-02: a refresh with the tag of another state is 200 and told everything',
    ],
    [events]: [tagsAtTheWire],
  }),
  ofTags('R58-03', '6.2', 'a match outside of a dialog is a NOTIFY without body', {
    [tags]: ['R58-03: a new subscription with the tag of the present state is 200 and a NOTIFY without a body'],
    [events]: [tagsAtTheWire],
  }),
  ofTags(
    'R58-04',
    '6.2–6.4',
    '* matches always where there are tags; winfo and lists have none, and are told everything',
    {
      [tags]: ['a change that waits for its time is told after a 204 to *'],
      [events]: [tagsAtTheWire],
    },
  ),
];

const publish = 'test/flows/publish.test.ts';
const publishRestart = 'test/flows/publish-restart.test.ts';
const compositor = 'test/compositor/compositor.test.ts';
const { held: ofPublish } = rowsOf('RFC 3903');

const lifeOfPublication =
  'P39-01, P39-07: initial, refresh, modify and remove, each with a tag of its own; the lamp rings, is busy, goes out';
const afterKill =
  'P39-06, P39-07: after kill -9 all that was answered 200 stands under its last tag, with the same ids; what ran out is gone';

const publications = [
  ofPublish('P39-01', '4.1', 'initial, refresh, modify, remove', {
    [publish]: [lifeOfPublication],
    [compositor]: [
      'P39-01: initial, refresh, modify and remove: each says a new tag, and a refresh keeps what was said',
    ],
  }),
  ofPublish('P39-02', '6 step 1–2', 'foreign Request-URI 404, unknown package 489', {
    [publish]: [
      'P39-02: a foreign host and an extension that nobody has are 404, no Event, a foreign and a deaf package 489',
    ],
    [compositor]: ['P39-02: an unknown package and one without publications are 489, a resource that nobody has 404'],
  }),
  ofPublish('P39-03', '6 step 3', 'two entity tags 400, an unknown one 412', {
    [publish]: ['P39-03: two tags are 400, in two lines or in one, a malformed one too; an unknown one is 412'],
    [compositor]: [
      'P39-03: an old tag, a foreign one and that of another resource, package or publisher are 412 and change nothing',
    ],
  }),
  ofPublish('P39-04', '6 step 4', 'too brief: 423; shortened freely', {
    [publish]: ['P39-04: too brief is 423 with Min-Expires, as long as can be written is cut; nonsense is 400'],
  }),
  ofPublish('P39-05', '6 step 5', 'foreign type 415; neither body nor tag 400', {
    [publish]: [
      'P39-05: neither body nor tag is 400, a foreign type or coding 415, too much 413, what is no document 400',
    ],
  }),
  ofPublish('P39-06', '6', 'in order, atomic; a failing store is 504', {
    [compositor]: [
      'P39-06: requests of one resource are taken one after the other, those of another do not wait',
      'P39-06: a store that fails is 504, and nothing has happened',
    ],
    [publishRestart]: [afterKill],
  }),
  ofPublish('P39-07', '6 step 6', '200 with Expires and a new entity tag, which is never used again', {
    [publish]: [lifeOfPublication],
    [compositor]: ['P39-07: no tag is ever given twice, not by a store that was restored either'],
    [publishRestart]: [afterKill],
  }),
  ofPublish('P39-08', '6', 'no dialog: Contact and Record-Route are ignored', {
    [publish]: [
      'P39-08: Contact and Record-Route mean nothing, no dialog comes of it, and one that is none of ours is 481',
    ],
  }),
  ofPublish('P39-09', '9', 'too fast: 503 with Retry-After', {
    [publish]: ['P39-09: who publishes too fast is told 503 with Retry-After, and others go on'],
    [compositor]: [
      'P39-09: who publishes too fast is told 503 with Retry-After, may go on after it, and disturbs nobody else',
    ],
  }),
  ofPublish('P39-10', '7', 'OPTIONS names PUBLISH', {
    [publish]: ['P39-10: OPTIONS tells that PUBLISH is served, of which packages and of which types'],
  }),
  ofPublish('P39-11', '10.4', 'several publishers are merged by entity tag, not by the ids in their documents', {
    [publish]: [
      'P39-11: two publishers and the PBX stand in one document; who is equal again is silent, who leaves takes only his own',
    ],
    [compositor]: ['P39-11: several publishers stand side by side, oldest first, and their ids never meet'],
  }),
  ofPublish(
    'P39-12',
    '14.1',
    'a publisher is authenticated, and is the resource or has the right; the body is no evidence',
    {
      [publish]: [
        'P39-12: without a password nothing is looked at; a stranger is 403 and the security log hears of it',
        'P39-12: a digest of a PUBLISH that was heard serves nobody a second time',
      ],
      [publishRestart]: [
        'P39-12: with auth: trusted, From is who publishes; whom it does not name, or names elsewhere, publishes for nobody',
      ],
    },
  ),
];

const listed = rowsOf('RFC 4662');
const listFlow = 'test/flows/lists.test.ts';
const listNotifier = 'test/notifier/lists.test.ts';
const listForm = 'test/event-packages/list/render.test.ts';
const oneList =
  'L46-01, L46-05: one subscription, one row, one NOTIFY with all of it; Require in the 200 and in the NOTIFY';

const lists = [
  listed.held('L46-01', '4.1', 'a list needs Supported: eventlist, else 421; Require: eventlist in what answers it', {
    [listFlow]: ['L46-01, L46-02: 421 with Require, 406, and a list of another tenant is nobody’s business'],
    [listNotifier]: [oneList],
    [events]: [
      'L46-01: a single resource is no list, whatever a phone supports; who insists on other extensions is answered 420',
    ],
  }),
  listed.held('L46-02', '4.3', 'Accept names multipart/related, rlmi and the package, else 406', {
    [listFlow]: ['L46-01, L46-02: 421 with Require, 406, and a list of another tenant is nobody’s business'],
    [listNotifier]: [
      'L46-02: Accept has to name the container, the list and a document of the package; a refresh without Accept keeps them',
    ],
  }),
  listed.held('L46-03', '4.5', 'a subscription is a list always or never', {
    [listNotifier]: [
      'L46-03: who is in the list is told with all of the list when somebody comes or goes; a list that is gone sends its phones back',
      'who asked for a group before its PBX had told of it is sent back once, and then gets the list',
    ],
  }),
  listed.held('L46-04', '5.1', 'the form of the multipart', {
    [listForm]: [
      'L46-04, L46-05: a list is RLMI first, then a part for each resource, by its address as it was subscribed to',
    ],
    [listFlow]: ['a phone over TCP watches a list: all of it in one NOTIFY, then only what changes'],
  }),
  listed.held('L46-05', '5.2', 'uri, version and fullState of the list', {
    [listNotifier]: [
      oneList,
      'a NOTIFY that got lost is followed by all of the list, for a phone must not read a partial one behind a gap',
    ],
    [listFlow]: [
      'kill -9: the list goes on in its old dialog, all of it first, no version back, and a body list is remembered',
    ],
  }),
  listed.held('L46-06', '5.3–5.5', 'resources and instances', {
    [listForm]: ['L46-06: an instance that is over says why and has no part; ids are unique and the same each time'],
    [listNotifier]: [
      'L46-09, L46-06: whom this watcher may not see is over with a reason and without a name; so is who does not exist',
    ],
  }),
  listed.held('L46-07', '4.5, 5.6.2', 'partial lists of full documents', {
    [listNotifier]: [
      'L46-07: later only who changed is told, in the rhythm of the profile, and versions grow, inner ones too',
    ],
    [listForm]: ['what does not fit waits for partial lists; the first names everybody, with or without a state'],
    [listFlow]: ['over UDP each NOTIFY fits a datagram, and together they make the list; a change is one more'],
  }),
  listed.held('L46-08', '4.7', 'one subscription, also where forked', {
    [listNotifier]: ['L46-08: a phone that comes back takes its list over, and is told once'],
  }),
  listed.held('L46-09', '7.4, 7.2', 'no loops, and each watcher sees his own', {
    'test/config/lists.test.ts': ['a name stands for one list in its domain, and a list never contains itself'],
    'test/state/lists.test.ts': ['lists in a loop end, and so do very long ones'],
    [listNotifier]: [
      'L46-09, L46-06: whom this watcher may not see is over with a reason and without a name; so is who does not exist',
      'private packages show a watcher himself and refuse the others',
    ],
  }),
  rowsOf('RFC 5367').held('L53-01', '3–5', 'a list in the body of a SUBSCRIBE', {
    'test/event-packages/list/resource-lists.test.ts': [
      'L53-01: the addresses and what the phone calls them, in its order, each once, lists within lists written out',
    ],
    'test/notifier/lists-of-phones.test.ts': [
      'L53-01: a phone brings its own list, by its own addresses; it is kept, and not asked for in a refresh',
    ],
    [listFlow]: ['L53-01: a phone brings its list along; who is of another tenant or of nowhere is refused in it'],
  }),
];

const others = [['BSF-01', 'no RFC', 'call-info and line-seize']] as const;
const unseen = [['S74-01', 'RFC 7463 5.3, 5.4', 'seizing a shared line']] as const;
const { later, held, foreign } = rowsOf('');
const reason = 'the package is not served yet';

const features = held('A-01', 'no RFC', 'as-feature-event: wishes, the picture, refusals', {
  [keys]: [
    'A-01 2.4: a refresh without a body heals a phone that missed a change',
    'A-01 2.5: a fetch over UDP is one NOTIFY with all four features although it must be large',
    'A-01 2.6: a phone that restarts with a Set in mind acts on its new dialog only',
    'A-01 2.7, 2.8: a Set is answered 200, never 202, without a body',
    'A-01 2.9: a Set in the first SUBSCRIBE is applied, then everything is told with the new state',
    'A-01 2.10: two Sets in one multipart are applied in order, each changed feature told once',
    'A-01 2.11: after kill -9 the dialog goes on: one full NOTIFY with a higher CSeq, and a refresh is answered 200',
    'A-01 3: prefixed names, no declaration, another CSTA edition, a BOM, LF line ends and odd booleans are understood',
    'A-01 5: a Content-Type with an empty body, or NULs only, is no body: the full picture',
    'A-01 5: what is too deep, an array of __proto__ or <> is answered 400 and changes nothing',
    'A-01 5: a Set of another user is answered 403 in a new dialog',
    'A-01 8.6: the eleventh Set within a minute is answered 200 and told the unchanged truth',
  ],
  [rules]: [refused('A-01: x-broadworks-hoteling', 489), refused('A-01: Accept without the feature type', 406)],
  'test/flows/feature-keys.test.ts': [
    'a phone that subscribes is answered 200 and told all four features, over UDP in datagrams that fit',
    'a DND key on one phone changes the PBX and lights every phone of the user, and nobody else',
  ],
});

const asAsked = (event: string) =>
  `${event}: Accept, expiry, who may watch, refresh, fetch and end are as RFC 6665 asks`;
const restarted = 'after kill -9 all of them go on in their dialogs, with higher versions and the same watchers';

const served = [
  held('M38-01', 'RFC 3842 3.5, 5.2, 3.11', 'the message summary: account always, counts with the urgent ones, CRLF', {
    'test/event-packages/message-summary/message-summary.test.ts': [
      'M38-01: is that of RFC 3842 4.1, byte by byte',
      'M38-01: of an empty mailbox, and of one that was heard, says that nothing waits, with its counts',
      'M38-01: has counts up to 2^32-1, and none that is no number',
      'cannot be given a line by a name: header injection',
    ],
    'test/event-packages/message-summary/parse.test.ts': ['M38-01: is read with all counters, by CRLF, LF or CR'],
    [wire]: [
      asAsked('message-summary'),
      'M38-01: the message lamp follows the mailbox: nothing, two new, heard, nothing',
      'M38-01: every summary that leaves has three lines with CRLF, and an account without angle brackets',
      'beside FreeSWITCH: urgent messages light the lamp and are counted, in one tenant and not in the other',
    ],
  }),
  foreign(
    'M38-02',
    'RFC 3842 3.6',
    'a new Call-ID after expiry; NOTIFY without a subscription',
    'the first is for phones, and none is sent without a subscription',
  ),
  held('R36-01', 'RFC 3680', 'reg: the registration and its contacts, with a version, every 5 s at most', {
    'test/event-packages/reg/reg.test.ts': [
      'R36-01: is a full document with a contact as in RFC 3680 6, byte by byte',
      'R36-01: goes from init to active, and after the last contact over terminated back to init',
      'R36-01: tells once that a contact has ended, and then nothing of it',
    ],
    [wire]: [
      asAsked('reg'),
      'R36-01: a registration that ends is told as terminated, and as active when it comes back',
      'beside FreeSWITCH: each phone of a user is a contact with its own URI, and the same id while it is there',
      restarted,
    ],
  }),
  held('W38-01', 'RFC 3857, 3858', 'dialog.winfo and presence.winfo, every 5 s at most; no winfo of winfo', {
    'test/event-packages/winfo/winfo.test.ts': [
      'W38-01: is a full document like that of RFC 3858 5, byte by byte',
      'W38-01: names its package, the resource as subscribed, and its version',
      'W38-01: tells of one who has left, and why, to those who knew him, once',
    ],
    [watchers]: [
      'W38-01: who watches the watchers is told who is there, and of everybody who comes and goes',
      'W38-01: many who come at once are told together, no sooner than 5 s after the last word, whatever the profile says',
      'W38-01: who left is remembered with the reason as long as somebody watches, and then no more',
    ],
    [wire]: [
      asAsked('dialog.winfo'),
      asAsked('presence.winfo'),
      'W38-01: who watches the lamp of a user is told to him: those there are, those who come, those who go',
      'W38-01: presence and dialog have lists of their own, and there is none of the watchers of watchers',
      restarted,
    ],
  }),
  held(
    'P38-01',
    'RFC 3856 6.5, 6.6, 6.10',
    'presence: pidf, authenticated; as fast as the profile says, for lamps made of it',
    {
      [presence]: [
        'P38-01: who watches must log in, and is told no faster than his profile says',
        'X-01: an old Polycom is answered in xpidf, whichever of the two it names first; without Accept it is pidf',
      ],
    },
  ),
  held('P38-02', 'RFC 3863 4.1', 'the form of pidf', {
    [presenceForm]: [
      'P38-02, P38-03, X-01: are valid and tell one state, whatever the PBX and the network say',
      'P38-02: name the presentity byte by byte as subscribed, escaped',
    ],
    [published]: ['P38-02: as pidf: status, activities of the person, notes wherever they stand'],
    [documents]: ['of presence are valid by their schema'],
  }),
  held('P38-03', 'RFC 4480 3.2, 4479', 'activities of a person', {
    [presence]: ['P38-03: presence follows a call, do not disturb and the registration of a phone'],
    [presenceForm]: ['P38-02, P38-03, X-01: are valid and tell one state, whatever the PBX and the network say'],
    [published]: [
      'P38-03: is a wish by any element called dnd, in the person, the tuple, its status or at the top',
      'P38-03: is a wish by a note that says so and nothing else (Zoiper)',
    ],
  }),
  held('U60-01', 'RFC 6080', 'ua-profile: its parameters, who may have a document, effective-by, documents and URLs', {
    [profiles]: [
      'U60-01: a phone gets the document of its model from a file, with effective-by, and a day by default',
      'U60-01: a phone that takes only a URL is sent one, in its form; one that takes none of it 406',
      'U60-01: the document of a device is for its owners, by whatever form of its name, and for nobody else',
      "U60-01: a user's profile is his alone; without one he is sent no body until there is one",
    ],
    [profileForm]: [
      'U60-01: is its own, else that of its version, its model, its make, else none',
      'U60-01: as a URL to phones that take nothing else, in the form they take',
    ],
    [deviceNames]: ['U60-01: one device has one name, however a phone writes its MAC address or its UUID'],
  }),
  held('X-01', 'no RFC', 'xpidf', {
    [presence]: ['X-01: xpidf says open, inuse and closed with the words that Polycoms use themselves'],
    [presenceForm]: ['P38-02, P38-03, X-01: are valid and tell one state, whatever the PBX and the network say'],
  }),
];

export const packageChapters: readonly Chapter[] = [
  { title: 'RFC 6446, RFC 5839: rates, conditional notification', rows: [...rates, ...conditional] },
  { title: 'RFC 3903: PUBLISH', rows: publications },
  { title: 'RFC 4662, RFC 5367: lists', rows: lists },
  {
    title: 'Other packages',
    rows: [
      ...others.map(([id, section, rule]) => later(id, section, rule, reason, { [events]: [notServed] })),
      ...unseen.map(([id, section, rule]) => later(id, section, rule, reason)),
      ...served,
      features,
    ],
  },
];
