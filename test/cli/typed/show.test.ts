import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aorOf } from '../../../src/model/aor.ts';
import type { AuditRow } from '../../../src/model/audit.ts';
import type { DialogView, SubscriptionView } from '../../../src/model/views.ts';
import { domain, off, running, viewOf } from '../../ops/fake-deps.ts';
import { answering, cells, foreign, typed } from './typed.ts';

const then = Date.UTC(2026, 10, 22, 3, 10, 30);

const ringing: DialogView = {
  id: 'one',
  phase: 'early',
  direction: 'recipient',
  holding: false,
  remote: { number: '0301234', name: 'Bob  \u001b[31mevil\u202e', presentable: true } as DialogView['remote'],
  since: then,
};

function subscription(id: number, ext: string, watcher: string): SubscriptionView {
  return {
    id,
    aor: aorOf(ext, domain),
    event: 'dialog',
    eventId: null,
    watcher: aorOf(watcher, domain),
    device: 'd',
    userAgent: 'Phone 1.0 (two  spaces)',
    source: 'udp:192.0.2.1:5060',
    createdAt: then,
    expiresAt: Date.now() + 600_000,
    lastNotifyAt: then,
    lastStatus: 200,
    notifies: 3,
  };
}

describe('lamplighter ext', () => {
  test('lists the extensions, a line each', () =>
    running(async ({ url, hub, subscriptions }) => {
      hub.put('1001', {
        dialogs: [ringing],
        displayName: 'Ann\u009b1m  Smith',
        mailbox: { new: 2, old: 1, newUrgent: 1, oldUrgent: 0 },
        features: { ...viewOf('0').features, cfa: { ...off, enabled: true, target: '1002' } },
      });
      hub.put('1002', { contacts: 0 });
      subscriptions.push(subscription(1, '1001', '1002'));
      const { code, out, err } = await typed(['ext', '--url', url]);
      assert.deepEqual([code, err], [0, '']);
      assert.deepEqual(cells(out), [
        ['EXT', 'STATE', 'REGISTERED', 'CALLS', 'DND', 'CFA', 'CFB', 'CFNA', 'NEW', 'SUBS', 'AGENT', 'STALE', 'NAME'],
        ['1001', 'ringing', 'yes', '1', 'off', 'on:1002', 'off', 'off', '3', '1', '-', '-', 'Ann?1m Smith'],
        ['1002', 'away', 'no', '0', 'off', 'off', 'off', 'off', '-', '0', '-', '-', '-'],
      ]);
      const bare = await typed(['ext', '1002', '--no-header', '--url', url]);
      assert.deepEqual(
        cells(bare.out).map((row) => row[0]),
        ['1002'],
      );
    }));

  test('--json prints what the API says, one extension as an object', () =>
    running(async ({ url }) => {
      const all = await typed(['ext', '--json', '--url', url]);
      const answer: unknown = await (await fetch(`${url}/api/v1/extensions`)).json();
      assert.deepEqual(JSON.parse(all.out), answer);
      const one = JSON.parse((await typed(['ext', '1001', '--json', '--url', url])).out) as { ext: string };
      assert.equal(one.ext, '1001');
    }));

  test('an extension that the PBX does not have is said on standard error, with 1', () =>
    running(async ({ url }) => {
      const { code, out, err } = await typed(['ext', '1999', '--url', url]);
      assert.deepEqual([code, out], [1, '']);
      assert.match(err, /^the PBX has no extension 1999\n$/);
    }));

  test('no extensions at all: standard output stays empty, and why is said', () =>
    running(async ({ url, hub }) => {
      hub.views.clear();
      const { code, out, err } = await typed(['ext', '--url', url]);
      assert.deepEqual([code, out], [0, '']);
      assert.match(err, /^no extension is known: /);
    }));
});

describe('a PBX that is down', () => {
  const away = async (use: (url: string) => Promise<void>) =>
    running(async ({ url, hub }) => {
      hub.put('1001', { stale: true, dialogs: [ringing] });
      hub.put('1002', { stale: true });
      hub.linkIs('down', 'ECONNREFUSED\u001b[2J');
      await use(url);
    });
  const told = /PBX demo is down since 2023-11-14T22:13:20Z \(ECONNREFUSED\?\[2J\): .*stale\)\n$/;

  test('is named on the last line, and the last truth is marked stale', () =>
    away(async (url) => {
      for (const command of ['ext', 'features', 'dialogs']) {
        const { code, out, err } = await typed([command, '--url', url]);
        assert.equal(code, 0, err);
        const [titles = [], row = []] = cells(out);
        assert.equal(row[titles.indexOf('STALE')], 'stale', `${command}: ${out}`);
        assert.match(err, told, command);
      }
    }));

  test('is named beside lists that a PBX has no part in, and beside JSON', () =>
    away(async (url) => {
      for (const words of [['subs'], ['ext', '--json'], ['renotify', '1001']]) {
        const { code, err } = await typed([...words, '--url', url]);
        assert.equal(code, 0, err);
        assert.match(err, told, words.join(' '));
      }
    }));

  test('links says since when and why, and ends with 1', () =>
    away(async (url) => {
      const { code, out } = await typed(['links', '--url', url]);
      assert.equal(code, 1);
      assert.deepEqual(cells(out)[1], ['demo', 'down', '2023-11-14T22:13:20Z', 'ECONNREFUSED?[2J']);
      assert.equal((await typed(['links', '--json', '--url', url])).code, 1);
    }));

  test('a wish that it cannot take is refused, and the PBX is named', () =>
    running(async (at) => {
      at.hub.linkIs('down', 'ECONNREFUSED');
      at.verdict = () => ({
        decision: 'failed',
        refusal: { code: 'pbx-away', message: 'the PBX is away', status: 503 },
        state: { ...off, enabled: true },
      });
      const { code, out, err } = await typed(['set', '1001', 'dnd', 'off', '--url', at.url]);
      assert.equal(code, 1);
      assert.deepEqual(cells(out)[1], ['1001', 'dnd', 'on']);
      assert.match(err, /^refused: the PBX is away \(pbx-away\); the PBX holds what it held\nPBX demo is down since /);
    }));

  test('of a PBX that was never reached nothing is said to be off, away or as last seen', () =>
    running(async (at) => {
      at.hub.linkIs('down', 'ECONNREFUSED');
      const features = { ...viewOf('1001').features, cfa: { ...off, target: '1002', rev: 3 } };
      at.hub.put('1001', { stale: true, untold: true, contacts: 0, features });
      at.verdict = () => ({
        decision: 'failed',
        refusal: { code: 'pbx-away', message: 'the PBX is away', status: 503 },
        state: off,
      });
      const { code, out, err } = await typed(['set', '1001', 'dnd', 'on', '--url', at.url]);
      assert.equal(code, 1);
      assert.deepEqual(cells(out)[1], ['1001', 'dnd', '-']);
      assert.match(err, /^refused: the PBX is away \(pbx-away\); what the PBX holds is not known\n/);
      assert.match(err, /its extensions are not known yet\n$/);
      const one = await typed(['ext', '1001', '--url', at.url]);
      const [, state, registered, , dnd, cfa, cfb, cfna] = cells(one.out)[1] ?? [];
      assert.deepEqual(
        [state, registered, dnd, cfa, cfb, cfna],
        ['-', '-', '-', 'off:1002', '-', '-'],
        'but what is remembered',
      );
      assert.doesNotMatch(one.err, /as last seen/);
      const held = await typed(['features', '1001', '--url', at.url]);
      assert.deepEqual(cells(held.out)[1]?.slice(1, 3), ['-', 'off:1002']);
      at.hub.views.clear();
      const none = await typed(['ext', '--url', at.url]);
      assert.match(none.err, /^no extension is known/);
      assert.match(none.err, /its extensions are not known yet\n$/);
    }));

  test('nothing of what somebody else answers in place of a daemon is obeyed by the terminal', () => {
    const links = [{ source: 'a\u001b[2J', state: '\u001b[2Jdown', reason: '\u202e', since: 'x\u001b[2J' }];
    const other = answering({ '/api/v1/status': { domain: '\u001b[2J', links }, '/api/v1/extensions': [] });
    return foreign(other, async (url) => {
      const { err } = await typed(['ext', '--url', url]);
      assert.match(err, /PBX a\?\[2J is \?\[2Jdown since an unknown time \(\?\)/);
    });
  });

  test('links ends with 0 where all are up', () =>
    running(async ({ url }) => {
      assert.equal((await typed(['links', '--url', url])).code, 0);
    }));
});

describe('lamplighter features and dialogs', () => {
  test('features shows targets and rings, kept ones too, and - for what a user does not have', () =>
    running(async ({ url, hub }) => {
      hub.put('1001', {
        features: {
          dnd: { ...off, enabled: true },
          cfa: { ...off, target: '1002' },
          cfb: { ...off, assigned: false },
          cfna: { ...off, enabled: true, target: '+49301234', ringCount: 4 },
        },
      });
      const { out } = await typed(['features', '1001', '--url', url]);
      assert.deepEqual(cells(out), [
        ['EXT', 'DND', 'CFA', 'CFB', 'CFNA', 'STALE'],
        ['1001', 'on', 'off:1002', '-', 'on:+49301234/4', '-'],
      ]);
    }));

  test("dialogs has a line for each call; a caller's name cannot do anything to the terminal", () =>
    running(async ({ url, hub }) => {
      hub.put('1001', { dialogs: [ringing, { ...ringing, id: 'two', phase: 'confirmed', holding: true }] });
      const { code, out } = await typed(['dialogs', '--url', url]);
      assert.equal(code, 0);
      assert.deepEqual(cells(out), [
        ['EXT', 'STATE', 'DIRECTION', 'SINCE', 'STALE', 'NUMBER', 'NAME'],
        ['1001', 'ringing', 'recipient', '2026-11-22T03:10:30Z', '-', '0301234', 'Bob ?[31mevil?'],
        ['1001', 'held', 'recipient', '2026-11-22T03:10:30Z', '-', '0301234', 'Bob ?[31mevil?'],
      ]);
      const none = await typed(['dialogs', '1002', '--url', url]);
      assert.deepEqual([none.code, none.out, none.err], [0, '', 'no calls\n']);
      assert.equal((await typed(['dialogs', '1999', '--url', url])).code, 1);
    }));
});

describe('lamplighter subs, renotify and kick', () => {
  test('subs lists who watches what, by what is watched or by who watches', () =>
    running(async ({ url, subscriptions }) => {
      subscriptions.push(subscription(7, '1001', '1002'), subscription(8, '1002', '1001'));
      const { out } = await typed(['subs', '--url', url]);
      const [titles, first] = cells(out);
      assert.deepEqual(titles, [
        ...['ID', 'EXT', 'EVENT', 'WATCHER', 'SOURCE', 'EXPIRES', 'NOTIFIES', 'LAST-NOTIFY', 'ANSWER', 'USER-AGENT'],
      ]);
      assert.deepEqual(first?.slice(0, 5), ['7', '1001', 'dialog', '1002', 'udp:192.0.2.1:5060']);
      assert.match(first?.[5] ?? '', /^(60[01]|59\d)s$/);
      assert.deepEqual(first?.slice(6), ['3', '2026-11-22T03:10:30Z', '200', 'Phone 1.0 (two spaces)']);
      const ids = async (...words: string[]) =>
        cells((await typed(['subs', ...words, '--no-header', '--url', url])).out).map(([id]) => id);
      assert.deepEqual(await ids('1002'), ['8']);
      assert.deepEqual(await ids('--watcher', '1002'), ['7']);
      assert.deepEqual(await ids('--watcher', `1001@${domain}`), ['8']);
      const json = await typed(['subs', '--watcher', '1002', '--json', '--url', url]);
      assert.deepEqual(
        (JSON.parse(json.out) as { id: number }[]).map(({ id }) => id),
        [7],
      );
      assert.equal((await typed(['subs', '1999', '--url', url])).code, 1, 'no such extension');
    }));

  test('renotify tells all who watch an extension; a number that is none is the ID of a subscription', () =>
    running(async ({ url, subscriptions, told }) => {
      subscriptions.push(
        subscription(7, '1001', '1002'),
        subscription(8, '1001', '1001'),
        subscription(1002, '1001', '1002'),
      );
      const { code, out } = await typed(['renotify', '1001', '--url', url]);
      assert.equal(code, 0);
      assert.deepEqual(told, [7, 8, 1002]);
      assert.deepEqual(
        cells(out)
          .slice(1)
          .map(([id]) => id),
        ['7', '8', '1002'],
      );
      told.length = 0;
      assert.equal((await typed(['renotify', '8', '--url', url])).code, 0);
      assert.deepEqual(told, [8]);
      const none = await typed(['renotify', '1002', '--url', url]);
      assert.deepEqual([none.code, none.err], [0, 'nobody watches 1002\n'], 'an extension comes first');
      await typed(['renotify', '--id', '1002', '--url', url]);
      assert.deepEqual(told, [8, 1002]);
      const absent = await typed(['renotify', '1999', '--url', url]);
      assert.deepEqual([absent.code, absent.err], [1, 'there is neither an extension nor a subscription 1999\n']);
      assert.equal((await typed(['renotify', '--id', '1001', '--url', url])).code, 1);
    }));

  test('kick ends what there is, says what there is not, and then ends with 1', () =>
    running(async ({ url, subscriptions, removed }) => {
      subscriptions.push(subscription(7, '1001', '1002'), subscription(8, '1001', '1002'));
      const both = await typed(['kick', '7', '99', '8', '--url', url]);
      assert.deepEqual([both.code, both.out], [1, '7 ended\n8 ended\n']);
      assert.match(both.err, /^there is no subscription 99\n$/);
      assert.deepEqual(removed, [7, 8]);
      const json = await typed(['kick', '7', '--json', '--url', url]);
      assert.deepEqual([json.code, JSON.parse(json.out)], [0, { ended: ['7'] }]);
      assert.equal((await typed(['kick', '../extensions', '--url', url])).code, 1);
    }));
});

describe('lamplighter audit and phones', () => {
  test('audit has the latest at the end, and what became of a wish', () =>
    running(async ({ url, audit }) => {
      const origin = { kind: 'phone', who: '1001', from: 'udp:192.0.2.1:5060', userAgent: null } as const;
      const row = { at: then, aor: aorOf('1001', domain), feature: 'cfa', origin, before: off } as const;
      const wished = { ...off, enabled: true, target: '0900' };
      audit.push(
        { ...row, at: then + 1000, after: off, wished, decision: 'refused', reason: 'premium: no\u001b[2J' },
        { ...row, after: { ...wished, target: '1002' }, wished: null, decision: 'observed', reason: null },
      ) satisfies number;
      const { out } = await typed(['audit', '1001', '--url', url]);
      assert.deepEqual(cells(out).slice(1), [
        [...'2026-11-22T03:10:30Z 1001 cfa off on:1002 - observed phone 1001 udp:192.0.2.1:5060 -'.split(' ')],
        [
          ...'2026-11-22T03:10:31Z 1001 cfa off off on:0900 refused phone 1001 udp:192.0.2.1:5060'.split(' '),
          'premium: no?[2J',
        ],
      ]);
      const json = JSON.parse((await typed(['audit', '--json', '--limit', '1', '--url', url])).out) as AuditRow[];
      assert.deepEqual(
        json.map(({ decision }) => decision),
        ['refused'],
        'as the API has it, the latest first',
      );
      assert.equal((await typed(['audit', '--limit', '0', '--url', url])).code, 1);
      assert.equal((await typed(['audit', '1999', '--url', url])).code, 1);
    }));

  test('phones says whom it means by phones where there are none', () =>
    running(async ({ url }) => {
      const { code, out, err } = await typed(['phones', '--url', url]);
      assert.deepEqual([code, out], [0, '']);
      assert.match(err, /only inline/);
    }));

  test('phones lists them with where they are', () =>
    running(
      async ({ url }) => {
        const { out } = await typed(['phones', '1001', '--url', url]);
        const [titles, row] = cells(out);
        assert.deepEqual(titles?.slice(0, 4), ['EXT', 'SOURCE', 'TRANSPORT', 'REACHABLE']);
        assert.deepEqual(row?.slice(0, 5), ['1001', 'udp:192.0.2.9:5060', 'udp', 'yes', '2026-11-22T03:10:30Z']);
        assert.deepEqual(row?.slice(6), ['sip:1001@192.0.2.9', 'Phone ?[2J']);
      },
      {
        phones: {
          list: () => [
            {
              aor: aorOf('1001', domain),
              contact: 'sip:1001@192.0.2.9',
              source: 'udp:192.0.2.9:5060',
              transport: 'udp',
              userAgent: 'Phone \u001b[2J',
              since: then,
              expiresAt: Date.now() + 60_000,
              reachable: true,
            },
          ],
        },
      },
    ));
});
