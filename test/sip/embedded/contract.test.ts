import { systemRandom } from '../../../src/model/random.ts';
import { EmbeddedEngine } from '../../../src/sip/embedded/engine.ts';
import { engineContract } from '../../contracts/engine.ts';
import { testTls } from '../../support/certificate.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { silentLogger } from '../../support/silent-logger.ts';

const streams = ['tcp', 'tls', 'ws', 'wss'] as const;

engineContract(
  'embedded',
  async () => {
    const clock = new FakeClock();
    const engine = new EmbeddedEngine({
      listen: (['udp', ...streams] as const).map((transport) => ({ transport, address: '127.0.0.1', port: 0 })),
      clock,
      random: systemRandom,
      logger: silentLogger,
      serverName: 'Lamplighter/test',
      streams: { tls: testTls },
    });
    return { engine, clock };
  },
  streams,
);

engineContract('embedded, with datagrams that go one by one', async () => {
  const clock = new FakeClock();
  const engine = new EmbeddedEngine({
    listen: [{ transport: 'udp', address: '127.0.0.1', port: 0 }],
    clock,
    random: systemRandom,
    logger: silentLogger,
    serverName: 'Lamplighter/test',
    batches: false,
  });
  return { engine, clock };
}, []);
