import type { App } from '../app.ts';
import { upstreamsOf } from '../config/inline-schema.ts';
import type { Loaded } from '../config/load.ts';
import { demoNote } from '../config/notes.ts';
import type { Config } from '../config/schema.ts';
import { createLogger } from '../log.ts';
import { sleep, systemClock } from '../model/clock.ts';
import { Fault } from '../model/errors.ts';
import type { Logger } from '../model/logger.ts';
import { systemRandom } from '../model/random.ts';
import { asCalled, thisCalling } from './called.ts';
import { readLoaded, tryConfig } from './read-config.ts';
import { serviceManager } from './systemd.ts';
import { version } from './version.ts';

/** How long the greeting waits for the PBX's first answer; milliseconds. */
const answerMs = 5_000;

/** What the process may still take after its rooms have stopped; milliseconds. */
const lingerMs = 300;

/** Runs the daemon until SIGTERM or SIGINT; answers the exit code (docs/errors.md). */
export async function start(file: string | null): Promise<number> {
  // what people do not get to read is no reason to leave the phones alone
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const stopped = stopSignal(); // a start that is told to stop comes to its end, and stops in order
  const hangUps = new HangUps();
  const loaded = readLoaded(file);
  if (typeof loaded === 'number') return loaded;
  const { config, migrated } = loaded;
  const { level, format } = config.log;
  const text = format === 'text' || (format === 'auto' && process.stdout.isTTY === true);
  const logger = createLogger({ level, format: text ? 'text' : 'json' });
  // lines of JSON stay among themselves: what collects them stumbles over a sentence
  const toPeople = text ? process.stdout : process.stderr;
  const rooms = await import('../app.ts'); // not before there is something to run
  for (const step of migrated) logger.info({ step }, 'configuration of an older version, migrated in memory');
  const read = () => tryConfig(file);
  const tools = {
    clock: systemClock,
    random: systemRandom,
    logger,
    levels: logger,
    version,
    program: thisCalling().name,
  };
  const app = new rooms.App({ loaded, read, ...tools });
  const manager = serviceManager({ environment: process.env, clock: systemClock, logger, pid: process.pid });
  if (manager !== null) app.lifecycle.observe(manager);
  try {
    await app.start();
  } catch (error) {
    await app.stop();
    endSoon();
    return giveUp(logger, error);
  }
  process.once('uncaughtException', (error) => {
    void app.stop().finally(() => process.exit(giveUp(logger, error)));
  });
  hangUps.answer(() => void app.reload({ who: 'SIGHUP', from: null }));
  toPeople.write(greeting(app, config.sip));
  void answered(app, stopped).then((told) => told && toPeople.write(next(app, loaded)));
  await stopped;
  logger.info({}, 'stopping: phones keep their subscriptions and notice nothing');
  await app.stop();
  endSoon();
  return 0;
}

/** A forgotten timer, of a library or ours, must not keep a stopped daemon alive. The exit code is the one set by then. */
function endSoon(): void {
  setTimeout(() => process.exit(), lingerMs).unref();
}

function giveUp(logger: Logger, error: unknown): number {
  const fault = error instanceof Fault ? error : new Fault('internal', String(error), error);
  const stack = fault.code === 'internal' && error instanceof Error ? error.stack : undefined;
  logger.error({ code: fault.code, fix: fault.fix, stack }, fault.message);
  return fault.exit;
}

/** SIGHUP, which would end the process that does not listen; one that comes before somebody answers is not forgotten. */
class HangUps {
  #answer: (() => void) | null = null;
  #heard = false;

  constructor() {
    process.on('SIGHUP', () => {
      if (this.#answer === null) this.#heard = true;
      else this.#answer();
    });
  }

  answer(answer: () => void): void {
    this.#answer = answer;
    if (this.#heard) answer();
  }
}

/** The first one; a second ends the process. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}

/** For the person who typed the command; the log says the same to machines. */
function greeting(app: App, { drachtio, upstream }: Config['sip']): string {
  const { sip, http, domains } = app.bound;
  const [domain = '', ...others] = domains;
  const more = others.length > 3 ? ` and ${others.length} domains more` : others.map((name) => `, ${name}`).join('');
  const behind = upstreamsOf({ upstream });
  const lines = [
    `Lamplighter ${version} is running for ${domain}${more}.`,
    `  Panel and API   http://${http}`,
    `  Phones          ${sip.length === 0 && drachtio ? `through drachtio-server, ${drachtio.host}:${drachtio.port}` : sip.join('  ')}`,
    ...(behind.length === 0 ? [] : [`  The rest to     ${behind.join(', else ')}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** True when every PBX has answered or been given up on, or was given its time; false where the daemon is stopped first. */
async function answered(app: App, stopped: Promise<void>): Promise<boolean> {
  let running = true;
  void stopped.then(() => {
    running = false;
  });
  const deadline = systemClock.now() + answerMs;
  while (running && systemClock.now() < deadline && app.waiting) {
    await sleep(systemClock, 50);
  }
  return running;
}

/** What was found, and what to do next. */
function next(app: App, { config, file }: Loaded): string {
  const lines = app.found.map((line) => `  ${line}`);
  const note = demoNote(config);
  if (note !== null) {
    lines.push(
      file === null
        ? '  This is the demo: extensions 1001 to 1010, SIP password secret<ext>. Open the panel and place a call there.'
        : `  ${file}: ${note}.`,
      asCalled('  With your own PBX: `lamplighter setup`, or the page Setup of the panel.'),
    );
  }
  return `${lines.join('\n')}\n`;
}
