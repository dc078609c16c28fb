import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventPackages } from '../../src/event-packages/index.ts';
import { eventPackageContract } from '../contracts/event-package.ts';

for (const pkg of eventPackages) eventPackageContract(pkg);

describe('the list of event packages', () => {
  const listed = eventPackages.map(({ event }) => event);

  it('serves feature keys, lamps, messages, presence, registrations and watchers, each once', () => {
    assert.equal(new Set(listed).size, listed.length);
    for (const event of [
      'as-feature-event',
      'dialog',
      'message-summary',
      'presence',
      'reg',
      'dialog.winfo',
      'presence.winfo',
    ]) {
      assert.ok(listed.includes(event), event);
    }
  });

  it('serves no watchers of watchers', () => {
    for (const { about } of eventPackages) assert.doesNotMatch(about ?? '', /\.winfo$/);
  });

  it('E65-03 grants what the RFCs say by default: an hour, a little more for registrations; messages for a day at most', () => {
    const seconds = (event: string) => eventPackages.find((pkg) => pkg.event === event)?.expires;
    for (const event of ['as-feature-event', 'dialog', 'presence', 'dialog.winfo', 'presence.winfo']) {
      assert.deepEqual(seconds(event), { min: 60, default: 3600, max: 3600 }, event);
    }
    assert.deepEqual(seconds('reg'), { min: 60, default: 3761, max: 3761 });
    assert.deepEqual(seconds('message-summary'), { min: 60, default: 3600, max: 86_400 });
  });

  it('paces by the profile, and answers keys at once; registrations and watchers no more than every 5 s', () => {
    const paces = eventPackages.map(({ event, rate = 'profile', leastIntervalMs = 0 }) => [
      event,
      rate,
      leastIntervalMs,
    ]);
    for (const row of [
      ['as-feature-event', 'none', 0],
      ['dialog', 'profile', 0],
      ['message-summary', 'profile', 0],
      ['presence', 'profile', 0],
      ['reg', 'profile', 5000],
      ['dialog.winfo', 'profile', 5000],
      ['presence.winfo', 'profile', 5000],
    ]) {
      assert.deepEqual(
        paces.find(([event]) => event === row[0]),
        row,
      );
    }
  });

  it('lets the domain see who talks, and only the user himself the rest', () => {
    for (const { event, watchers } of eventPackages) {
      if (event === 'dialog' || event === 'presence') assert.equal(watchers, 'domain', event);
      if (/^as-feature|^message|^reg$|winfo$/.test(event)) assert.equal(watchers, 'owner', event);
    }
  });
});
