import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { configChecks } from '../../src/examination/config-checks.ts';
import { runChecks } from '../../src/model/check.ts';
import { systemClock } from '../../src/model/clock.ts';
import { configOf } from '../cli/seen.ts';
import { healthy } from './seen.ts';

/** `check: level` of all that is complained of. */
async function complaints(yaml: string): Promise<readonly string[]> {
  const seen = { ...healthy, config: configOf(yaml) };
  const found = await runChecks(configChecks, seen, systemClock, { eachMs: 5_000, deadlineMs: 5_000 });
  return found.map(({ check, level }) => `${check}: ${level}`);
}

const esl = 'esl: { user: lamplighter@pbx.example.com, password: sixteen-characters }';
const real = `pbx: [ { name: main, type: freeswitch, ${esl} } ]`;

describe('a configuration examined', () => {
  test('a usual one, and the demo on loopback, have no complaint', async () => {
    assert.deepEqual(await complaints(real), []);
    assert.deepEqual(await complaints('sip: { listen: [ udp:127.0.0.1:5070 ] }'), []);
  });

  test('a trusted network is judged by its width, and not where nobody is trusted', async () => {
    const trust = (list: string) => complaints(`sip: { auth: trusted, trusted: [ ${list} ] }`);
    assert.deepEqual(await trust('127.0.0.0/8, 192.0.2.5, 192.0.2.0/24, "2001:db8::/64", "2001:db8::5"'), []);
    assert.deepEqual(await trust('10.0.0.0/8, "2001:db8::/32"'), ['trusted-too-wide: warn', 'trusted-too-wide: warn']);
    assert.deepEqual(await trust('0.0.0.0/0, "::/0"'), ['trusted-too-wide: fail', 'trusted-too-wide: fail']);
    assert.deepEqual(await complaints(`sip: { trusted: [ 0.0.0.0/0 ] }\n${real}`), []);
    const header = `sip: { identity: { from: [ 172.16.0.0/12 ] } }\n${real}`;
    assert.deepEqual(await complaints(header), ['trusted-too-wide: warn']);
  });

  test('a package that is misspelt in sip.inline.pbx is told the one that was meant', async () => {
    const inline = (names: string) => `sip: { upstream: "sip:192.0.2.1:5060", inline: { pbx: [ ${names} ] } }\n${real}`;
    assert.deepEqual(await complaints(inline('message-summary')), []);
    assert.deepEqual(await complaints(inline('mesage-summary, conference')), [
      'inline-packages: warn',
      'inline-packages: warn',
    ]);
    const seen = { ...healthy, config: configOf(inline('mesage-summary')) };
    const [finding] = await runChecks(configChecks, seen, systemClock, { eachMs: 5_000, deadlineMs: 5_000 });
    assert.match(finding?.text ?? '', /did you mean message-summary\?$/);
  });

  test('settings that do nothing are told as check-config tells them', async () => {
    assert.deepEqual(await complaints(`sip: { inline: { reach: path } }\n${real}`), ['config-notes: warn']);
  });

  test('a file that names a domain and no PBX is told whose PBX it has', async () => {
    const listen = 'sip: { listen: [ udp:127.0.0.1:5070 ] }';
    assert.deepEqual(await complaints(`domain: pbx.example.com\n${listen}`), ['no-pbx: warn']);
    assert.deepEqual(await complaints(`domain: pbx.example.com\n${listen}\n${real}`), []);
  });

  test('a folder of profiles that is not there, is a file, or may not be read', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'lamplighter-doctor-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const at = (path: string) => complaints(`profiles: { directory: ${path} }\n${real}`);
    assert.deepEqual(await at(folder), []);
    assert.deepEqual(await at(join(folder, 'absent')), ['profiles-folder: fail']);
    const file = join(folder, 'file');
    writeFileSync(file, '');
    assert.deepEqual(await at(file), ['profiles-folder: fail']);
    const shut = join(folder, 'shut');
    mkdirSync(shut);
    chmodSync(shut, 0o000);
    // root may read everything
    if (process.getuid?.() !== 0) assert.deepEqual(await at(shut), ['profiles-folder: fail']);
    chmodSync(shut, 0o700);
  });

  test('passwords that everybody knows, where others reach us', async () => {
    assert.deepEqual(await complaints('sip: { listen: [ udp:0.0.0.0:5070 ] }'), ['known-passwords: warn']);
    const users = (password: string, listen = 'udp:0.0.0.0:5070') =>
      complaints(
        `sip: { listen: [ ${listen} ], auth: users, users: [ { user: '1001', password: ${password} } ] }\n${real}`,
      );
    assert.deepEqual(await users('secret1001'), ['known-passwords: warn']);
    assert.deepEqual(await users("'1001'"), ['known-passwords: warn']);
    assert.deepEqual(await users("'12345678'"), ['known-passwords: warn']);
    assert.deepEqual(await users('Kq8-zt4Wm2'), []);
    assert.deepEqual(await users('secret1001', 'udp:127.0.0.1:5070'), []);
    const behindDrachtio = await complaints(
      'sip: { engine: drachtio, drachtio: { host: 127.0.0.1, port: 9022, secret: cymru-cymru } }',
    );
    assert.ok(!behindDrachtio.includes('known-passwords: warn'), 'the listeners are not ours');
  });

  test('a token that crosses the network in the clear', async () => {
    const http = "http: { listen: '0.0.0.0:8090', token: sixteen-characters }";
    assert.deepEqual(await complaints(`${http}\n${real}`), ['http-in-the-clear: warn']);
  });
});
