import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { asterisk, code, contents, first, home, open, put } from './rig.ts';

/** Beside the configuration that is to come: the daemon refuses both. */
function misspell(): void {
  mkdirSync(home.path('own/conf.d'), { recursive: true });
  writeFileSync(home.path('own/conf.d/x.yaml'), 'sip: { lissten: [] }\n');
}

describe('adding to the PBX where the configuration is to be written too', () => {
  test('one that the daemon would refuse is found before anything is changed', async () => {
    put(asterisk);
    misspell();
    const before = contents(home.path('.'));
    const setup = open();
    const refused = setup.apply(await first(setup));
    assert.equal(code(refused), 'config-refused');
    assert.match(refused.ok ? '' : refused.refusal.message, /conf\.d\/x\.yaml:1: sip\.lissten: unknown setting/);
    assert.deepEqual(contents(home.path('.')), before);
  });

  test('so it is where one that is there is to give way; where it is to stay, it is left to its admin', async () => {
    put(asterisk);
    misspell();
    const ami = 'ami: { username: lamplighter, password: my-own-for-ami }';
    writeFileSync(home.path('own/lamplighter.yaml'), `version: 1\npbx: [{ name: mine, type: asterisk, ${ami} }]\n`);
    const before = contents(home.path('.'));
    const setup = open();
    const [anew, kept] = [setup.settled(await first(setup), true), setup.settled(await first(setup), false)];
    assert.equal(code(anew.ok ? setup.apply(anew.value) : anew), 'config-refused');
    assert.deepEqual(contents(home.path('.')), before);
    assert.equal(code(kept.ok ? setup.apply(kept.value) : kept), 'granted');
  });

  test('what was added is taken back to the byte, with the passwords, and what was there before stays', async () => {
    put(asterisk);
    mkdirSync(home.path('own'));
    writeFileSync(home.path('own/ami'), 'not for a PBX\n');
    put({ 'etc/asterisk/manager.conf.bak': 'theirs' });
    const before = contents(home.path('.'));
    const setup = open();
    const applied = setup.apply(await first(setup));
    assert.ok(existsSync(home.path('own/ari')));
    assert.equal(applied.ok && code(applied.value.takeBack()), 'granted');
    assert.deepEqual(contents(home.path('.')), before);
  });

  test('a file that somebody else wrote meanwhile is left alone, and the passwords of its lines stay', async () => {
    put(asterisk);
    const setup = open();
    const applied = setup.apply(await first(setup));
    const path = home.path('root/etc/asterisk/ari.conf');
    writeFileSync(path, `${readFileSync(path, 'utf8')}[other]\n`);
    const before = contents(home.path('.'));
    assert.equal(applied.ok && code(applied.value.takeBack()), 'changed-meanwhile');
    assert.deepEqual(contents(home.path('.')), before);
  });
});
