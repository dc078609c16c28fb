import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before } from 'node:test';
import { featureType, setDnd, setForward } from '../support/phone.ts';
import { it, Site, says, skip } from './scene.ts';

/** A plain Asterisk whose admin did what the head of config/asterisk/extensions.conf says. */
const dialplan = `${readFileSync('config/asterisk/extensions.conf', 'utf8')}
[from-internal]
include => lamplighter-codes
exten => _1XXX,1,Gosub(lamplighter-dial,s,1(\${EXTEN},PJSIP/\${EXTEN},5,\${CONTEXT}))
 same => n,Hangup()
`;

let site: Site;

before(async () => {
  if (skip !== null) return;
  site = await Site.open((usual) => usual.replace('features: freepbx', 'features: astdb'));
  await site.lab.setDialplan(dialplan);
});
after(() => site?.close());

it('the codes of the snippet and the keys of the phone say the same', async () => {
  const [desk, line] = [await site.desk('1001'), await site.line('1001')];
  const keys = await desk.subscribe({ event: 'as-feature-event' });
  for (const [on, off, feature, target] of [
    ['*78', '*79', 'dnd', undefined],
    ['*721002', '*73', 'cfa', '1002'],
    ['*901003', '*91', 'cfb', '1003'],
    ['*521004', '*53', 'cfna', '1004'],
  ] as const) {
    await line.dial(on);
    await says(keys, feature, true, target);
    await line.dial(off);
    await says(keys, feature, false);
  }
  await line.unregister();
  assert.deepEqual(desk.violations, []);
});

it('the calls of the snippet obey the keys: always, do not disturb, busy, no answer', async () => {
  const [caller, wanted, other] = [await site.line('1004'), await site.line('1001'), await site.line('1002')];
  const keys = await (await site.desk('1001')).subscribe({ event: 'as-feature-event' });
  const set = async (body: string, feature: string, enabled: boolean) => {
    assert.equal((await keys.refresh({ body, contentType: featureType })).status, 200);
    await says(keys, feature, enabled);
  };
  const rings = async (at: typeof wanted, before?: typeof wanted, status = 486) => {
    const call = await caller.invite('1001');
    if (before !== undefined) (await before.nextCall()).reject(status);
    (await at.nextCall(10_000)).ringing();
    await call.hangup();
  };
  await rings(wanted);
  await set(setForward('cfa', true, '1002'), 'cfa', true);
  await rings(other);
  await set(setForward('cfa', false), 'cfa', false);
  await set(setForward('cfb', true, '1002'), 'cfb', true);
  await rings(other, wanted);
  await set(setDnd(true), 'dnd', true);
  await rings(other);
  await set(setForward('cfb', false), 'cfb', false);
  const refused = await caller.invite('1001');
  assert.equal((await refused.ended).status, 486);
  await set(setDnd(false), 'dnd', false);
  await set(setForward('cfna', true, '1002', 1), 'cfna', true);
  await rings(other, wanted, 480);
});
