import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { eventReader } from '../../src/ops/panel/link/event-reader.ts';
import { type Filter, fits, read, type StateFilter, stateFilters } from '../../src/ops/panel/words/filter.ts';
import { isKeyLamp, isParked, lampOf, lampText } from '../../src/ops/panel/words/lamp.ts';
import { extensionPath, routeOf } from '../../src/ops/panel/words/route.ts';
import type { Call, Extension } from '../../src/ops/panel/words/shapes.ts';
import { clockText, spanText } from '../../src/ops/panel/words/times.ts';
import { typedAs } from '../../src/ops/panel/words/typed.ts';
import {
  callText,
  compare,
  emptyText,
  facts,
  keyText,
  placeText,
  shownText,
  talkText,
  valueText,
  whoText,
} from '../../src/ops/panel/words/words.ts';
import { viewOf as fakeView, running } from './fake-deps.ts';

test('the page is HTML with a policy, and everything it names is served from here', async () => {
  await running(async (at) => {
    const answer = await fetch(`${at.url}/`);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/html/);
    assert.doesNotMatch(answer.headers.get('content-security-policy') ?? '', /unsafe|\*|https?:/);
    const html = await answer.text();
    const named = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
    assert.equal(named.length, 3);
    const types: Record<string, RegExp> = { js: /^text\/javascript/, css: /^text\/css/, svg: /^image\/svg/ };
    for (const path of named) {
      assert.match(path, /^\/[a-z]/, 'no other site');
      const file = await fetch(at.url + path);
      assert.equal(file.status, 200, path);
      assert.match(file.headers.get('content-type') ?? '', types[path.split('.').at(-1) ?? ''] ?? /^$/);
    }
  });
});

test('the page and its style need nothing from elsewhere: it works without the Internet', async () => {
  await running(async (at) => {
    for (const path of ['/', '/panel/main.css', '/panel/main.js', '/favicon.svg']) {
      const text = await (await fetch(at.url + path)).text();
      const urls = [...text.matchAll(/https?:\/\/[\w.-]+/g)]
        .map(([url]) => url)
        .filter((url) => !/w3\.org$|^http:\/\/127\.0\.0\.1$/.test(url));
      assert.deepEqual(urls, [], path);
      assert.doesNotMatch(text, /@import|url\(/);
    }
  });
});

test('the page has no inline script, style or handler, which its policy would refuse', async () => {
  await running(async (at) => {
    const html = await (await fetch(`${at.url}/`)).text();
    for (const [tag, body] of html.matchAll(/<script\b[^>]*>([\s\S]*?)<\/script>/g)) {
      assert.match(tag, /\ssrc="/);
      assert.equal(body, '');
    }
    assert.doesNotMatch(html, /<style\b|\sstyle=|\son[a-z]+\s*=|javascript:/i);
  });
});

test('no line of the panel writes markup: names from the network become text', () => {
  const files = readdirSync('src/ops/panel', { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.tsx?$/.test(name),
  );
  assert.ok(files.length > 20);
  for (const name of files) {
    assert.doesNotMatch(
      readFileSync(`src/ops/panel/${name}`, 'utf8'),
      /dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc|\beval\b|new Function|setTimeout\(['"]|localStorage\.setItem\(tokenKey/,
      name,
    );
  }
});

test('a hostile name reaches the page as JSON only', async () => {
  await running(async (at) => {
    const name = '<img src=x onerror=alert(1)>';
    at.hub.put('1001', { displayName: name });
    assert.doesNotMatch(await (await fetch(`${at.url}/`)).text(), /onerror/);
    const api = await fetch(`${at.url}/api/v1/extensions/1001`);
    assert.match(api.headers.get('content-type') ?? '', /^application\/json/);
    assert.match(await api.text(), /onerror/);
  });
});

test('a page that has not changed is not sent again', async () => {
  await running(async (at) => {
    const first = await fetch(`${at.url}/panel/main.js`);
    await first.text();
    const etag = first.headers.get('etag') ?? '';
    const again = await fetch(`${at.url}/panel/main.js`, { headers: { 'if-none-match': etag } });
    assert.equal(again.status, 304);
  });
});

const off = { enabled: false, target: null };

function viewOf(more: Partial<Extension> = {}): Extension {
  return {
    aor: '1001@lamplighter.test',
    ext: '1001',
    displayName: null,
    registered: true,
    dialogs: [],
    features: { dnd: { enabled: false }, cfa: off, cfb: off, cfna: off },
    mailbox: null,
    subscriptions: 0,
    stale: false,
    ...more,
  };
}

function call(state: string, direction: Call['direction'], held = false): Call {
  return { id: 'x', state, direction, held, remote: { number: '1', name: null } };
}

const dnd = { features: { ...viewOf().features, dnd: { enabled: true } } };
const forwarded = { features: { ...viewOf().features, cfa: { enabled: true, target: '1002' } } };

test('the lamp shows the most urgent call, then do not disturb and forwards, then whether anybody is there', () => {
  const shown = (dialogs: Call[], more: Partial<Extension> = {}) => lampOf(viewOf({ dialogs, ...more }));
  assert.equal(shown([]), 'free');
  assert.equal(shown([], { registered: false }), 'away');
  assert.equal(shown([], dnd), 'dnd');
  assert.equal(shown([], { ...forwarded, registered: false }), 'forwarded');
  assert.equal(shown([call('early', 'initiator')], dnd), 'calling');
  assert.equal(shown([call('confirmed', 'recipient', true)]), 'held');
  assert.equal(shown([call('confirmed', 'recipient', true), call('confirmed', 'initiator')]), 'talking');
  assert.equal(shown([call('confirmed', 'initiator'), call('early', 'recipient')]), 'ringing');
  const slot = { ext: 'park+701', aor: 'park+701@lamplighter.test', registered: false };
  assert.equal(shown([call('confirmed', 'recipient')], slot), 'parked');
  assert.equal(shown([], slot), 'off', 'nobody registers there');
  assert.equal(lampText(viewOf({ stale: true })), 'free (last known)');
});

test('the words for a call name the other side, or say that he withholds his number', () => {
  assert.equal(whoText({ number: null, name: null }), 'number withheld');
  assert.equal(whoText({ number: '1002', name: 'Ann' }), 'Ann (1002)');
  assert.equal(whoText({ number: '1002', name: null }), '1002');
  assert.equal(whoText({ number: '0900', name: '\u202e)1001( nnA' }), ')1001( nnA (0900)', 'nothing is turned round');
  const remote = { number: '1002', name: null };
  assert.equal(callText({ ...call('early', 'recipient'), remote }), '1002 is calling');
  assert.equal(callText({ ...call('confirmed', 'recipient', true), remote }), 'holds 1002');
});

test('keys and audit rows say the same value in the same words', () => {
  assert.equal(keyText('cfna', { enabled: true, target: '1003', ringCount: 4 }), '1003 (4)');
  assert.equal(keyText('cfa', { enabled: false, target: '1003' }), 'off');
  assert.equal(keyText('dnd', { enabled: true }), 'on');
  assert.equal(valueText({ enabled: true }), 'on');
  assert.equal(valueText({ enabled: true, target: '1003', ringCount: 1 }), 'on → 1003 (1 ring)');
  assert.equal(valueText({ enabled: false, target: '1003' }), 'off (1003)');
  assert.equal(valueText({ state: 'notReady', reason: 'lunch' }), 'on a break (lunch)');
  assert.equal(valueText(null), '–');
});

const everything: Filter = { search: '', state: null, domain: null, members: null };

test('a search finds numbers, names, callers and states, every word of it', () => {
  const ringing = viewOf({ displayName: 'Ann Example', dialogs: [call('early', 'recipient')] });
  const found = (search: string, one = ringing) => fits(one, { ...everything, search });
  assert.ok(found(' 100') && found('ANN') && found('ringing') && found('') && found('ann 1001 ringing'));
  assert.ok(!found('ann free'));
  assert.ok(found('voicemail', viewOf({ mailbox: { new: 0, old: 0, newUrgent: 1, oldUrgent: 0 } })));
  assert.ok(found('1002', viewOf(forwarded)) && found('dnd', viewOf(dnd)));
});

test('the grid narrows to a state, a domain and a group', () => {
  const at = (filter: Partial<Filter>, one = viewOf()) => fits(one, { ...everything, ...filter });
  assert.ok(at({ state: 'dnd' }, viewOf(dnd)) && !at({ state: 'dnd' }));
  assert.ok(at({ state: 'forwards' }, viewOf(forwarded)) && !at({ state: 'calls' }, viewOf(forwarded)));
  assert.ok(at({ state: 'calls' }, viewOf({ dialogs: [call('confirmed', 'initiator')] })));
  assert.ok(
    at({ state: 'held' }, viewOf({ dialogs: [call('confirmed', 'initiator', true), call('early', 'recipient')] })),
  );
  assert.ok(at({ state: 'away' }, viewOf({ registered: false })) && at({ state: 'stale' }, viewOf({ stale: true })));
  assert.ok(at({ domain: 'lamplighter.test' }) && !at({ domain: 'test' }));
  assert.ok(at({ members: new Set(['1001@lamplighter.test']) }) && !at({ members: new Set() }));
  const same = viewOf();
  assert.equal(read(same), read(same), 'what stands unchanged is not read again');
});

/** What an Asterisk with 5 users has besides: feature keys, agents, hints, groups, switches, slots. */
function lampNamed(ext: string, dialogs: Call[] = [], more: Partial<Extension> = {}): Extension {
  return viewOf({ ext, aor: `${ext}@lamplighter.test`, registered: false, lamp: true, dialogs, ...more });
}

const nobody = { ...call('confirmed', 'recipient'), remote: { number: null, name: null } };
const keyNames = [
  'custom+CF1001',
  'agent+1003',
  '*741001',
  'queue+sales',
  'flow+1',
  'conf+8000',
  'park+default',
  '701',
];

test('the lamp of a key is on, off or ringing, and no call is told of it', () => {
  for (const name of keyNames) {
    assert.equal(lampText(lampNamed(name)), 'off', name);
    assert.equal(lampText(lampNamed(name, [nobody])), 'on', name);
    assert.equal(lampText(lampNamed(name, [{ ...nobody, held: true }])), 'on', name);
    assert.equal(lampText(lampNamed(name, [nobody, { ...nobody, state: 'early' }])), 'ringing', name);
    assert.equal(talkText(lampNamed(name, [nobody]), nobody), null, name);
    assert.doesNotMatch(read(lampNamed(name, [nobody])).text, /talk|withheld|registered|free/, name);
    assert.deepEqual(facts(lampNamed(name, [nobody], { subscriptions: 1 })), ['1 subscription'], name);
  }
  const remote = { number: '1009', name: 'Ann' };
  assert.equal(talkText(lampNamed('conf+8000', [nobody]), { ...nobody, remote }), 'Ann (1009)', 'who stands behind it');
  assert.equal(talkText(lampNamed('park+701', [nobody]), nobody), 'number withheld', 'somebody waits');
  assert.equal(talkText(viewOf(), nobody), 'talks with number withheld');
});

test('the grid shows extensions and slots in which somebody is parked; other lamps when asked for or searched', () => {
  const ann = viewOf({ dialogs: [call('confirmed', 'initiator')] });
  const slots = [lampNamed('park+701', [nobody]), lampNamed('park+*5901', [nobody]), lampNamed('park+702')];
  const all = [ann, viewOf({ ext: '1002', aor: '1002@lamplighter.test', registered: false }), ...slots];
  all.push(...keyNames.map((name) => lampNamed(name, [nobody], { stale: true })));
  const shown = (filter: Partial<Filter>) =>
    all.filter((one) => fits(one, { ...everything, ...filter })).map(({ ext }) => ext);
  const parked = ['park+701', 'park+*5901'];
  assert.deepEqual(shown({}), ['1001', '1002', ...parked]);
  assert.deepEqual(shown({ domain: 'lamplighter.test' }), ['1001', '1002', ...parked]);
  assert.deepEqual(shown({ state: 'lamps' }), [...parked, 'park+702', ...keyNames]);
  assert.deepEqual(shown({ search: 'cf1001' }), ['custom+CF1001']);
  assert.deepEqual(shown({ search: 'park' }), [...parked, 'park+702', 'park+default']);
  const counts = (state: StateFilter) => all.filter((one) => read(one).states.has(state)).length;
  assert.deepEqual(Object.fromEntries(stateFilters.map((state) => [state, counts(state)])), {
    calls: 1,
    ringing: 0,
    held: 2,
    dnd: 0,
    forwards: 0,
    voicemail: 0,
    away: 1,
    stale: 0,
    lamps: slots.length + keyNames.length,
  });
  assert.ok(!fits(lampNamed('agent+1', [{ ...nobody, state: 'early' }]), { ...everything, state: 'ringing' }));
});

test('a lamp is known by its mark, or before that by a name as lamps have; not every name with a plus is one', () => {
  assert.ok(isKeyLamp({ ext: '*741001', lamp: true }) && isKeyLamp({ ext: 'agent+1003' }));
  assert.ok(!isKeyLamp({ ext: '+15550100' }) && !isKeyLamp({ ext: 'ann+home' }) && !isKeyLamp({ ext: 'park' }));
  assert.ok(isParked(lampNamed('park+701', [nobody])) && !isParked(lampNamed('park+701')));
  assert.ok(!isParked(lampNamed('park+default', [nobody])), 'else who is parked would be counted twice');
});

test('how many are shown is a number of extensions; lamps are counted apart, and stand last', () => {
  assert.equal(shownText(5, 5, 0), '5 extensions');
  assert.equal(shownText(5, 5, 1), '5 extensions, 1 lamp');
  assert.equal(shownText(1, 5, 2), '1 of 5 extensions, 2 lamps');
  assert.equal(shownText(0, 5, 23), '23 lamps');
  assert.equal(shownText(0, 5, 0), '0 of 5 extensions');
  const sorted = [lampNamed('*741001'), lampNamed('701'), viewOf(), lampNamed('agent+9')].sort(compare);
  assert.equal(sorted[0]?.ext, '1001');
});

test('the domain is written behind numbers that are not of the default one', () => {
  const view = { ext: '1001', aor: '1001@tenant2.test' };
  assert.equal(placeText(view, 'tenant2.test'), '');
  assert.equal(placeText(view, 'tenant1.test'), '@tenant2.test');
  assert.equal(placeText({ ext: 'a@b', aor: 'a@b@tenant2.test' }, 'tenant1.test'), '@tenant2.test');
  const sorted = ['1010', '201', 'alice', '99'].map((ext) => ({ ext, aor: `${ext}@x` })).sort(compare);
  assert.deepEqual(
    sorted.map(({ ext }) => ext),
    ['99', '201', '1010', 'alice'],
  );
});

test('a phone that is not registered is called so once', () => {
  assert.deepEqual(facts(viewOf({ subscriptions: 2 })), ['2 subscriptions']);
  assert.deepEqual(facts(viewOf({ registered: false, subscriptions: 1 })), ['1 subscription']);
  assert.deepEqual(facts(viewOf({ ...dnd, registered: false })), ['not registered']);
});

test('a page without a card says why: nothing fits the search, or nothing is known', () => {
  assert.match(emptyText(9, true), /fits this search/);
  assert.match(emptyText(0, false), /No extension is known.*domains of the configuration/);
});

test('each view has an address, and its choices stand behind it', () => {
  assert.deepEqual(routeOf('').route, { view: 'grid' });
  assert.deepEqual(routeOf('#/').route, { view: 'grid' });
  assert.equal(routeOf('#/?state=dnd').query.get('state'), 'dnd');
  assert.deepEqual(routeOf('#/subscriptions').route, { view: 'subscriptions' });
  assert.deepEqual(routeOf('#/subscriptions/12').route, { view: 'subscription', id: '12' });
  for (const view of ['audit', 'links', 'setup']) assert.deepEqual(routeOf(`#/${view}`).route, { view });
  for (const path of ['nowhere', 'ext', 'audit/1', 'ext/1/2']) {
    assert.deepEqual(routeOf(`#/${path}`).route, { view: 'unknown', path });
  }
  for (const ext of ['1001', 'a/b', 'a%b', 'ä@x', '../x']) {
    assert.deepEqual(routeOf(extensionPath(ext)).route, { view: 'ext', ext });
  }
  assert.deepEqual(routeOf('#/ext/%zz').route, { view: 'ext', ext: '%zz' }, 'what is no escape is taken as it is');
});

test('times are short, and no clock that differs makes them negative', () => {
  assert.equal(spanText(-5000), '0 s');
  assert.equal(spanText(59_999), '59 s');
  assert.equal(spanText(187_000), '3:07');
  assert.equal(spanText(3_720_000), '1 h 02');
  assert.equal(spanText(90_000_000), '1 d 1 h');
  const now = new Date(2026, 4, 6, 12).getTime();
  assert.equal(clockText(new Date(2026, 4, 6, 9, 5, 7).toISOString(), now), '09:05:07');
  assert.equal(clockText(new Date(2026, 4, 5, 9, 5, 7).toISOString(), now), '2026-05-05 09:05:07');
  assert.equal(clockText('never', now), '–');
});

test('events are read whole, wherever the network cuts them', () => {
  const stream =
    'retry: 2000\n: connected\n\nid: a-1\ndata: {"ext":"1001"}\n\n: keep-alive\n\nid: a-2\nevent: link\ndata: {"state":"up"}\n\n';
  for (let cut = 1; cut < stream.length; cut++) {
    const told: string[] = [];
    const take = eventReader(({ event, data, id }) => told.push(`${id} ${event} ${data}`));
    take(stream.slice(0, cut));
    take(stream.slice(cut));
    assert.deepEqual(told, ['a-1 message {"ext":"1001"}', 'a-2 link {"state":"up"}'], `cut at ${cut}`);
  }
});

test('the list with lamps names parking slots too, which are no users; the plain one does not', async () => {
  await running(async (at) => {
    const slot = { ...fakeView('park+701'), lamp: true as const };
    Object.assign(at.hub, { lamps: () => [slot] });
    const list = async (query: string) =>
      ((await (await fetch(`${at.url}/api/v1/extensions${query}`)).json()) as { ext: string; lamp?: true }[]).map(
        ({ ext, lamp }) => (lamp === true ? `${ext} lamp` : ext),
      );
    assert.deepEqual(await list('?lamps=true'), ['1001', '1002', 'park+701 lamp']);
    assert.deepEqual(await list(''), ['1001', '1002']);
    assert.equal((await fetch(`${at.url}/api/v1/extensions?lamps=2`)).status, 400);
  });
});

test('commands are shown as they are typed where the daemon runs, services and files keep their name', () => {
  const rows = [
    ['sudo lamplighter setup --apply', 'sudo npx lamplighter setup --apply'],
    ['look: lamplighter doctor --config a.yaml', 'look: npx lamplighter doctor --config a.yaml'],
    ['systemctl restart lamplighter', 'systemctl restart lamplighter'],
    ['/etc/lamplighter/lamplighter.yaml', '/etc/lamplighter/lamplighter.yaml'],
  ] as const;
  for (const [text, shown] of rows) {
    assert.equal(typedAs(text, 'npx lamplighter'), shown);
    assert.equal(typedAs(text, 'lamplighter'), text);
  }
});
