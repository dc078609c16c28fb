import { parseHostPort, parseListenPoint } from '../config/listen-point.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import { systemRandom } from '../model/random.ts';
import type { SetupDesk } from '../ops/deps.ts';
import type { Setup } from '../setup/setup.ts';

/** Setup for the panel. Its code is loaded when somebody asks: a daemon at work never does. */
export function setupDesk(config: Config, file: string | null, clock: Clock, logger: Logger): SetupDesk {
  const open = async (): Promise<Setup> => {
    const [{ Setup }, { runProgram, thisHost, usualFile }] = await Promise.all([
      import('../setup/setup.ts'),
      import('../setup/this-host.ts'),
    ]);
    const listened = config.sip.listen.map((point) => parseListenPoint(point).port);
    return new Setup({
      root: '/',
      folder: null,
      // never the client's choice
      file: file ?? usualFile(process.env),
      ownPorts: [...listened, parseHostPort(config.http.listen).port],
      host: thisHost(),
      run: runProgram,
      tools: { clock, random: systemRandom, logger },
    });
  };
  return {
    look: async () => (await (await open()).look()).report,
    test: async (access, domain) => (await open()).test(access, domain),
    write: async (wish) => (await open()).write(wish),
  };
}
