import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { allQuiet, enter, inline, Lamps, talk } from './inline-scene.ts';
import { it, Site, skip } from './scene.ts';

let site: Site;
before(async () => {
  if (skip === null) site = await Site.open(inline());
});
after(() => site?.close());

for (const who of ['caller', 'callee'] as const) {
  it(`the ${who} transfers blind by REFER, hears how it goes in NOTIFYs, and is out of the call`, async () => {
    const [one, two, three] = [await enter(site, '1001'), await enter(site, '1002'), await enter(site, '1003')];
    const lamps = await Lamps.on(site, '1001', '1002', '1003');
    const { call, incoming } = await talk(one, two);
    const [leaves, stays] = who === 'caller' ? [call, incoming] : [incoming, call];
    const [gone, left] = who === 'caller' ? ['1001', '1002'] : ['1002', '1001'];
    assert.equal((await leaves.transfer('1003')).status, 202);
    const taken = await three.nextCall();
    taken.ringing();
    await lamps.show({ '1003': 'ringing' });
    await taken.answer();
    await leaves.ended;
    assert.match(leaves.transferProgress[0] ?? '', /^SIP\/2\.0 100/);
    assert.match(leaves.transferProgress.at(-1) ?? '', /^SIP\/2\.0 200/);
    await lamps.show({ [gone]: 'off', [left]: 'busy', '1003': 'busy' });
    assert.equal(await site.lab.conversations(), 1);
    await taken.hangup();
    assert.equal((await stays.ended).by, 'them');
    await lamps.show({ [left]: 'off', '1003': 'off' });
    await lamps.leave();
    await allQuiet(site);
  });
}

it('a transfer is attended by REFER with Replaces: the two others talk on', async () => {
  const [one, two, three] = [await enter(site, '1001'), await enter(site, '1002'), await enter(site, '1003')];
  const lamps = await Lamps.on(site, '1001', '1002', '1003');
  const first = await talk(one, two);
  assert.equal((await first.incoming.hold()).status, 200);
  await lamps.show({ '1002': 'held' });
  const asked = await talk(two, three);
  await lamps.show({ '1003': 'busy' });
  assert.equal((await first.incoming.transfer('1003', asked.call)).status, 202);
  await first.incoming.ended;
  assert.match(first.incoming.transferProgress.at(-1) ?? '', /^SIP\/2\.0 200/);
  assert.equal((await asked.call.ended).by, 'them');
  await lamps.show({ '1001': 'busy', '1002': 'off', '1003': 'busy' });
  assert.equal(await site.lab.conversations(), 1);
  await first.call.hangup();
  assert.equal((await asked.incoming.ended).by, 'them');
  await lamps.show({ '1001': 'off', '1003': 'off' });
  await lamps.leave();
  await allQuiet(site);
});
