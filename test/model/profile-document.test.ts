import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deviceName, modelName, profileKinds, profileName } from '../../src/model/profile-document.ts';
import { anySign } from '../support/any-sign.ts';

test('U60-01: one device has one name, however a phone writes its MAC address or its UUID', () => {
  const ways = [
    'MAC:001565112233',
    'mac:001565112233',
    '001565112233',
    '00:15:65:11:22:33',
    '00-15-65-11-22-33',
    'MAC:00-15-65-11-22-33',
    'urn:uuid:00000000-0000-1000-0000-001565112233',
    'urn:uuid:00000000-0000-1000-8000-001565112233',
  ];
  for (const way of ways) assert.equal(deviceName(way), '001565112233', way);
  assert.equal(deviceName('MAC:0004F2ABCDEF'), '0004f2abcdef');
  const uuid = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
  for (const way of [uuid, `urn:uuid:${uuid}`, `URN:UUID:${uuid.toUpperCase()}`]) {
    assert.equal(deviceName(way), `uuid:${uuid}`, way);
  }
});

test('a user is no device, nor is half an address', () => {
  for (const user of ['1001', 'alice', '00156511223', '0015651122334', 'MAC:', 'g01565112233', 'urn:uuid:1', '']) {
    assert.equal(deviceName(user), null, user);
  }
});

test('what a phone says of itself is one name for one model, and stops where something is missing', () => {
  assert.equal(modelName('Yealink', 'SIP-T54W', '96.85.0.5'), 'yealink/sip-t54w/96.85.0.5');
  assert.equal(modelName('vendor.example.net', 'Z 100'), 'vendor.example.net/z-100');
  assert.equal(modelName('snom'), 'snom');
  assert.equal(modelName('snom', '', '10'), 'snom');
  assert.equal(modelName('', 'D785'), null);
  assert.equal(modelName('../..', 'x'), null);
});

test('no name that a stranger writes is a path that leads up or out', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: anySign }),
      fc.string(),
      fc.constantFrom('..', '.', '/', '\\', '\0', '%2e'),
      (a, b, evil) => {
        for (const text of [a, `${a}/${b}`, `${evil}${a}`, `${a}/${evil}/${b}`, modelName(a, evil, b) ?? '']) {
          for (const kind of profileKinds) {
            const name = profileName(kind, text);
            if (name === null) continue;
            assert.match(name, /^[A-Za-z0-9_+*#.:/-]+$/);
            assert.ok(
              name
                .split('/')
                .every((part) => part !== '' && !/^\.+$/.test(part) && (kind === 'user' || !part.startsWith('.'))),
            );
            assert.equal(profileName(kind, name), name, 'the name of a name is itself');
          }
        }
      },
    ),
  );
});
