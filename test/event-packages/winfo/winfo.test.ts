import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { WatcherEntry } from '../../../src/event-packages/event-package.ts';
import { winfoOf } from '../../../src/event-packages/winfo/winfo.ts';
import { aorOf } from '../../../src/model/aor.ts';
import { renderRequest, resourceView } from '../arbitraries.ts';
import { requestWith, viewWith } from '../views.ts';
import { validWatcherInfo } from './schema.ts';

const type = 'application/watcherinfo+xml';
const presence = winfoOf('presence');

function entry(id: number, user: string | null, more: Partial<WatcherEntry> = {}): WatcherEntry {
  const watcher = user === null ? null : aorOf(user, 'example.net');
  return { id, watcher, subscribedFor: 509, expiresIn: 3091, ...more };
}

function render(watchers: readonly WatcherEntry[], version = 0, entity = 'sip:professor@example.net', pkg = presence) {
  const { bodies, shown } = pkg.render(viewWith(), requestWith({ contentType: type, version, entity, watchers }));
  const active = watchers.slice(-300).map(({ id }) => String(id));
  assert.deepEqual([bodies.length, bodies[0]?.contentType, shown], [1, type, active]);
  const xml = bodies[0]!.content;
  return { xml, list: validWatcherInfo(xml).children[0]! };
}

describe('watcher information', () => {
  it('W38-01: is a full document like that of RFC 3858 5, byte by byte', () => {
    assert.equal(
      render([entry(7, 'userA'), entry(9, 'userB', { subscribedFor: 0 })]).xml,
      `<?xml version="1.0" encoding="UTF-8"?>
<watcherinfo xmlns="urn:ietf:params:xml:ns:watcherinfo" version="0" state="full"><watcher-list resource="sip:professor@example.net" package="presence"><watcher id="7" status="active" event="subscribe" duration-subscribed="509" expiration="3091">sip:userA@example.net</watcher><watcher id="9" status="active" event="subscribe" duration-subscribed="0" expiration="3091">sip:userB@example.net</watcher></watcher-list></watcherinfo>`,
    );
  });

  it('W38-01: names its package, the resource as subscribed, and its version', () => {
    const entity = 'sip:1001@Lamplighter.TEST;x="&<>"';
    const { list, xml } = render([], 41, entity, winfoOf('dialog'));
    assert.equal(list.attributes.get('package'), 'dialog');
    assert.equal(list.attributes.get('resource'), entity);
    assert.match(xml, /version="41" state="full"/);
  });

  it('of a user whom nobody watches is an empty list', () => {
    assert.equal(render([]).list.children.length, 0);
  });

  it('has each subscription, of one watcher too, and one without a name as anonymous', () => {
    const { list } = render([entry(1, 'a'), entry(2, 'a'), entry(3, null)]);
    assert.deepEqual(
      list.children.map(({ text }) => text),
      ['sip:a@example.net', 'sip:a@example.net', 'sip:anonymous@anonymous.invalid'],
    );
  });

  it('W38-01: tells of one who has left, and why, to those who knew him, once', () => {
    const left = [
      { id: 7, watcher: aorOf('userA', 'example.net'), subscribedFor: 600, event: 'timeout' },
      { id: 8, watcher: null, subscribedFor: 1, event: 'deactivated' },
    ] as const;
    const told = (shown: readonly string[]) => {
      const request = requestWith({ contentType: type, watchers: [entry(9, 'userB')], left, shown });
      const { bodies, shown: after } = presence.render(viewWith(), request);
      const [list] = validWatcherInfo(bodies[0]!.content).children;
      const rows = list!.children.map(({ attributes, text }) =>
        ['id', 'status', 'event', 'duration-subscribed', 'expiration']
          .map((name) => attributes.get(name) ?? '-')
          .concat(text)
          .join(' '),
      );
      return { rows, after };
    };
    const userB = '9 active subscribe 509 3091 sip:userB@example.net';
    assert.deepEqual(told(['7', '9']), {
      rows: ['7 terminated timeout 600 - sip:userA@example.net', userB],
      after: ['9'],
    });
    assert.deepEqual(told(['8', '7']).rows.length, 3);
    assert.match(told(['8']).rows[0] ?? '', /^8 terminated deactivated 1 - sip:anonymous@anonymous\.invalid$/);
    assert.deepEqual(told(['9']).rows, [userB], 'told before');
    assert.deepEqual(told([]).rows, [userB], 'never known');
  });

  it('of very many has the youngest 300, in less than a datagram', () => {
    const { list, xml } = render(Array.from({ length: 1000 }, (_, id) => entry(id, `user-${id}`)));
    assert.equal(list.children.length, 300);
    assert.equal(list.children.at(-1)?.attributes.get('id'), '999');
    assert.ok(Buffer.byteLength(xml) < 60_000);
  });

  it('is valid whatever watchers and resources are called', () => {
    fc.assert(
      fc.property(resourceView, renderRequest([type], []), (view, request) => {
        const watchers = request.watchers.filter((one, at, all) => all.findIndex(({ id }) => id === one.id) === at);
        const [body] = presence.render(view, { ...request, watchers }).bodies;
        const [list] = validWatcherInfo(body?.content ?? '').children;
        const ids = watchers.map(({ id }) => String(id));
        const ended = (request.left ?? []).map(({ id }) => String(id)).filter((id) => !ids.includes(id));
        const told = ended.filter((id) => request.shown.includes(id));
        assert.equal(list?.children.length, watchers.length + told.length);
      }),
    );
  });
});
