import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sameTarget } from '../../../src/sip/auth/digest-uri.ts';

const isOurs = (host: string) => host === 'pbx.example.com' || host === '127.0.0.1';

const rows: readonly (readonly [digestUri: string, requestUri: string, same: boolean])[] = [
  ['sip:1001@pbx.example.com', 'sip:1001@pbx.example.com', true],
  ['sip:1001@pbx.example.com', 'sip:1001@pbx.example.com:5060;user=phone', true],
  ['sip:127.0.0.1:5070', 'sip:1001@pbx.example.com', true],
  ['sip:pbx.example.com', 'sip:lamplighter@127.0.0.1:5070', true],
  ['sip:1001@pbx.example.com', 'sip:1001@127.0.0.1:5070', true],
  ['sip:1001@127.0.0.1:5070', 'sip:1001@pbx.example.com', true],
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
    assert.equal(sameTarget(digestUri, requestUri, isOurs), same);
  });
}
