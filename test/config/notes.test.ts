import assert from 'node:assert/strict';
import { test } from 'node:test';
import { demoNote, notesOn } from '../../src/config/notes.ts';
import { configSchema } from '../../src/config/schema.ts';

const notes = (sip: object): readonly string[] => notesOn(configSchema.parse({ sip }).sip);
const upstream = 'sip:192.0.2.1:5060';

test('there is nothing to say of the defaults, nor of settings that do something', () => {
  assert.deepEqual(notes({}), []);
  assert.deepEqual(notes({ upstream, inline: { reach: 'path', pbx: ['message-summary'] } }), []);
  assert.deepEqual(notes({ upstream: [upstream, 'sip:192.0.2.2:5060'] }), []);
  assert.deepEqual(notes({ inline: {} }), []);
});

test('sip.inline without the PBX behind is said to do nothing, and so is sip.drachtio without its engine', () => {
  assert.match(
    notes({ inline: { believe: 'streams' } }).join('\n'),
    /^sip\.inline is not used: without sip\.upstream.*$/,
  );
  assert.match(notes({ drachtio: { secret: 'x' } }).join('\n'), /^sip\.drachtio is not used without engine: drachtio$/);
});

test('passwords that nobody is asked for are told, and so is a list of users that is empty', () => {
  const users = [{ user: '1001', password: 'one' }];
  assert.match(notes({ users }).join('\n'), /^sip\.users is not used: with auth: pbx .*$/);
  assert.match(notes({ auth: 'trusted', users }).join('\n'), /with auth: trusted/);
  assert.match(notes({ auth: 'users' }).join('\n'), /no phone can log in$/);
  assert.deepEqual(notes({ auth: 'users', users }), []);
});

test('the same PBX twice is no failover', () => {
  assert.match(
    notes({ upstream: [upstream, upstream] }).join('\n'),
    /^sip\.upstream: sip:192\.0\.2\.1:5060 stands there twice/,
  );
});

test('a header that is nearly a usual one is asked about, one of its own is not', () => {
  const from = ['192.0.2.5'];
  const said = (header: string) => notes({ identity: { header, from } }).join('\n');
  assert.match(
    said('P-Asserted-Idenity'),
    /^sip\.identity\.header: P-Asserted-Idenity .* did you mean P-Asserted-Identity\?$/,
  );
  assert.match(said('X-Remote-Party-ID'), /did you mean Remote-Party-ID\?$/);
  for (const fine of ['P-Asserted-Identity', 'p-asserted-identity', 'remote-party-id', 'X-User'])
    assert.equal(said(fine), '');
});

test('engine: drachtio has listeners that are not used', () => {
  assert.match(
    notes({ engine: 'drachtio', drachtio: { secret: 'x' } }).join('\n'),
    /^engine: drachtio: sip\.listen, .* are not used/,
  );
});

test('a PBX that nobody named is said to be that of the demo, and one that was named is not', () => {
  assert.match(
    demoNote(configSchema.parse({ domain: 'pbx.example.com' })) ?? '',
    /^pbx is not set: .*everybody knows$/,
  );
  for (const pbx of [
    { name: 'demo', type: 'simulated', extensions: ['1001'] },
    { name: 'main', type: 'simulated' },
  ])
    assert.equal(demoNote(configSchema.parse({ pbx: [pbx] })), null);
});
