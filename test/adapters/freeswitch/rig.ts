import { freeswitch } from '../../../adapters/freeswitch/freeswitch.ts';
import { freeswitchOptions } from '../../../adapters/freeswitch/options.ts';
import { type Aor, aorOf } from '../../../src/model/aor.ts';
import { type Clock, systemClock } from '../../../src/model/clock.ts';
import type { Wish } from '../../../src/model/feature.ts';
import { systemRandom } from '../../../src/model/random.ts';
import { FakeFreeswitch, type FakeFreeswitchOptions } from '../../support/freeswitch/fake-freeswitch.ts';
import { RecordingLogger } from '../../support/silent-logger.ts';
import { Telling } from '../told.ts';

export const domain = 'lab.test';
export const secondDomain = 't2.test';
export const domains = [
  { name: domain, aliases: ['127.0.0.1'] },
  { name: secondDomain, aliases: [] },
];

/** The true time, but waits of `fromMs` and more are so many times shorter. */
export function hurried(fromMs: number, times: number): Clock {
  return { now: systemClock.now, after: (ms, task) => systemClock.after(ms >= fromMs ? ms / times : ms, task) };
}

export interface Rig {
  readonly pbx: FakeFreeswitch;
  readonly telling: Telling;
  readonly logger: RecordingLogger;
  readonly adapter: ReturnType<typeof freeswitch>;
}

export interface RigOptions {
  /** Of the adapter, beside the event socket. */
  readonly more?: object;
  readonly esl?: object;
  readonly fake?: FakeFreeswitchOptions;
  /** Waits of ten seconds and more take a tenth: watchdogs, and the pause after a wrong password. */
  readonly hurry?: boolean;
  /** Default: the true one. */
  readonly clock?: Clock;
  readonly before?: (pbx: FakeFreeswitch) => unknown;
}

/** Two tenants with the same numbers, 1001 to 1003; passwords `pw-1001`, but that of 1003@t2.test is kept as MD5. */
export async function populated(options: FakeFreeswitchOptions = {}): Promise<FakeFreeswitch> {
  const pbx = new FakeFreeswitch(options);
  for (const id of ['1001', '1002', '1003']) {
    pbx.directory.add(id, domain, { password: `pw-${id}` });
    const secret = id === '1003' ? { a1Hash: 'B1A6D3C2F00D4E5F8899AABBCCDDEEFF' } : { password: `pw-t2-${id}` };
    pbx.directory.add(id, secondDomain, secret);
  }
  await pbx.listen();
  return pbx;
}

/** The settings of an adapter before this FreeSWITCH. */
export function settingsFor(pbx: FakeFreeswitch, more: object = {}, esl: object = {}) {
  const options = freeswitchOptions.parse({ esl: { port: pbx.port, password: pbx.esl.password, ...esl }, ...more });
  return { name: 'main', domain, domains, options, remembered: [] };
}

/** A FreeSWITCH in small with the adapter before it; everything is closed afterwards. */
export async function rig(
  { more = {}, esl = {}, fake = {}, hurry = false, clock = systemClock, before }: RigOptions,
  work: (it: Rig) => Promise<void>,
): Promise<void> {
  const pbx = await populated(fake);
  await before?.(pbx);
  const logger = new RecordingLogger();
  const tools = { clock: hurry ? hurried(10_000, 10) : clock, random: systemRandom, logger };
  const telling = new Telling();
  let adapter: Rig['adapter'] | undefined;
  try {
    adapter = freeswitch(settingsFor(pbx, more, esl), tools);
    adapter.start(telling.tell);
    await work({ pbx, telling, logger, adapter });
  } finally {
    await adapter?.stop();
    await pbx.close();
  }
}

export function wish(feature: Wish['feature'], enabled: boolean, more: Partial<Wish> = {}): Wish {
  const origin = { kind: 'phone', who: '1001', from: null, userAgent: null } as const;
  return { aor: user('1001'), feature, enabled, origin, ...more };
}

export function user(id: string, of = domain): Aor {
  return aorOf(id, of);
}
