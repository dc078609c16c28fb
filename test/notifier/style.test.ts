import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aorOf } from '../../src/model/aor.ts';
import { defaultProfile, type PhoneProfile } from '../../src/model/profile.ts';
import type { Subscription } from '../../src/notifier/record.ts';
import { restyledBy, type Style } from '../../src/notifier/style.ts';

const [boss, desk] = [aorOf('1001', 'a.example'), aorOf('1002', 'a.example')];
const subscribed = (userAgent: string) => ({ userAgent, watcher: boss }) as Subscription;

function style(snom: Partial<PhoneProfile>, picksUp: readonly string[] = []): Style {
  return {
    profileFor: (userAgent) => ({ ...defaultProfile, ...(userAgent === 'snom' ? snom : {}) }),
    mayPickUp: (_, resource) => picksUp.includes(resource),
  };
}

test('only those are looked at whose profile says something else', () => {
  const isOther = restyledBy(style({}), style({ identities: 'none' }));
  assert.equal(isOther(subscribed('snom'), [desk]), true);
  assert.equal(isOther(subscribed('yealink'), [desk]), false);
});

test('rights to pick up count for phones that are told how, and for what they watch', () => {
  const code = { pickup: 'code' } as const;
  const isOther = restyledBy(style(code), style(code, [desk]));
  assert.equal(isOther(subscribed('snom'), [boss]), false);
  assert.equal(isOther(subscribed('snom'), [boss, desk]), true);
  assert.equal(isOther(subscribed('yealink'), [desk]), false);
});
