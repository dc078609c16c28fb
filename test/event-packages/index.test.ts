import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventPackages } from '../../src/event-packages/index.ts';
import { eventPackageContract } from '../contracts/event-package.ts';

for (const pkg of eventPackages) eventPackageContract(pkg);

describe('the list of event packages', () => {
  it('serves feature keys and lamps', () => {
    assert.deepEqual(
      eventPackages.map(({ event }) => event),
      ['as-feature-event', 'dialog'],
    );
  });

  it('E65-03 grants an hour by default', () => {
    for (const { expires } of eventPackages) assert.deepEqual(expires, { min: 60, default: 3600, max: 3600 });
  });

  it('paces lamps by the profile, and answers keys at once', () => {
    assert.deepEqual(
      eventPackages.map(({ rate = 'profile' }) => rate),
      ['none', 'profile'],
    );
  });

  it('lets only the user see his own forwards, and the domain see who talks', () => {
    assert.deepEqual(
      eventPackages.map(({ watchers }) => watchers),
      ['owner', 'domain'],
    );
  });
});
