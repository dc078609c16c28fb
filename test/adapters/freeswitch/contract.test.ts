import { describe } from 'node:test';
import type { AdapterSettings } from '../../../adapters/adapter.ts';
import { freeswitch } from '../../../adapters/freeswitch/freeswitch.ts';
import { hostAdapter } from '../../../adapters/host.ts';
import { type AdapterRig, adapterContract } from '../../contracts/adapter.ts';
import { agentsOn, handOn, troubleOn } from './hand.ts';
import { populated, settingsFor, user } from './rig.ts';

async function contractRig(
  features: 'db' | 'hash' | 'fusionpbx',
  mode: string,
): Promise<AdapterRig & { readonly settings: AdapterSettings }> {
  const pbx = await populated({ fusionpbx: features === 'fusionpbx' });
  pbx.register(user('1001'));
  pbx.callcenter.add(user('1003'));
  const settings = settingsFor(pbx, { features, mode, pollSeconds: 1 });
  return {
    settings,
    adapter: (tools) => freeswitch(settings, tools),
    aor: user('1001'),
    other: user('1002'),
    target: '1002',
    hand: handOn(pbx),
    // A PBX that is only observed takes no wishes.
    ...(mode === 'observe' ? {} : { agents: agentsOn(pbx) }),
    trouble: troubleOn(pbx, features),
    close: () => pbx.close(),
  };
}

// As within the contract: mostly waiting.
describe('the kinds of FreeSWITCH', { concurrency: 3 }, () => {
  for (const features of ['db', 'hash', 'fusionpbx'] as const) {
    adapterContract(`freeswitch, ${features}`, () => contractRig(features, 'sidecar'));
  }
  adapterContract('freeswitch, native', () => contractRig('db', 'native'));
  adapterContract('freeswitch, in a thread of its own', async () => {
    const rig = await contractRig('db', 'sidecar');
    return { ...rig, adapter: (tools) => hostAdapter('freeswitch', rig.settings, tools) };
  });
  adapterContract('freeswitch, observe', () => contractRig('fusionpbx', 'observe'));
});
