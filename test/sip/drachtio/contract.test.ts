import type { Clock, Timer } from '../../../src/model/clock.ts';
import { systemRandom } from '../../../src/model/random.ts';
import { DrachtioEngine } from '../../../src/sip/drachtio/engine.ts';
import { engineContract, type Incapable } from '../../contracts/engine.ts';
import { DrachtioServer } from '../../support/drachtio-server/drachtio-server.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { silentLogger } from '../../support/silent-logger.ts';

/** The server of the test keeps the same time, and has timers of its own. */
class OwnTimers implements Clock {
  pending = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  after(ms: number, task: () => void): Timer {
    this.pending += 1;
    let over = false;
    const end = () => {
      if (!over) this.pending -= 1;
      over = true;
    };
    const timer = this.#clock.after(ms, () => {
      end();
      task();
    });
    return {
      cancel: () => {
        end();
        timer.cancel();
      },
    };
  }
}

const byServer = 'the server sees to it itself, in its own way';
const ofServer = "the server's sockets are its own: what it takes and how it repeats is its affair";

const incapable: Incapable = {
  'RFC 3581 4: rport is said where it was asked for': 'the server says it always',
  'a request on a connection that is gone ends as a local 503, at once or when it goes':
    'the server follows a phone to its new connection, or makes one (`outlasts`)',
  'bytes that are no UTF-8 go back as they came, and reach the handler so':
    'the control connection is UTF-8: what is none has become U+FFFD when it comes here',
  'a refusal names the reason, and is the same each time': byServer,
  'T-05 a STUN Binding request is answered with the address it came from': ofServer,
  'an INVITE gets a plain final answer, its ACK is swallowed':
    'methods other than ours are not asked for: they belong to other programs of the same server',
  'E65-22 CANCEL is 200 where it matches, 481 where not, and changes nothing': byServer,
  'T-08 a message without Content-Length is 400 and the connection closes': ofServer,
  'a message larger than 64 kB is 513 and the connection closes': ofServer,
  'E65-15 a NOTIFY that nobody answers is repeated at T1, 2T1, … T2 and ends as 408 after 64 T1':
    'sofia repeats first after 1 s; the end is tested in limits.test.ts',
  'after a provisional answer it is repeated every T2': ofServer,
  'a response must match in branch, method and sent-by, or it is dropped': byServer,
  'T-04 what is too large for UDP goes by TCP to the same place where that listens': ofServer,
  'T-04 it falls back to UDP where TCP fails, and remembers that for ten minutes': ofServer,
};

engineContract(
  'drachtio',
  async () => {
    const clock = new FakeClock();
    const server = new DrachtioServer({ clock });
    const { control } = await server.start();
    const own = new OwnTimers(clock);
    const engine = new DrachtioEngine({
      ...control,
      secret: server.secret,
      clock: own,
      random: systemRandom,
      logger: silentLogger,
      serverName: 'Lamplighter/test',
      pingMs: 600_000,
    });
    return { engine, clock, close: () => server.stop(), timers: () => own.pending };
  },
  ['tcp'],
  incapable,
);
