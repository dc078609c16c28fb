import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rig } from './rig.ts';

const desk = { Endpoint: '1001', Uri: 'sip:1001@192.0.2.7:5060', Status: 'Reachable', UserAgent: 'Desk/1.0', Path: '' };

test('the phones behind the contacts are told with User-Agent and path, from the first picture on', () =>
  rig(
    {
      before: ({ ami }) => {
        ami.contacts.push(
          desk,
          {
            ...desk,
            Uri: 'sip:1001@10.0.0.8',
            UserAgent: '',
            Path: '<sip:edge.example:5061;lr>,<sip:inner.example;lr>',
          },
          { ...desk, Uri: 'sip:1001@192.0.2.9', Status: 'Unreachable' },
        );
      },
    },
    async ({ telling }) => {
      await telling.up();
      const [told] = telling.of('snapshot')[0]!.snapshot.registrations.filter(({ contacts }) => contacts > 0);
      assert.deepEqual(told?.devices, [
        { uri: 'sip:1001@192.0.2.7:5060', userAgent: 'Desk/1.0' },
        { uri: 'sip:1001@10.0.0.8', userAgent: null, via: 'sip:edge.example:5061;lr' },
      ]);
    },
  ));

test('a contact that comes later is asked about once, and told again when its phone is known; its end takes the phone along', () =>
  rig({}, async ({ telling, ami }) => {
    await telling.up();
    const { EndpointName, URI } = { EndpointName: desk.Endpoint, URI: desk.Uri };
    const status = (ContactStatus: string) => ami.send({ Event: 'ContactStatus', EndpointName, URI, ContactStatus });
    ami.contacts.push(desk);
    status('Created');
    status('Reachable');
    await telling.until(() => telling.of('registration').some(({ devices }) => devices !== undefined), 'no device');
    const [first, second, ...others] = telling.of('registration');
    assert.deepEqual([first?.contacts, first?.devices], [1, undefined]);
    assert.deepEqual(second?.devices, [{ uri: desk.Uri, userAgent: 'Desk/1.0' }]);
    assert.deepEqual(others, []);
    status('Removed');
    await telling.until(() => telling.of('registration').length === 3, 'its end was not told');
    assert.deepEqual(telling.of('registration').at(-1)?.devices, undefined);
  }));
