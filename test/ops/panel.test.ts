import assert from 'node:assert/strict';
import test from 'node:test';
import { words } from '../../src/ops/panel/words.ts';
import { running, viewOf } from './fake-deps.ts';

const scripts = ['words', 'api', 'grid', 'trying', 'start'];

test('the page is HTML with a policy, and everything it names is served from here', async () => {
  await running(async (at) => {
    const answer = await fetch(`${at.url}/`);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/html/);
    const html = await answer.text();
    const named = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
    assert.ok(named.length >= 3);
    for (const path of named) {
      assert.match(path, /^\/[a-z]/, 'no other site');
      assert.equal((await fetch(at.url + path)).status, 200, path);
    }
    for (const name of scripts) {
      const script = await fetch(`${at.url}/panel/${name}.js`);
      assert.equal(script.status, 200, name);
      assert.match(script.headers.get('content-type') ?? '', /^text\/javascript/);
      for (const [, path] of (await script.text()).matchAll(/from '\.\/([^']+)'/g)) {
        assert.equal((await fetch(`${at.url}/panel/${path}`)).status, 200, `${name} imports ${path}`);
      }
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

test('a hostile name reaches the page as JSON only: no script writes markup', async () => {
  await running(async (at) => {
    const name = '<img src=x onerror=alert(1)>';
    const remote = { number: '1', name, presentable: true };
    at.hub.put('1001', {
      displayName: name,
      dialogs: [{ id: 'x', phase: 'early', direction: 'recipient', holding: false, remote, since: 0 }],
    });
    assert.doesNotMatch(await (await fetch(`${at.url}/`)).text(), /onerror/);
    const api = await fetch(`${at.url}/api/v1/extensions/1001`);
    assert.match(api.headers.get('content-type') ?? '', /^application\/json/);
    assert.match(await api.text(), /onerror/);
    for (const script of scripts) {
      const text = await (await fetch(`${at.url}/panel/${script}.js`)).text();
      assert.doesNotMatch(
        text,
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc|\beval\b|new Function|setTimeout\(['"]/,
        script,
      );
    }
  });
});

test('a page that has not changed is not sent again', async () => {
  await running(async (at) => {
    const first = await fetch(`${at.url}/panel/start.js`);
    await first.text();
    const etag = first.headers.get('etag') ?? '';
    const again = await fetch(`${at.url}/panel/start.js`, { headers: { 'if-none-match': etag } });
    assert.equal(again.status, 304);
  });
});

interface Words {
  lampOf(extension: object): string;
  lampText(extension: object): string;
  whoText(remote: object): string;
  callText(call: object): string;
  keyText(feature: string, value: object): string;
  matches(extension: object, filter: string): boolean;
  placeText(extension: object, usual: string): string;
  factsText(extension: object): string;
  summaryText(count: number, busy: number, shown: number): string;
  emptyText(count: number, filter: string): string;
  eventReader(told: (event: { event: string; data: string }) => void): (piece: string) => void;
}

/** The script itself, as a browser would load it. */
async function load(): Promise<Words> {
  return (await import(`data:text/javascript,${encodeURIComponent(words)}`)) as Words;
}

test('the lamp shows the most urgent call, then do not disturb, then whether anybody is there', async () => {
  const { lampOf, lampText } = await load();
  const call = (state: string, direction: string, held = false): object => ({
    state,
    direction,
    held,
    remote: { number: '1', name: null },
  });
  const at = (dialogs: object[], more: object = {}): object => ({
    ...viewOf('1001'),
    registered: true,
    dialogs,
    ...more,
  });
  const dnd = { features: { ...viewOf('1').features, dnd: { enabled: true } } };
  assert.equal(lampOf(at([])), 'idle');
  assert.equal(lampOf(at([], { registered: false })), 'away');
  assert.equal(lampOf(at([], dnd)), 'dnd');
  assert.equal(lampOf(at([call('early', 'initiator')], dnd)), 'calling');
  assert.equal(lampOf(at([call('confirmed', 'recipient', true)])), 'held');
  assert.equal(lampOf(at([call('confirmed', 'recipient', true), call('confirmed', 'initiator')])), 'talking');
  assert.equal(lampOf(at([call('confirmed', 'initiator'), call('early', 'recipient')])), 'ringing');
  assert.equal(lampText(at([], { stale: true })), 'free (last known)');
});

test('the words for a call name the other side, or say that he withholds his number', async () => {
  const { whoText, callText, keyText, matches } = await load();
  assert.equal(whoText({ number: null, name: null }), 'number withheld');
  assert.equal(whoText({ number: '1002', name: 'Ann' }), 'Ann (1002)');
  assert.equal(whoText({ number: '1002', name: null }), '1002');
  assert.equal(whoText({ number: '0900', name: '\u202e)1001( nnA' }), ')1001( nnA (0900)', 'nothing is turned round');
  const remote = { number: '1002', name: null };
  assert.equal(callText({ state: 'early', direction: 'recipient', held: false, remote }), '1002 is calling');
  assert.equal(callText({ state: 'confirmed', direction: 'recipient', held: true, remote }), 'holds 1002');
  assert.equal(keyText('cfna', { enabled: true, target: '1003', ringCount: 4 }), '1003 (4)');
  assert.equal(keyText('cfa', { enabled: false, target: '1003' }), 'off');
  const view = { ...viewOf('1001'), ext: '1001', registered: true };
  assert.ok(matches(view, ' 100') && matches(view, 'FREE') && matches(view, ''));
  assert.ok(!matches(view, 'ringing'));
});

test('the domain is written behind numbers that are not of the default one, and can be searched for', async () => {
  const { placeText, matches } = await load();
  const view = { ...viewOf('1001'), ext: '1001', aor: '1001@tenant2.test' };
  assert.equal(placeText(view, 'tenant2.test'), '');
  assert.equal(placeText(view, 'tenant1.test'), '@tenant2.test');
  assert.equal(placeText({ ...view, ext: 'a@b', aor: 'a@b@tenant2.test' }, 'tenant1.test'), '@tenant2.test');
  assert.ok(matches(view, '1001@tenant2') && !matches(view, 'tenant1'));
});

test('events are read whole, wherever the network cuts them', async () => {
  const { eventReader } = await load();
  const stream =
    'retry: 2000\n: connected\n\nid: 1\ndata: {"ext":"1001"}\n\n: keep-alive\n\nid: 2\nevent: link\ndata: {"state":"up"}\n\n';
  for (let cut = 1; cut < stream.length; cut++) {
    const told: string[] = [];
    const read = eventReader(({ event, data }) => told.push(`${event} ${data}`));
    read(stream.slice(0, cut));
    read(stream.slice(cut));
    assert.deepEqual(told, ['message {"ext":"1001"}', 'link {"state":"up"}'], `cut at ${cut}`);
  }
});

test('counts are said in words that fit them, and a phone that is not registered is called so once', async () => {
  const { factsText, summaryText } = await load();
  const mailbox = { new: 1, old: 4, newUrgent: 0, oldUrgent: 0 };
  const at = (more: object): object => ({ ...viewOf('1001'), registered: true, subscriptions: 2, mailbox, ...more });
  assert.equal(factsText(at({})), 'registered · 1 new message · 2 subscriptions');
  assert.equal(factsText(at({ registered: false, mailbox: null, subscriptions: 1 })), '1 subscription');
  const dnd = { features: { ...viewOf('1').features, dnd: { enabled: true } } };
  assert.equal(factsText(at({ ...dnd, registered: false, mailbox: null })), 'not registered · 2 subscriptions');
  assert.equal(summaryText(1, 0, 1), '1 extension, 0 in calls');
  assert.equal(summaryText(9, 2, 3), '9 extensions, 2 in calls, 3 shown');
});

test('a page without a card says why: nothing fits the search, or nothing is known', async () => {
  const { emptyText } = await load();
  assert.match(emptyText(9, ' tenant9 '), /matches “tenant9”/);
  assert.match(emptyText(0, ''), /No extension is known.*domains of the configuration/);
});
