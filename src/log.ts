import pino from 'pino';
import { lossy } from './log-sink.ts';
import { inSources } from './log-stack.ts';
import { type LevelSwitch, type Logger, type LogLevel, logLevels } from './model/logger.ts';

export interface LogOptions {
  readonly level: LogLevel;
  /** `json` for journald and collectors, `text` for people; both on standard output, one line an entry. */
  readonly format: 'json' | 'text';
  /** Where lines go; default standard output, which may fail or stand still for a while. */
  readonly write?: (line: string) => void;
}

/** Whatever a caller puts in by mistake, these never reach a line. */
const secrets = ['password', 'token', 'ha1', 'authorization', 'secret'];

/** The log as the one who made it holds it. */
export type RootLogger = Logger & LevelSwitch;

/** The place in `logLevels` from which on lines are written; one for all rooms, so that it can be moved while running. */
interface Threshold {
  at: number;
}

/** The only door to pino. Every control character is escaped: nothing off the wire can forge a line or move a cursor. */
export function createLogger(options: LogOptions): RootLogger {
  const lost = (lines: number) =>
    logger.warn({ lines }, 'the log can be written again; the lines of meanwhile are lost');
  const write = options.write ?? lossy(process.stdout, lost);
  const sink = (line: string) => write(options.format === 'json' ? escaped(line) : asText(line));
  const root = pino(
    {
      level: 'debug', // `Threshold` decides: a child of pino keeps the level it was born with
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...secrets, ...secrets.map((name) => `*.${name}`)], censor: '[hidden]' },
      messageKey: 'message',
      serializers: { err: readable, stack: (stack: unknown) => (typeof stack === 'string' ? inSources(stack) : stack) },
    },
    { write: sink },
  );
  const logger = new RoomLogger(root, root, { at: logLevels.indexOf(options.level) });
  return logger;
}

/** Nobody reads it: for rooms that are only tried out. */
export function silentLogger(): Logger {
  return createLogger({ level: 'error', format: 'json', write: () => undefined });
}

/** A class, so that all have one shape: the `verbose` of literals with a getter is looked up anew in each. */
class RoomLogger implements RootLogger {
  readonly #log: pino.Logger;
  readonly #root: pino.Logger;
  readonly #threshold: Threshold;

  constructor(log: pino.Logger, root: pino.Logger, threshold: Threshold) {
    this.#log = log;
    this.#root = root;
    this.#threshold = threshold;
  }

  get level(): LogLevel {
    return logLevels[this.#threshold.at] ?? 'info';
  }

  set level(level: LogLevel) {
    this.#threshold.at = logLevels.indexOf(level);
  }

  get verbose(): boolean {
    return this.#threshold.at === 0;
  }

  debug(fields: object, message: string): void {
    if (this.#threshold.at <= 0) this.#log.debug(fields, message);
  }

  info(fields: object, message: string): void {
    if (this.#threshold.at <= 1) this.#log.info(fields, message);
  }

  warn(fields: object, message: string): void {
    if (this.#threshold.at <= 2) this.#log.warn(fields, message);
  }

  error(fields: object, message: string): void {
    this.#log.error(fields, message);
  }

  /** Of the root: pino would write the names of both rooms, under one key. */
  child(room: string): Logger {
    return new RoomLogger(this.#root.child({ room }), this.#root, this.#threshold);
  }
}

/** As pino writes an error, its stack in the lines of the sources. */
function readable(error: unknown): unknown {
  const written: unknown = pino.stdSerializers.err(error as Error); // what is no error it gives back
  if (!(error instanceof Error)) return written;
  const { stack } = written as { stack?: unknown };
  return typeof stack === 'string' ? { ...(written as object), stack: inSources(stack) } : written;
}

/** `12:00:01 WARN  sip: message key=value`: the same content for a terminal. */
function asText(line: string): string {
  const { time, level, room, message, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const clock = String(time).slice(11, 19);
  const where = room === undefined ? '' : `${String(room)}: `;
  const rest = Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(
      ([key, value]) =>
        ` ${key}=${typeof value === 'string' && /^[\w.:@/+-]+$/.test(value) ? value : escaped(JSON.stringify(value))}`,
    )
    .join('');
  return `${clock} ${String(level).toUpperCase().padEnd(5)} ${where}${plain(String(message))}${rest}\n`;
}

function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]|\p{Cf}/gu, ' ');
}

/**
 * JSON leaves DEL, C1 (U+009B opens a terminal sequence), the line ends of Unicode and the signs that turn the direction of
 * writing as they are.
 */
function escaped(json: string): string {
  return json.replace(/[\u007f-\u009f\u2028\u2029]|\p{Cf}/gu, (sign) =>
    Array.from({ length: sign.length }, (_, at) => `\\u${sign.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );
}
