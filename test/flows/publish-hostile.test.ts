import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { dialogInfo, lamp } from '../support/phone.ts';
import { publish, tagOf } from './publisher.ts';
import { Stage } from './stage.ts';

/* What an account of ours can do with PUBLISH to those who watch him. */

let stage: Stage;
before(async () => {
  stage = await Stage.open('phones: { profiles: [{ name: quick, match: ".", notifyMinIntervalMs: 0 }] }');
});
afterEach(() => stage.tidy());
after(() => stage.close());

/** Fifty calls with the longest names that are kept. */
function crowd(prefix: string): string {
  const name = "'".repeat(128);
  const calls = Array.from({ length: 50 }, (_, at) => {
    const remote = `<remote><identity display="${name}">sip:${"'".repeat(60)}@x</identity></remote>`;
    return `<dialog id="${prefix}${at}"><state>confirmed</state>${remote}</dialog>`;
  });
  return `<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="0" state="full" entity="sip:x@y">${calls.join('')}</dialog-info>`;
}

test('whoever publishes as many calls as he may, with the longest names, is still watched over UDP, his real calls too', async () => {
  const user = stage.ext();
  const phone = await stage.phone('2290');
  const subscription = await phone.subscribe({ event: 'dialog', resource: user });
  await subscription.next();
  const hand = await stage.hand('tcp');
  const tags: string[] = [];
  for (const prefix of ['a', 'b']) tags.push(await tagOf(publish(hand, { user, body: crowd(prefix) })));
  await subscription.next((notify) => lamp(dialogInfo(notify)) === 'busy');
  await stage.daemon.api('/api/v1/simulator/call', { method: 'POST', body: { from: '2297', to: user } });
  await subscription.next((notify) => dialogInfo(notify).dialogs.some(({ state }) => state === 'early'));
  for (const tag of tags) await tagOf(publish(hand, { user, tag, expires: 0 }));
  await subscription.next(
    (notify) => dialogInfo(notify).dialogs.filter(({ state }) => state !== 'terminated').length === 1,
  );
  assert.deepEqual(phone.violations, []);
});
