import assert from 'node:assert/strict';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { asterisk } from '../../../adapters/asterisk/asterisk.ts';
import { asteriskOptions } from '../../../adapters/asterisk/options.ts';
import type { Finding } from '../../../src/model/check.ts';
import { systemClock } from '../../../src/model/clock.ts';
import { systemRandom } from '../../../src/model/random.ts';
import { silentLogger } from '../../support/silent-logger.ts';
import { FakeAmi } from './fake-ami.ts';
import { FakeAri } from './fake-ari.ts';
import { rig } from './rig.ts';

const deadlineMs = 20_000;

interface Fakes {
  readonly ari: FakeAri;
  readonly ami: FakeAmi;
}

interface Asked {
  readonly ari?: object | null;
  readonly ami?: object | null;
  readonly more?: object;
}

/** A whole FreePBX in small. */
async function fakes(): Promise<Fakes> {
  const [ari, ami] = [new FakeAri(), new FakeAmi()];
  await ari.listen();
  await ami.listen();
  for (const ext of ['1001', '1002']) ami.database.set(`AMPUSER/${ext}/device`, ext);
  return { ari, ami };
}

/** What an adapter finds that was never started, before this Asterisk. */
async function found(spoil: (it: Fakes) => unknown, asked: Asked = {}): Promise<readonly Finding[]> {
  const it = await fakes();
  try {
    await spoil(it);
    const { ari, ami } = it;
    const options = asteriskOptions.parse({
      ...(asked.ari === null
        ? {}
        : { ari: { url: ari.url, username: ari.username, password: ari.password, ...asked.ari } }),
      ...(asked.ami === null
        ? {}
        : { ami: { port: ami.port, username: ami.username, password: ami.password, ...asked.ami } }),
      ...asked.more,
    });
    const settings = { name: 'main', domain: 'lab.test', domains: [{ name: 'lab.test', aliases: [] }], options };
    const adapter = asterisk(
      { ...settings, remembered: [] },
      { clock: systemClock, random: systemRandom, logger: silentLogger },
    );
    const findings = await adapter.checks!(deadlineMs);
    for (const end = Date.now() + 10_000; ami.connections + ari.streams > 0; ) {
      assert.ok(Date.now() < end, 'somebody stays connected');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.ok(
      findings.every(({ fix, level }) => (fix === null) === (level === 'ok')),
      'whatever is wrong has its fix',
    );
    return findings;
  } finally {
    await it.ari.close().catch(() => undefined);
    await it.ami.close().catch(() => undefined);
  }
}

function complaints(findings: readonly Finding[]): readonly string[] {
  return findings.filter(({ level }) => level !== 'ok').map(({ check, level }) => `${check}: ${level}`);
}

function textOf(findings: readonly Finding[], check: string): string {
  return (
    findings.find((one) => one.check === check && one.level !== 'ok')?.text ?? assert.fail(`${check} says nothing`)
  );
}

const same = () => undefined;

describe('an Asterisk examined', () => {
  test('a whole one has no complaint, is left as it was, and nobody stays connected', async () => {
    let there: Fakes | null = null;
    const findings = await found((it) => {
      there = it;
    });
    assert.deepEqual(complaints(findings), []);
    const { ami } = there!;
    assert.equal(ami.database.has('CustomDevstate/lamplighter-probe'), false);
    assert.deepEqual(
      [...new Set(ami.writes.map((it) => it.replace(/=.*/, '')))],
      ['Setvar DEVICE_STATE(Custom:lamplighter-probe)', 'DBDel CustomDevstate/lamplighter-probe'],
    );
  });

  test('passwords are in no finding', async () => {
    const findings = await found(same, { ari: { username: 'nobody' }, ami: { password: 'another-secret' } });
    const text = JSON.stringify(findings);
    for (const secret of ['ami-secret-91c2', 'ari-secret-7f3a', 'another-secret', 'phone-secret']) {
      assert.ok(!text.includes(secret), secret);
    }
  });

  test('a running adapter lends its stream, AMI is asked by a login of today that logs off again', () =>
    rig(
      { before: ({ ami }) => void ami.database.set('AMPUSER/1001/device', '1001') },
      async ({ telling, adapter, ami, ari }) => {
        await telling.up();
        const { logins } = ami;
        assert.deepEqual(complaints(await adapter.checks!(deadlineMs)), []);
        assert.deepEqual([ami.logins, ami.logoffs], [logins + 1, 1]);
        assert.equal(ari.requests.filter((it) => it.startsWith('WS ')).length, 1);
        const told = JSON.stringify(telling.events);
        assert.ok(!told.includes('lamplighter-probe'), 'the probe is no lamp');
        ari.deaf = true;
        assert.deepEqual(complaints(await adapter.checks!(deadlineMs)), ['ari-events: fail']);
      },
    ));

  test('what changed behind a running session is found before the next restart', () =>
    rig(
      { before: ({ ami }) => void ami.database.set('AMPUSER/1001/device', '1001') },
      async ({ telling, adapter, ami }) => {
        await telling.up();
        ami.deniedAtLogin.add('DBPut');
        const cut = await adapter.checks!(deadlineMs);
        assert.deepEqual(complaints(cut), ['ami-rights: fail']);
        assert.match(textOf(cut, 'ami-rights'), /may not use DBPut \(system\)/);
        ami.deniedAtLogin.clear();

        const { password } = ami;
        ami.password = 'changed since';
        const changed = await adapter.checks!(deadlineMs);
        assert.deepEqual(complaints(changed), ['ami: fail']);
        assert.match(textOf(changed, 'ami'), /does not let lamplighter in any more: his password, or deny and permit/);
        assert.ok(!JSON.stringify(changed).includes(password));
        ami.password = password;

        ami.manySessions = false;
        ami.denied.add('Getvar');
        const once = await adapter.checks!(deadlineMs);
        assert.deepEqual(
          complaints(once),
          ['ami: warn', 'ami-rights: fail'],
          'the rights of the one session are judged',
        );
        assert.match(textOf(once, 'ami'), /allowmultiplelogin = no/);
        assert.equal(ami.connections, 1, 'the running session stands');
      },
    ));

  test('rights that were given after the login of the running session', () =>
    rig(
      {
        before: ({ ami }) => {
          ami.database.set('AMPUSER/1001/device', '1001');
          ami.deniedAtLogin.add('PJSIPNotify');
        },
      },
      async ({ telling, adapter, ami }) => {
        await telling.up();
        ami.deniedAtLogin.clear();
        const findings = await adapter.checks!(deadlineMs);
        assert.deepEqual(complaints(findings), ['ami-rights: warn']);
        assert.match(textOf(findings, 'ami-rights'), /may use PJSIPNotify by now, but the running session/);
      },
    ));

  test('a session that never logs off does not hold the checks up', () =>
    rig(
      { before: ({ ami }) => void ami.database.set('AMPUSER/1001/device', '1001') },
      async ({ telling, adapter, ami }) => {
        await telling.up();
        ami.swallowed.add('Logoff');
        assert.deepEqual(complaints(await adapter.checks!(deadlineMs)), []);
        for (const end = Date.now() + 10_000; ami.connections > 1; ) {
          assert.ok(Date.now() < end, 'the session stays');
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      },
    ));

  test('two examinations at once do not take each other for phones', () =>
    rig({ before: ({ ami }) => void ami.database.set('AMPUSER/1001/device', '1001') }, async ({ telling, adapter }) => {
      await telling.up();
      const both = await Promise.all([adapter.checks!(deadlineMs), adapter.checks!(deadlineMs)]);
      assert.deepEqual(both.map(complaints), [[], []]);
    }));
});

describe('ARI examined', () => {
  test('a closed port, another web server, and an ARI that is switched off or boots are told apart', async () => {
    assert.match(textOf(await found(({ ari }) => ari.close()), 'ari'), /ECONNREFUSED/);
    const at = (status: number) => found(({ ari }) => void Object.assign(ari, { booting: status }));
    assert.match(textOf(await at(404), 'ari'), /has no ARI \(404\)/);
    assert.match(textOf(await at(503), 'ari'), /not ready yet/);
    assert.match(textOf(await at(500), 'ari'), /is no ARI \(500\)/);
    const other = createHttp((_request, response) => response.writeHead(302, { location: '/' }).end());
    other.listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    try {
      const findings = await found(same, { ari: { url: `http://127.0.0.1:${port}` } });
      assert.deepEqual(complaints(findings), ['ari: fail']);
    } finally {
      other.close();
      other.closeAllConnections();
    }
  });

  test('a wrong user, and one that may only read', async () => {
    const wrong = await found(same, { ari: { username: 'nobody' } });
    assert.match(textOf(wrong, 'ari'), /refuses the user nobody/);
    assert.deepEqual(complaints(wrong), ['ari: fail']);
    const reader = await found(same, { ari: { username: 'reader' } });
    assert.match(textOf(reader, 'ari-write'), /the ARI user reader may only read/);
  });

  test('an event that comes to nobody', async () => {
    const findings = await found(({ ari }) => {
      ari.deaf = true;
    });
    assert.match(textOf(findings, 'ari-events'), /did not arrive/);
  });

  test('another program in our application, and another Lamplighter in one of its own', async () => {
    const findings = await found(({ ari }) => {
      ari.others.add('lamplighter').add('lamplighter-two').add('dialer');
    });
    assert.deepEqual(complaints(findings), ['ari-app: fail', 'ari-app: warn']);
    assert.match(findings.filter(({ check }) => check === 'ari-app')[1]!.text, /lamplighter-two/);
  });
});

describe('AMI examined', () => {
  test('none in the configuration is said with what is lost', async () => {
    const findings = await found(same, { ami: null });
    assert.deepEqual(complaints(findings), ['ami: warn']);
    assert.match(textOf(findings, 'ami'), /features cannot be read or set/);
  });

  test('a closed port, a program that is no AMI, one that says nothing, and a refused login', async () => {
    assert.match(textOf(await found(({ ami }) => ami.close()), 'ami'), /ECONNREFUSED/);
    assert.match(
      textOf(await found(same, { ami: { password: 'wrong' } }), 'ami'),
      /wrong user name or password, or its deny/,
    );
    const other = createServer((socket) => socket.on('error', same).end('SSH-2.0-OpenSSH_9.2\r\n'));
    other.listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    try {
      assert.deepEqual(complaints(await found(same, { ami: { port } })), ['ami: fail']);
    } finally {
      other.close();
    }
    const silent = await found(({ ami }) => {
      ami.frozen = true;
    });
    assert.match(textOf(silent, 'ami'), /no answer within|does not answer/);
  });

  for (const [action, right, level] of [
    ['DBPut', 'system', 'fail'],
    ['PJSIPShowEndpoints', 'system', 'fail'],
    ['Setvar', 'call', 'fail'],
    ['MailboxCount', 'reporting', 'fail'],
  ] as const) {
    test(`without the right to ${action} the right ${right} is named`, async () => {
      const findings = await found(({ ami }) => void ami.denied.add(action));
      assert.deepEqual(complaints(findings), [`ami-rights: ${level}`]);
      assert.match(textOf(findings, 'ami-rights'), new RegExp(`may not use ${action} \\(${right}\\)`));
      assert.match(
        findings.find(({ check }) => check === 'ami-rights')!.fix!,
        new RegExp(`add ${right} to read and to write`),
      );
    });
  }

  test('without the right agent it is a warning: who has no queues needs none', async () => {
    const findings = await found(({ ami }) => {
      ami.queues.agentRight = false;
    });
    assert.deepEqual(complaints(findings), ['ami-rights: warn']);
  });

  test('an account that does not read the class system', async () => {
    const findings = await found(({ ami }) => {
      ami.tellsBoot = false;
    });
    assert.match(textOf(findings, 'ami-rights'), /does not read the class system/);
  });

  test('a device state that does not come back, and one that cannot be set', async () => {
    const untold = await found(({ ami }) => void ami.untold.add('DeviceStateChange'));
    assert.deepEqual(complaints(untold), ['ami-events: fail']);
    const absent = await found(({ ami }) => void ami.unknown.add('Setvar'));
    assert.match(textOf(absent, 'ami-events'), /sets no device state/);
  });
});

describe('an Asterisk examined for what it is', () => {
  test('versions', async () => {
    const at = async (version: string, asked: Asked = {}) =>
      complaints(
        await found(({ ari, ami }) => {
          Object.assign(ari, { version });
          Object.assign(ami, { version });
        }, asked),
      );
    for (const good of ['22.10.1~dfsg', '20.0.0', '18.14.0', '16.30.0', '23.2.0', 'certified/20.7-cert1']) {
      assert.deepEqual(await at(good), [], good);
    }
    for (const old of ['18.9.0', '16.24.1', '13.38.3', '19.8.1', '17.9.4']) {
      assert.deepEqual(await at(old, { ari: null }), ['asterisk-version: warn'], old);
    }
  });

  test('modules, by ARI and by AMI, those of lamps only where such lamps are wanted', async () => {
    const without = (module: string) => (it: Fakes) => {
      it.ari.unloaded.add(module);
      it.ami.unloaded.add(module);
    };
    assert.match(
      textOf(await found(without('res_ari_events')), 'asterisk-modules'),
      /res_ari_events\.so is not loaded/,
    );
    assert.match(textOf(await found(without('func_devstate'), { ari: null }), 'asterisk-modules'), /func_devstate/);
    assert.deepEqual(complaints(await found(without('res_pjsip_notify'))), ['asterisk-modules: warn']);
    assert.deepEqual(complaints(await found(without('app_queue'))), []);
    const queues = { more: { lamps: { queue: ['sales'] } } };
    assert.deepEqual(complaints(await found(without('app_queue'), queues)), ['asterisk-modules: fail']);
  });

  test('settings that hurt it', async () => {
    const findings = await found(({ ami }) => {
      ami.sections.set('ari.conf/general', [
        'channelvars=CHANNEL(linkedid),CHANNEL(pjsip,call-id)',
        'websocket_write_timeout=>5000',
      ]);
      ami.sections.set('asterisk.conf/options', ['live_dangerously = yes']);
    });
    assert.deepEqual(complaints(findings), ['ari-channelvars: fail', 'ari-timeout: warn', 'live-dangerously: warn']);
    const fine = await found(({ ami }) => {
      ami.sections.set('ari.conf/general', ['channelvars=CHANNEL(linkedid)', 'websocket_write_timeout=100']);
      ami.sections.set('asterisk.conf/options', ['live_dangerously = no']);
    });
    assert.deepEqual(complaints(fine), []);
  });

  test('features that lie elsewhere', async () => {
    const plain = await found(({ ami }) => ami.database.clear());
    assert.match(textOf(plain, 'feature-home'), /no rows of FreePBX/);
    const freepbx = await found(same, { more: { features: 'astdb' } });
    assert.match(textOf(freepbx, 'feature-home'), /has the rows of FreePBX/);
    assert.deepEqual(complaints(await found(({ ami }) => ami.database.clear(), { more: { features: 'astdb' } })), []);
  });

  test('thousands of hints, and clocks that differ', async () => {
    const hints = Array.from({ length: 10_001 }, (_, index) => ({ Event: 'ExtensionStatus', Exten: String(index) }));
    const many = await found(({ ami }) => {
      ami.queues.hints = hints;
    });
    assert.deepEqual(complaints(many), ['hints: warn']);
    const late = await found(({ ami }) => {
      ami.ahead = -40;
    });
    assert.match(textOf(late, 'pbx-clock'), /^the clock of the PBX is (39|40|41) s behind/);
  });
});
