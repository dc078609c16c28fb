import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Daemon, Home } from '../support/daemon.ts';

test('a misspelt command is named, with the one that was meant, and ends with 64', async () => {
  const { code, output } = await Daemon.run('chekc-config', 'x.yaml');
  assert.equal(code, 64);
  assert.match(output, /unknown command 'chekc-config' \(did you mean check-config\?\)/);
});

test('a command line that makes no sense ends with 64, help with 0', async () => {
  assert.equal((await Daemon.run('check-config')).code, 64);
  assert.equal((await Daemon.run('start', '--confg', 'x')).code, 64);
  assert.equal((await Daemon.run('--help')).code, 0);
});

test('check-config and start name the same errors and end with 2', async () => {
  const home = new Home();
  try {
    const file = home.write('l.yaml', 'domian: x\nlog: { level: loud }\n');
    const checked = await Daemon.run('check-config', file);
    const started = await Daemon.run('start', '--config', file);
    assert.deepEqual([checked.code, started.code], [2, 2]);
    assert.equal(checked.output, started.output);
    assert.match(checked.output, /l\.yaml:1: domian: .*did you mean domain.*\n.*l\.yaml:2: log\.level: /);
  } finally {
    home.remove();
  }
});

test('a file that is not there is told with what to do', async () => {
  const { code, output } = await Daemon.run('check-config', '/nonexistent/l.yaml');
  assert.equal(code, 2);
  assert.match(output, /^\/nonexistent\/l\.yaml: no such file\nTo do: /);
});
