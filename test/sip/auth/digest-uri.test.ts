import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sameTarget } from '../../../src/sip/auth/digest-uri.ts';
import { LocalAddresses } from '../../../src/sip/local-addresses.ts';
import { Places } from '../../../src/sip/places.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const places = new Places({
  domains: [
    { name: 'pbx.example.com', aliases: ['pbx.test'] },
    { name: 'second.example.com', aliases: ['second.test'] },
  ],
  advertise: null,
  listen: ['127.0.0.1'],
  addresses: new LocalAddresses(new FakeClock(), () => []),
});

const rows: readonly (readonly [digestUri: string, requestUri: string, same: boolean])[] = [
  ['sip:1001@pbx.example.com', 'sip:1001@pbx.example.com', true],
  ['sip:1001@pbx.example.com', 'sip:1001@pbx.example.com:5060;user=phone', true],
  ['sip:127.0.0.1:5070', 'sip:1001@pbx.example.com', true],
  ['sip:pbx.example.com', 'sip:lamplighter@127.0.0.1:5070', true],
  ['sip:1001@pbx.example.com', 'sip:1001@127.0.0.1:5070', true],
  ['sip:1001@127.0.0.1:5070', 'sip:1001@pbx.example.com', true],
  ['sip:1001@second.example.com', 'sip:1001@SECOND.test', true],
  ['sip:lamplighter@second.example.com', 'sip:lamplighter@127.0.0.1:5070', true],
  ['sip:1001@pbx.example.com', 'sip:1001@second.example.com', false],
  ['sip:1001@second.test', 'sip:1001@pbx.test', false],
  ['sip:127.0.0.1:5070', 'sip:1001@second.test', true],
  ['sip:pbx.test', 'sip:1001@second.test', false],
  ['sip:1001@evil.example', 'sip:1001@127.0.0.1:5070', false],
  ['sip:1001@pbx.example.com', 'sip:1001@evil.example', false],
  ['sip:1002@pbx.example.com', 'sip:1001@127.0.0.1:5070', false],
  ['sip:1002@pbx.example.com', 'sip:1001@pbx.example.com', false],
  ['sip:evil.example', 'sip:1001@pbx.example.com', false],
  ['sip:127.0.0.1:5070', 'sip:1001@evil.example', false],
  ['sips:1001@pbx.example.com', 'sip:1001@pbx.example.com', false],
  ['garbage', 'sip:1001@pbx.example.com', false],
];

for (const [digestUri, requestUri, same] of rows) {
  test(`a digest for ${digestUri} is ${same ? '' : 'not '}good for a request to ${requestUri}`, () => {
    assert.equal(sameTarget(digestUri, requestUri, places), same);
  });
}
