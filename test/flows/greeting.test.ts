import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Daemon, Home } from '../support/daemon.ts';
import { FakeFreeswitch } from '../support/freeswitch/fake-freeswitch.ts';

/** What the daemon says to the person who started it, of its PBXs. */
async function told(daemon: Daemon, lines: number): Promise<string[]> {
  const end = Date.now() + 15_000;
  for (;;) {
    const found = daemon.output.filter((line) => line.startsWith('  PBX '));
    if (found.length >= lines || Date.now() > end) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const places = (home: Home) => `
sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'], warmUp: false }
store: { path: ${home.path('lamplighter.db')} }
http: { listen: '127.0.0.1:0' }
log: { format: json }
`;

test('the greeting waits until the PBX has been read, and says how many extensions it has', async () => {
  const home = new Home();
  const pbx = new FakeFreeswitch();
  pbx.directory.add('1001', 'lab.test', { password: 'x' });
  const list = pbx.directory.list.bind(pbx.directory);
  pbx.directory.list = (contact) => {
    pbx.freeze();
    setTimeout(() => pbx.thaw(), 600);
    return list(contact);
  };
  await pbx.listen();
  const esl = `{ port: ${pbx.port}, passwordFile: ${home.write('esl', `${pbx.esl.password}\n`)} }`;
  const entry = `pbx: [{ name: main, type: freeswitch, esl: ${esl} }]\n`;
  let daemon: Daemon | null = null;
  try {
    daemon = await Daemon.start(home.write('l.yaml', `domain: lab.test\n${places(home)}${entry}`));
    assert.deepEqual(await told(daemon, 1), ['  PBX main        up, 1 extension']);
  } finally {
    await daemon?.kill();
    await pbx.close();
    home.remove();
  }
});

test('the greeting of a file that names no PBX says that it is the demo, and what its passwords are', async () => {
  const home = new Home();
  let daemon: Daemon | null = null;
  try {
    const file = home.write('l.yaml', `domain: pbx.example.com\n${places(home)}`);
    daemon = await Daemon.start(file);
    await told(daemon, 1);
    const said = daemon.output.filter((line) => line.includes('pbx is not set'));
    assert.deepEqual(said.length, 1);
    assert.match(said[0] ?? '', /l\.yaml: .*simulated PBX of the demo.*secret<ext>/);
  } finally {
    await daemon?.kill();
    home.remove();
  }
});

test('the greeting counts the extensions of each PBX for itself', async () => {
  const home = new Home();
  const entries = `pbx:
  - { name: north, type: simulated, extensions: ['1001-1006'] }
  - { name: south, type: simulated, domain: south.test, extensions: ['1001-1002'] }
`;
  let daemon: Daemon | null = null;
  try {
    const top = 'domain: north.test\ndomains: [{ name: south.test }]\n';
    daemon = await Daemon.start(home.write('l.yaml', `${top}${places(home)}${entries}`));
    assert.deepEqual(await told(daemon, 2), [
      '  PBX north       up, 6 extensions',
      '  PBX south       up, 2 extensions',
    ]);
  } finally {
    await daemon?.kill();
    home.remove();
  }
});
