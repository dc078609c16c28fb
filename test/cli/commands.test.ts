import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { describe, test } from 'node:test';
import { aorOf } from '../../src/model/aor.ts';
import type { AuditRow } from '../../src/model/audit.ts';
import { granted, refused } from '../../src/model/outcome.ts';
import type { DialogView, SubscriptionView } from '../../src/model/views.ts';
import { domain, off, running, viewOf } from '../ops/fake-deps.ts';
import { cells, foreign, typed } from './typed.ts';

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

describe('lamplighter set', () => {
  test('wishes as the key of a phone does, and says what the PBX then holds', () =>
    running(async ({ url, wishes }) => {
      const { code, out, err } = await typed(['set', '1001', 'cfna', 'on', '1002', '--rings', '4', '--url', url]);
      assert.deepEqual([code, err], [0, '']);
      assert.deepEqual(cells(out), [
        ['EXT', 'FEATURE', 'STATE'],
        ['1001', 'cfna', 'on:1002/4'],
      ]);
      const [wish] = wishes;
      assert.deepEqual([wish?.enabled, wish?.target, wish?.ringCount], [true, '1002', 4]);
      assert.equal(wish?.origin.kind, 'cli');
      await typed(['set', '1001', 'dnd', 'off', '--url', url]);
      assert.deepEqual([wishes[1]?.feature, wishes[1]?.enabled], ['dnd', false]);
    }));

  test('says what the PBX holds, not what was wished', () =>
    running(async (at) => {
      at.verdict = () => ({ decision: 'granted', refusal: null, state: { ...off, enabled: true, target: '1003' } });
      assert.deepEqual(cells((await typed(['set', '1001', 'cfa', 'on', '1002', '--url', at.url])).out)[1], [
        ...['1001', 'cfa', 'on:1003'],
      ]);
    }));

  test('a refusal says why and what stands, and ends with 1; so does --json, in the words of the API', () =>
    running(async (at) => {
      at.verdict = () => ({
        decision: 'refused',
        refusal: { code: 'external-target', message: 'outside numbers\u001b[1m are not allowed', status: 403 },
        state: { ...off, target: '1003' },
      });
      const words = ['set', '1001', 'cfa', 'on', '0301234567', '--url', at.url];
      const { code, out, err } = await typed(words);
      assert.equal(code, 1);
      assert.deepEqual(cells(out)[1], ['1001', 'cfa', 'off:1003']);
      assert.match(
        err,
        /^refused: outside numbers\?\[1m are not allowed \(external-target\); the PBX holds what it held\n$/,
      );
      const json = await typed([...words, '--json']);
      assert.equal(json.code, 1);
      const body = JSON.parse(json.out) as { error: { code: string }; feature: { target: string } };
      assert.deepEqual([body.error.code, body.feature.target], ['external-target', '1003']);
    }));

  test('what makes no sense is refused before anybody is asked', async () => {
    const lines = [
      ['set', '1001', 'dnd', 'maybe'],
      ['set', '1001', 'cfx', 'on'],
      ['set', '1001', 'dnd'],
      ['set', '1001', 'dnd', 'on', '1002'],
      ['set', '1001', 'cfa', 'on', '1002', '--rings', '3'],
      ['set', '1001', 'cfna', 'on', '--rings', 'many'],
      ['set', '1001', 'cfa', 'on', '1002', '1003'],
    ];
    for (const words of lines) {
      const { code, err } = await typed([...words, '--url', 'http://127.0.0.1:9']);
      assert.equal(code, 64, `${words.join(' ')}: ${err}`);
    }
  });

  test('an extension that is none, and rings that are too many, are refused by the daemon', () =>
    running(async ({ url, wishes }) => {
      assert.equal((await typed(['set', '1999', 'dnd', 'on', '--url', url])).code, 1);
      assert.equal((await typed(['set', '1001', 'cfna', 'on', '1002', '--rings', '99', '--url', url])).code, 1);
      assert.equal((await typed(['set', '../../rpc?', 'dnd', 'on', '--url', url])).code, 1);
      assert.deepEqual(wishes, []);
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

describe('lamplighter reload, log-level and provision', () => {
  const asked: string[] = [];
  /** A daemon that says this to everything but its health, and notes what it was asked. */
  const saying =
    (status: number, body: unknown): RequestListener =>
    (request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };

  test('reload names what changed and what needs a restart', async () => {
    const body = {
      applied: ['features.policy', 'log.level\u001b[2J'],
      requiresRestart: ['sip.listen'],
      unchanged: false,
    };
    await foreign(saying(200, body), async (url) => {
      const { code, out, err } = await typed(['reload', '--url', url]);
      assert.equal(code, 0);
      assert.equal(out, 'applied  features.policy\napplied  log.level?[2J\nrestart  sip.listen\n');
      assert.match(err, /restarted: systemctl restart lamplighter/);
      assert.deepEqual(JSON.parse((await typed(['reload', '--json', '--url', url])).out), body);
    });
  });

  test('a configuration that is wrong is told as check-config does, with 2, and nothing was changed', async () => {
    const problem = {
      path: 'domian',
      file: '/etc/l.yaml',
      line: 3,
      variable: null,
      message: 'unknown',
      nearest: 'domain',
    };
    const other = { ...problem, file: null, line: null, variable: 'LAMPLIGHTER_X', path: 'x', nearest: null };
    const body = { error: { code: 'config-invalid', message: 'no' }, problems: [problem, other] };
    await foreign(saying(422, body), async (url) => {
      const { code, out, err } = await typed(['reload', '--url', url]);
      assert.deepEqual([code, out], [2, '']);
      assert.deepEqual(err.split('\n').slice(0, 3), [
        '/etc/l.yaml:3: domian: unknown (did you mean domain?)',
        'LAMPLIGHTER_X: x: unknown',
        'nothing was changed: the daemon runs on with what it had',
      ]);
      const json = await typed(['reload', '--json', '--url', url]);
      assert.deepEqual([json.code, JSON.parse(json.out)], [2, body]);
    });
  });

  test('reload and log-level that a daemon cannot do are refused with 1', () =>
    running(async ({ url }) => {
      for (const words of [['reload'], ['reload', '--json'], ['log-level'], ['log-level', 'debug']]) {
        const { code, err } = await typed([...words, '--url', url]);
        assert.equal(code, 1, words.join(' '));
        assert.notEqual(err, '');
      }
    }));

  test('provision lists vendors, or prints the snippet alone, fit for a file, and its notes beside it', async () => {
    await foreign(saying(200, [{ vendor: 'yealink', name: 'T4x, T5x' }]), async (url) => {
      assert.deepEqual(cells((await typed(['provision', '--url', url])).out), [
        ['VENDOR', 'PHONES'],
        ['yealink', 'T4x, T5x'],
      ]);
    });
    asked.length = 0;
    const body = { vendor: 'yealink', ext: '10/01', text: 'a = 1\n\n\tb = \u001b[2J2\n', notes: ['restart it\u0007'] };
    await foreign(saying(200, body), async (url) => {
      const { code, out, err } = await typed(['provision', 'yealink', '10/01', '--url', url]);
      assert.deepEqual([code, out, err], [0, 'a = 1\n\n\tb = ?[2J2\n', 'note: restart it?\n']);
      assert.deepEqual(asked, ['GET /api/v1/provision/yealink/10%2F01']);
      assert.equal((await typed(['provision', 'yealink', '--url', url])).code, 64);
    });
    const unknown = {
      error: { code: 'unknown-vendor', message: 'no vendor is called yaelink: did you mean yealink?' },
    };
    await foreign(saying(404, unknown), async (url) => {
      const { code, err } = await typed(['provision', 'yaelink', '1001', '--url', url]);
      assert.deepEqual([code, err], [1, `${unknown.error.message}\n`]);
    });
  });
});

describe('lamplighter simulate and check-sync', () => {
  test('simulate does what its words say, and prints the ID of a call for the next step', async () => {
    const bodies: unknown[] = [];
    const serve: RequestListener = (request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      request.on('end', () => {
        bodies.push([request.url?.replace('/api/v1/simulator/', ''), JSON.parse(text)]);
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(request.url?.endsWith('call') ? '{"id":"call-1"}' : '{"ok":true}');
      });
    };
    await foreign(serve, async (url) => {
      const call = await typed(['simulate', 'call', '1001', '1002', 'Ann Smith', '--url', url]);
      assert.deepEqual([call.code, call.out], [0, 'call-1\n']);
      for (const words of ['hold call-1 1001', 'register 1003 off', 'mailbox 1001 2']) {
        const { code, out } = await typed(['simulate', ...words.split(' '), '--url', url]);
        assert.deepEqual([code, out], [0, ''], words);
      }
      assert.deepEqual(bodies, [
        ['call', { from: '1001', to: '1002', fromName: 'Ann Smith' }],
        ['hold', { id: 'call-1', by: '1001' }],
        ['register', { ext: '1003', registered: false }],
        ['mailbox', { ext: '1001', new: 2, old: 0 }],
      ]);
      for (const words of [
        'call 1001',
        'answer a b',
        'register 1001 maybe',
        'mailbox 1001 many',
        'transfer 1',
        'call',
      ]) {
        assert.equal((await typed(['simulate', ...words.split(' '), '--url', url])).code, 64, words);
      }
      assert.equal(bodies.length, 4);
    });
  });

  test('simulate is refused where the PBX is a real one', () =>
    running(async ({ url }) => {
      const { code, err } = await typed(['simulate', 'call', '1001', '1002', '--url', url]);
      assert.equal(code, 1);
      assert.match(err, /the PBX is a real one/);
    }));

  test('check-sync says which phones were told, or why none', () => {
    const orders: unknown[] = [];
    const phone = { contact: 'sip:1001@192.0.2.9', userAgent: 'P\u001b[2J', source: 'udp:192.0.2.9:5060', answer: 200 };
    return running(
      async ({ url }) => {
        const { code, out } = await typed(['check-sync', '1001', '--reboot', '--url', url]);
        assert.equal(code, 0);
        assert.deepEqual(cells(out)[1], ['udp:192.0.2.9:5060', '200', 'sip:1001@192.0.2.9', 'P?[2J']);
        assert.deepEqual(orders, [['check-sync', true]]);
        const none = await typed(['check-sync', '1002', '--url', url]);
        assert.deepEqual([none.code, none.err], [1, 'no phone is there\n']);
        assert.equal((await typed(['check-sync', '1999', '--url', url])).code, 1);
        assert.equal((await typed(['check-sync', '1001', '--event', 'explode', '--url', url])).code, 1);
      },
      {
        phoneOrders: {
          events: ['check-sync'],
          send: async ({ aor, event, reboot }) => {
            if (aor.startsWith('1002')) return refused('no-phone', 'no phone is there');
            orders.push([event, reboot]);
            return granted({ via: 'subscriptions', event, phones: [phone] });
          },
        },
      },
    );
  });
});
