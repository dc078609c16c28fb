import { asterisk } from '../../../adapters/asterisk/asterisk.ts';
import { asteriskOptions } from '../../../adapters/asterisk/options.ts';
import { aorOf } from '../../../src/model/aor.ts';
import { type Clock, systemClock } from '../../../src/model/clock.ts';
import type { Wish } from '../../../src/model/feature.ts';
import { systemRandom } from '../../../src/model/random.ts';
import { RecordingLogger } from '../../support/silent-logger.ts';
import { Telling } from '../told.ts';
import { FakeAmi } from './fake-ami.ts';
import { FakeAri } from './fake-ari.ts';

/** Waits of five seconds and more take a tenth: heartbeats and their answers, and the pause after a wrong password. */
const hurried: Clock = {
  now: systemClock.now,
  after: (ms, task) => systemClock.after(ms >= 5_000 ? ms / 10 : ms, task),
};

export interface Rig {
  readonly ari: FakeAri;
  readonly ami: FakeAmi;
  readonly telling: Telling;
  readonly logger: RecordingLogger;
  readonly adapter: ReturnType<typeof asterisk>;
}

export interface RigOptions {
  readonly ari?: object | null;
  readonly ami?: object | null;
  readonly more?: object;
  /** Long waits are short. */
  readonly hurry?: boolean;
  readonly before?: (rig: { readonly ari: FakeAri; readonly ami: FakeAmi }) => Promise<void> | void;
}

/** An Asterisk in small with the adapter before it; everything is closed afterwards. */
export async function rig(
  { ari: ariMore = {}, ami: amiMore = {}, more = {}, before, hurry = false }: RigOptions,
  work: (it: Rig) => Promise<void>,
): Promise<void> {
  const ari = new FakeAri();
  const ami = new FakeAmi();
  await ari.listen();
  await ami.listen();
  await before?.({ ari, ami });
  const { username, password } = ari;
  const options = asteriskOptions.parse({
    ...(ariMore === null ? {} : { ari: { url: ari.url, username, password, ...ariMore } }),
    ...(amiMore === null
      ? {}
      : { ami: { port: ami.port, username: ami.username, password: ami.password, ...amiMore } }),
    ...more,
  });
  const logger = new RecordingLogger();
  const tools = { clock: hurry ? hurried : systemClock, random: systemRandom, logger };
  const settings = { name: 'main', domain: 'lab.test', domains: [{ name: 'lab.test', aliases: [] }], options };
  const telling = new Telling();
  let adapter: Rig['adapter'] | undefined;
  try {
    adapter = asterisk({ ...settings, remembered: [] }, tools);
    adapter.start(telling.tell);
    await work({ ari, ami, telling, logger, adapter });
  } finally {
    await adapter?.stop();
    await ari.close().catch(() => undefined);
    await ami.close().catch(() => undefined);
  }
}

export function wish(feature: Wish['feature'], enabled: boolean, more: Partial<Wish> = {}): Wish {
  const origin = { kind: 'phone', who: '1001', from: null, userAgent: null } as const;
  return { aor: aorOf('1001', 'lab.test'), feature, enabled, origin, ...more };
}

export const channel = (id: string, name: string, state: string, connected = '') => ({
  id,
  name,
  state,
  protocol_id: `call-id-of-${id}`,
  connected: { name: '', number: connected },
  dialplan: { exten: '1001', app_name: '' },
  creationtime: '2023-11-14T22:13:20.000+0000',
});

/** What was told of a lamp at this PBX, in order: phase and number of each of its calls. */
export function lamp({ telling }: Rig, name: string): readonly string[] {
  return telling
    .of('dialogs')
    .filter(({ aor }) => aor === `${name}@lab.test`)
    .map(({ legs }) => legs.map(({ phase, remote }) => `${phase} ${remote.number}`).join(' + ') || '-');
}
