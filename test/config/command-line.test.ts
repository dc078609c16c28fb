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

test('a file without a PBX is right, and check-config says that it is the demo', async () => {
  const home = new Home();
  try {
    const { code, output } = await Daemon.run('check-config', home.write('l.yaml', 'domain: pbx.example.com\n'));
    assert.equal(code, 0);
    assert.match(output, /no errors\npbx is not set: this is the simulated PBX of the demo/);
  } finally {
    home.remove();
  }
});

test('what stands in a file is one line for each problem, and nothing that a terminal obeys', async () => {
  const home = new Home();
  try {
    const file = home.write('l.yaml', '"evil\\x1b[2J\\n\\u202e": 1\n');
    const { output } = await Daemon.run('check-config', file);
    assert.match(output, /l\.yaml:1: evil\?\[2J\?\?: unknown setting/);
  } finally {
    home.remove();
  }
});

test('what only its user can judge is told with its line, too: certificate files, networks, patterns that take hours', async () => {
  const home = new Home();
  try {
    const cert = home.write('cert.pem', 'no certificate\n');
    const file = home.write(
      'l.yaml',
      `sip:
  listen: [udp:127.0.0.1:0]
  trusted: [10.0.0.0/8, 10.0.0.0/99]
  tls:
    cert: ${cert}
    key: ${home.path('nothing.pem')}
features: { policy: { allow: ['^(\\d+)+$'] } }
`,
    );
    const { code, output } = await Daemon.run('check-config', file);
    assert.equal(code, 2);
    const lines = output.split('\n').map((line) => line.replace(`${file}:`, ''));
    assert.equal(lines.length, 3, output);
    assert.match(lines[0] ?? '', /^3: sip\.trusted: "10\.0\.0\.0\/99" is not /);
    assert.match(lines[1] ?? '', /^6: sip\.tls\.key: .*nothing\.pem: no such file$/);
    assert.match(lines[2] ?? '', /^7: features\.policy: .*repeated group/);
  } finally {
    home.remove();
  }
});

test('a feature code without quotes ends check-config, start and doctor with 2 and its line, not with a stack', async () => {
  const home = new Home();
  try {
    const file = home.write(
      'l.yaml',
      'phones:\n  profiles:\n    - { name: a, match: a, pickup: code, pickupCode: *8 }\n',
    );
    for (const words of [
      ['check-config', file],
      ['start', '--config', file],
      ['doctor', '--config', file],
    ]) {
      const { code, output } = await Daemon.run(...words);
      assert.equal(code, 2, words[0]);
      assert.match(
        output,
        /^\S+l\.yaml:3: phones\.profiles\.0\.pickupCode: \*8 must be written in quotes[^\n]*\n?$/,
        words[0],
      );
    }
  } finally {
    home.remove();
  }
});

test('a file that is not there is told with what to do', async () => {
  const { code, output } = await Daemon.run('check-config', '/nonexistent/l.yaml');
  assert.equal(code, 2);
  assert.match(output, /^\/nonexistent\/l\.yaml: no such file\nTo do: /);
});
