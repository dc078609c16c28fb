import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idleSettings } from '../../src/config/drachtio-schema.ts';
import { configSchema } from '../../src/config/schema.ts';
import { readSecrets } from '../../src/config/secrets.ts';
import { Home } from '../support/daemon.ts';

const problems = (sip: object): string[] =>
  (configSchema.safeParse({ sip }).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
const engine = 'drachtio';
const secret = 'x7';

test('sip.drachtio is the control port of this host unless it says otherwise', () => {
  const { sip } = configSchema.parse({ sip: { engine, drachtio: { secret } } });
  assert.deepEqual(sip.drachtio, { host: '127.0.0.1', port: 9022, secret, remote: false });
  assert.equal(configSchema.parse({}).sip.engine, 'embedded');
});

test('engine: drachtio without sip.drachtio is refused at its path', () => {
  assert.match(problems({ engine })[0] ?? '', /^sip\.drachtio: missing; engine: drachtio needs/);
  assert.match(problems({ engine, drachtio: {} })[0] ?? '', /^sip\.drachtio\.secret: /);
});

test('another host is refused with the reason, until somebody says that he means it', () => {
  for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '::1']) {
    assert.deepEqual(problems({ engine, drachtio: { host, secret } }), [], host);
  }
  for (const host of ['192.0.2.1', 'sip.example.com', '127.0.0.1.example.com', '2001:db8::1', '0.0.0.0']) {
    const [problem, ...others] = problems({ engine, drachtio: { host, secret } });
    assert.match(problem ?? '', /^sip\.drachtio\.host: whoever reaches this port can do everything/, host);
    assert.deepEqual(others, []);
    assert.deepEqual(problems({ engine, drachtio: { host, secret, remote: true } }), [], host);
  }
});

test('a secret that could be taken for other fields of the login is refused', () => {
  for (const bad of ['a|b', 'a b', 'a\nb', '']) {
    assert.match(problems({ engine, drachtio: { secret: bad } })[0] ?? '', /^sip\.drachtio\.secret: /);
  }
});

test('sip.upstream with engine: drachtio is refused with path and reason', () => {
  const [problem] = problems({ engine, drachtio: { secret }, upstream: 'sip:192.0.2.1:5060' });
  assert.match(problem ?? '', /^sip\.upstream: not with engine: drachtio/);
});

test('the secret may stand in a file, and what it says is nowhere else', () => {
  const home = new Home();
  const secretFile = home.write('secret', 'from-a-file\n');
  const tree = { sip: { engine, drachtio: { secretFile } } };
  assert.deepEqual(readSecrets(tree).problems, []);
  assert.deepEqual(tree.sip.drachtio, { secret: 'from-a-file' });
  home.remove();
});

test('check-config has something to say of settings that do nothing then', () => {
  assert.equal(idleSettings({ engine: 'embedded' }), null);
  assert.match(idleSettings({ engine }) ?? '', /sip\.listen, .* are not used/);
});

test('a secret whose file is bad is no bad secret as well', () => {
  const tree = { sip: { engine, drachtio: { secretFile: '/nonexistent/secret' } } };
  assert.equal(readSecrets(tree).problems.length, 1);
  assert.deepEqual(configSchema.safeParse(tree).error?.issues ?? [], []);
});
