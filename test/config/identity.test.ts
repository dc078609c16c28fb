import assert from 'node:assert/strict';
import { test } from 'node:test';
import { believedNetworks, identityOf } from '../../src/config/readings.ts';
import { configSchema } from '../../src/config/schema.ts';

const settings = (sip: object) => configSchema.safeParse({ sip });

test('sip.identity: the header is P-Asserted-Identity, of the trusted networks, and may not be missing', () => {
  const { sip } = configSchema.parse({ sip: { auth: 'trusted', trusted: ['192.0.2.5'], identity: {} } });
  assert.deepEqual(identityOf(sip), { header: 'P-Asserted-Identity', from: ['192.0.2.5'], missing: 'refuse' });
  assert.equal(identityOf(configSchema.parse({}).sip), null);
});

test('sip.identity needs networks of its own where passwords are asked of all others', () => {
  for (const auth of ['pbx', 'users']) {
    const { error } = settings({ auth, identity: {} });
    assert.match(String(error?.issues[0]?.path), /identity,from/);
    assert.ok(settings({ auth, identity: { from: ['192.0.2.5'] } }).success);
  }
  assert.ok(!settings({ auth: 'trusted', identity: { from: [] } }).success);
});

test('networks are believed by auth: trusted, by sip.identity, and otherwise none', () => {
  const believed = (sip: object) => believedNetworks(configSchema.parse({ sip }).sip);
  const [trusted, identity] = [['10.0.0.0/8'], { from: ['192.0.2.5'] }];
  assert.deepEqual(believed({ trusted }), []);
  assert.deepEqual(believed({ auth: 'trusted', trusted }), trusted);
  assert.deepEqual(believed({ trusted, identity }), ['192.0.2.5']);
  assert.deepEqual(believed({ auth: 'trusted', trusted, identity }), ['10.0.0.0/8', '192.0.2.5']);
});

test('sip.identity.header is none that phones write', () => {
  const takes = (header: string) => settings({ identity: { header, from: ['192.0.2.5'] } }).success;
  for (const header of [
    'P-Asserted-Identity',
    'p-asserted-identity',
    'Remote-Party-ID',
    'X-Lamp-User',
    'P-Auth-User',
  ]) {
    assert.ok(takes(header), header);
  }
  for (const header of [
    'From',
    'Contact',
    'P-Preferred-Identity',
    'p-preferred-identity',
    'User-Agent',
    'X-',
    'X-A:b',
  ]) {
    assert.ok(!takes(header), header);
  }
  assert.ok(!takes('X-A\r\nB') && !takes(`X-${'a'.repeat(70)}`) && !takes(''));
});
