import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { describe, test } from 'node:test';
import { granted, refused } from '../../../src/model/outcome.ts';
import { off, running } from '../../ops/fake-deps.ts';
import { cells, foreign, typed } from './typed.ts';

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
      ['set', '1001', 'cfna', 'on', '1002', '--rings', '0'],
      ['set', '1001', 'cfna', 'on', '1002', '--rings', '21'],
      ['set', '1001', 'cfa', 'on', '1002', '1003'],
    ];
    for (const words of lines) {
      const { code, err } = await typed([...words, '--url', 'http://127.0.0.1:9']);
      assert.equal(code, 64, `${words.join(' ')}: ${err}`);
    }
  });

  test('rings that are too many are refused in words that say how many there may be', async () => {
    const { err } = await typed(['set', '1001', 'cfna', 'on', '1002', '--rings', '400', '--url', 'http://127.0.0.1:9']);
    assert.match(err, /Expected 1 to 20 rings/);
    assert.doesNotMatch(err, /ringCount|invalid-body/);
    assert.match((await typed(['set', '--help'])).out, /--rings <count> +rings before cfna forwards, 1 to 20/);
  });

  test('an extension that is none is refused by the daemon', () =>
    running(async ({ url, wishes }) => {
      assert.equal((await typed(['set', '1999', 'dnd', 'on', '--url', url])).code, 1);
      assert.equal((await typed(['set', '../../rpc?', 'dnd', 'on', '--url', url])).code, 1);
      assert.deepEqual(wishes, []);
    }));
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
      const alone = await typed(['provision', 'yealink', '--url', url]);
      assert.deepEqual([alone.code, /expected an extension/.test(alone.err)], [64, true]);
      const nokia = await typed(['provision', 'nokia', '--url', url]);
      assert.deepEqual([nokia.code, nokia.err], [1, 'no vendor is called nokia; there are yealink\n']);
    });
    asked.length = 0;
    const body = { vendor: 'yealink', ext: '10/01', text: 'a = 1\n\n\tb = \u001b[2J2\n', notes: ['restart it\u0007'] };
    await foreign(saying(200, body), async (url) => {
      const { code, out, err } = await typed(['provision', 'yealink', '10/01', '--url', url]);
      assert.deepEqual([code, out, err], [0, 'a = 1\n\n\tb = ?[2J2\n', 'note: restart it?\n']);
      assert.deepEqual(asked, ['GET /api/v1/provision/yealink/10%2F01']);
      asked.length = 0;
      const wished = [
        '--lamps',
        '1002,park+701',
        '--way',
        'inline',
        '--transport',
        'tcp',
        '--list',
        'a&b',
        '--pickup',
        '*8',
      ];
      await typed(['provision', 'yealink', '1001', ...wished, '--url', url]);
      assert.deepEqual(asked, [
        'GET /api/v1/provision/yealink/1001?transport=tcp&lamps=1002%2Cpark%2B701&list=a%26b&way=inline&pickup=*8',
      ]);
      assert.equal((await typed(['provision', 'yealink', '1001', '--way', 'up', '--url', url])).code, 64);
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
