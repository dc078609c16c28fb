import { systemRandom } from '../../../src/model/random.ts';
import { EmbeddedEngine } from '../../../src/sip/embedded/engine.ts';
import { RelocatingEngine } from '../../../src/sip/locate/relocating-engine.ts';
import { engineContract } from '../../contracts/engine.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { silentLogger } from '../../support/silent-logger.ts';

// Where no other way is found it behaves as the engine in it.
engineContract('relocating', async () => {
  const clock = new FakeClock();
  const embedded = new EmbeddedEngine({
    listen: (['udp', 'tcp'] as const).map((transport) => ({ transport, address: '127.0.0.1', port: 0 })),
    clock,
    random: systemRandom,
    logger: silentLogger,
    serverName: 'Lamplighter/test',
  });
  const relocation = { covers: () => true, targets: async () => [] };
  return { engine: new RelocatingEngine({ engine: embedded, relocation, clock, logger: silentLogger }), clock };
}, ['tcp']);
