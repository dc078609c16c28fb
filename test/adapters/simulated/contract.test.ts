import { simulatedOptions } from '../../../adapters/simulated/options.ts';
import { simulated } from '../../../adapters/simulated/simulated.ts';
import { aorOf } from '../../../src/model/aor.ts';
import { adapterContract } from '../../contracts/adapter.ts';

const domain = 'example.com';

adapterContract('simulated', async () => ({
  adapter: (tools) =>
    simulated(
      { name: 'sim', domain, options: simulatedOptions.parse({ extensions: ['1001-1003'] }), remembered: [] },
      tools,
    ),
  aor: aorOf('1001', domain),
  target: '1002',
  close: async () => undefined,
}));
