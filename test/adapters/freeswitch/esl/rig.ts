import { EslLink, type EslOptions } from '../../../../adapters/freeswitch/esl/esl-link.ts';
import type { EslEvent } from '../../../../adapters/freeswitch/esl-event.ts';
import { type Clock, systemClock } from '../../../../src/model/clock.ts';
import type { Fault } from '../../../../src/model/errors.ts';
import { systemRandom } from '../../../../src/model/random.ts';
import { EslServer, type EslServerOptions } from '../../../support/esl-server/esl-server.ts';
import { RecordingLogger } from '../../../support/silent-logger.ts';

export interface Rig {
  readonly server: EslServer;
  readonly link: EslLink;
  readonly logger: RecordingLogger;
  /** `up`, and the text of each `down`, in order. */
  readonly course: string[];
  readonly faults: Fault[];
  readonly events: EslEvent[];
  /** How often it came up. */
  ups(): number;
  /** Waits until it is up for the nth time. */
  up(times?: number): Promise<void>;
}

export interface RigOptions {
  readonly server?: EslServerOptions;
  readonly options?: Partial<EslOptions>;
  readonly clock?: Clock;
  /** Called for each event after it was noted. */
  readonly onEvent?: (event: EslEvent) => void;
  /** With the server that listens, before the link starts. */
  readonly before?: (server: EslServer) => unknown;
}

/** A scripted event socket and a link to it; both are closed afterwards. */
export async function rig(given: RigOptions, work: (it: Rig) => Promise<void>): Promise<void> {
  const { clock = systemClock } = given;
  const server = new EslServer({ now: () => clock.now(), ...given.server });
  await server.listen();
  await given.before?.(server);
  const logger = new RecordingLogger();
  const options: EslOptions = {
    host: '127.0.0.1',
    port: server.port,
    password: server.password,
    events: ['CHANNEL_CALLSTATE', 'PHONE_FEATURE'],
    subclasses: ['sofia::register', 'lamplighter::changed'],
    ...given.options,
  };
  const link = new EslLink(options, { clock, random: systemRandom, logger });
  const course: string[] = [];
  const faults: Fault[] = [];
  const events: EslEvent[] = [];
  const ups = () => course.filter((it) => it === 'up').length;
  link.start({
    up: () => course.push('up'),
    down: (fault) => {
      faults.push(fault);
      course.push(fault.message);
    },
    event: (event) => {
      events.push(event);
      given.onEvent?.(event);
    },
  });
  const up = (wanted = 1) =>
    until(
      () => ups() >= wanted,
      () => `not up ${wanted} times: ${course.join(', ')}`,
    );
  try {
    await work({ server, link, logger, course, faults, events, ups, up });
  } finally {
    link.stop();
    await server.close().catch(() => undefined);
  }
}

/** Looks every few milliseconds; the deadline is generous, it only ends a test that failed. */
export async function until(isSo: () => boolean, what: string | (() => string)): Promise<void> {
  const end = Date.now() + 20_000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(typeof what === 'string' ? what : what());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits of ten seconds and more take a tenth. */
export const hurried: Clock = {
  now: systemClock.now,
  after: (ms, task) => systemClock.after(ms >= 10_000 ? ms / 10 : ms, task),
};
