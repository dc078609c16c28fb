import { systemRandom } from '../../../src/model/random.ts';
import { EmbeddedEngine } from '../../../src/sip/embedded/engine.ts';
import { engineContract } from '../../contracts/engine.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { silentLogger } from '../../support/silent-logger.ts';

engineContract('embedded', async () => {
  const clock = new FakeClock();
  const engine = new EmbeddedEngine({
    listen: [
      { transport: 'udp', address: '127.0.0.1', port: 0 },
      { transport: 'tcp', address: '127.0.0.1', port: 0 },
    ],
    clock,
    random: systemRandom,
    logger: silentLogger,
    serverName: 'Lamplighter/test',
  });
  return { engine, clock };
});
