import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { asCalled, nameFor } from '../../src/cli/called.ts';

describe('how commands are worded for people to type', () => {
  test('a checkout has the program by npx only, packages and npm -g have it on the path', () => {
    const rows = [
      ['/home/ada/lamplighter/dist/src/main.js', 'npx lamplighter'],
      ['/srv/app/node_modules/.bin/lamplighter', 'npx lamplighter'],
      ['/usr/lib/lamplighter/dist/src/main.js', 'lamplighter'],
      ['/usr/local/bin/lamplighter', 'lamplighter'],
      ['', 'lamplighter'],
    ] as const;
    for (const [script, name] of rows) assert.equal(nameFor(script), name, script);
  });

  test('commands are named as they are called, services and files keep their name', () => {
    const calling = { name: 'npx lamplighter', root: false };
    const rows = [
      ['add the lines: sudo lamplighter setup --apply', 'add the lines: sudo npx lamplighter setup --apply'],
      ['look: lamplighter doctor --config a.yaml', 'look: npx lamplighter doctor --config a.yaml'],
      ['`lamplighter check-config FILE` shows them', '`npx lamplighter check-config FILE` shows them'],
      ['systemctl start lamplighter, or lamplighter start', 'systemctl start lamplighter, or npx lamplighter start'],
      ['npx lamplighter setup', 'npx lamplighter setup'],
      ['/usr/share/lamplighter doctor, a second lamplighter', '/usr/share/lamplighter doctor, a second lamplighter'],
    ] as const;
    for (const [text, called] of rows) assert.equal(asCalled(text, calling), called);
  });

  test('root needs no sudo', () => {
    const calling = { name: 'lamplighter', root: true };
    assert.equal(
      asCalled('run setup as root: sudo lamplighter setup', calling),
      'run setup as root: lamplighter setup',
    );
    assert.equal(asCalled('now: sudo systemctl restart lamplighter', calling), 'now: systemctl restart lamplighter');
    assert.equal(asCalled('a command as you (with sudo as root)', calling), 'a command as you (with sudo as root)');
  });
});
