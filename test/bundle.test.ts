import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundled, bundleUrl, codeCacheUrl, compiled, sealed } from '../src/bundle.ts';
import { version } from '../src/cli/version.ts';
import { daemonFlags } from './run/started.ts';
import { Daemon, Home } from './support/daemon.ts';

const dist = fileURLToPath(new URL('../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lamplighter-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A copy of what was built, elsewhere, as a package has it. */
function installed(name: string): string {
  const home = join(folder, name);
  for (const part of ['src', 'adapters', 'bundle'])
    cpSync(join(dist, part), join(home, 'dist', part), { recursive: true });
  cpSync(join(dist, '../package.json'), join(home, 'package.json'));
  symlinkSync(join(dist, '../node_modules'), join(home, 'node_modules'));
  return home;
}

/** What V8 made of it for commands. */
function cacheOf(home: string): string {
  return join(home, 'dist/bundle', basename(codeCacheUrl.pathname));
}

function versionOf(home: string): string {
  const { stdout, stderr } = spawnSync(process.execPath, [join(home, 'dist/src/main.js'), '--version'], {
    encoding: 'utf8',
  });
  return stdout + stderr;
}

test('the build makes the program of one file, and what V8 made of it is of use to this V8', () => {
  assert.notEqual(bundled(), null);
  assert.equal(statSync(codeCacheUrl).size > 100_000, true);
  assert.equal(compiled()?.cachedDataRejected, false);
  assert.equal(statSync(bundleUrl).size > 100_000, true);
});

test('what V8 made of it is of use to a daemon too, which has flags of its own', () => {
  const asked = `import { compiled } from '${new URL('../src/bundle.js', import.meta.url).href}'; console.log(compiled().cachedDataRejected);`;
  const { stdout } = spawnSync(process.execPath, [...daemonFlags, '--input-type=module', '--eval', asked], {
    encoding: 'utf8',
  });
  assert.equal(stdout, 'false\n');
});

test('it runs where it was not built', () => {
  const home = installed('moved');
  const program = join(home, 'dist/bundle/program.cjs');
  assert.equal(versionOf(home), `${version}\n`);
  const other = "module.exports.program = () => ({ parseAsync: () => console.log('the bundle') })";
  writeFileSync(program, sealed(`(function (require, module) { ${other} })`));
  assert.equal(versionOf(home), 'the bundle\n');
});

test('it has what is loaded only where it is used: the library for many datagrams at a call', async () => {
  const home = new Home();
  try {
    const config = home.write(
      'lamplighter.yaml',
      `version: 1
domain: pbx.test
sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'] }
http: { listen: '127.0.0.1:0' }
store: { path: '${home.path('l.db')}' }
pbx: [{ name: sim, type: simulated, extensions: ['1000-1001'] }]
`,
    );
    const daemon = await Daemon.start(config);
    await daemon.stop();
    const isKnown = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);
    assert.equal(
      daemon.output.some((line) => line.includes('go one by one')),
      !isKnown,
    );
    assert.equal(
      daemon.output.some((line) => line.includes('Warning')),
      false,
    );
  } finally {
    home.remove();
  }
});

test('where modules are others than it was made of they are what runs, however old', () => {
  const home = installed('others');
  writeFileSync(join(home, 'dist/bundle/program.cjs'), sealed('(function () { throw new Error("not this") })'));
  writeFileSync(join(home, 'dist/.tsbuildinfo'), '{}');
  assert.equal(versionOf(home), `${version}\n`);
});

test('half a bundle is none', () => {
  const home = installed('half');
  const program = join(home, 'dist/bundle/program.cjs');
  for (const length of [statSync(program).size - 1, 100_000, 0]) {
    truncateSync(program, length);
    assert.equal(versionOf(home), `${version}\n`);
  }
});

test('a bundle of which a byte is another, or a page is lost, is none', () => {
  const home = installed('hole');
  const program = join(home, 'dist/bundle/program.cjs');
  rmSync(cacheOf(home));
  const whole = readFileSync(program);
  writeFileSync(program, whole.toString('latin1').replaceAll('--version', '--vorsion'), 'latin1');
  assert.equal(versionOf(home), `${version}\n`);
  whole.fill(0, whole.length >> 1, (whole.length >> 1) + 4096);
  writeFileSync(program, whole);
  assert.equal(versionOf(home), `${version}\n`);
});

test('it is of ASCII alone: it is read as such', () => {
  assert.equal(
    readFileSync(bundleUrl).findIndex((byte) => byte > 127),
    -1,
  );
});

test('without a bundle, and without what V8 made of it, it runs all the same', () => {
  const home = installed('less');
  rmSync(cacheOf(home));
  assert.equal(versionOf(home), `${version}\n`);
  rmSync(join(home, 'dist/bundle'), { recursive: true });
  assert.equal(versionOf(home), `${version}\n`);
});

test('what V8 made of another build is not used, though it is as long', () => {
  const home = installed('another');
  const program = join(home, 'dist/bundle/program.cjs');
  const text = readFileSync(program, 'latin1');
  const other = sealed(text.replaceAll('--version', '--vorsion').replace(/\/\/[0-9a-f ]+$/, ''));
  assert.equal(other.length, text.length);
  writeFileSync(program, other, 'latin1');
  assert.match(versionOf(home), /unknown option '--version'/);
});

test('what V8 made of it is left where a byte of it is another, is missing or may not be read', () => {
  const home = installed('damaged');
  const file = cacheOf(home);
  const whole = readFileSync(file);
  const wrong = Buffer.from(whole);
  wrong.fill(0, whole.length >> 1, (whole.length >> 1) + 4096); // V8 would end the process
  for (const bytes of [wrong, whole.subarray(0, -1), whole.subarray(0, 100), Buffer.concat([whole, whole])]) {
    writeFileSync(file, bytes);
    assert.equal(versionOf(home), `${version}\n`);
  }
  rmSync(file);
  mkdirSync(file);
  assert.equal(versionOf(home), `${version}\n`);
});
