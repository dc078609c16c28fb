import type { PbxAdapter } from '../../../adapters/adapter.ts';
import { simulatedOptions } from '../../../adapters/simulated/options.ts';
import { simulated } from '../../../adapters/simulated/simulated.ts';
import { agentPhases } from '../../../src/model/agent.ts';
import { aorOf } from '../../../src/model/aor.ts';
import { adapterContract, type PbxHand } from '../../contracts/adapter.ts';

const domain = 'example.com';
const settings = {
  name: 'sim',
  domain,
  domains: [{ name: domain, aliases: [] }],
  options: simulatedOptions.parse({ extensions: ['1001-1003'], agents: ['1003'] }),
  remembered: [],
};

adapterContract('simulated', async () => {
  let adapter: PbxAdapter | null = null;
  return {
    adapter: (tools) => {
      adapter = simulated(settings, tools);
      return adapter;
    },
    aor: aorOf('1001', domain),
    other: aorOf('1002', domain),
    target: '1002',
    hand: handOn(() => adapter!.simulator!),
    agents: {
      agent: aorOf('1003', domain),
      nobody: aorOf('1001', domain),
      phases: agentPhases,
      become: (phase) => void adapter!.simulator!.agent('1003', { phase, reason: null }),
    },
    close: async () => undefined,
  };
});

function handOn(simulator: () => NonNullable<PbxAdapter['simulator']>): PbxHand {
  return {
    call: () => {
      const rung = simulator().call('1002', '1001');
      if (!rung.ok) throw new Error(rung.refusal.message);
      const { id } = rung.value;
      return {
        answer: () => void simulator().answer(id),
        hold: () => void simulator().hold(id, '1001'),
        resume: () => void simulator().resume(id, '1001'),
        hangup: () => void simulator().hangup(id),
      };
    },
    register: (there) => void simulator().register('1001', there),
    mailbox: (counts) => void simulator().mailbox('1001', counts),
  };
}
