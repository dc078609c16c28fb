import type { Logger } from '../../src/model/logger.ts';

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly room: string;
  readonly fields: object;
  readonly message: string;
}

/** Keeps what was said, children included, in `lines`. */
export class RecordingLogger implements Logger {
  readonly lines: LogLine[];
  readonly #room: string;

  constructor(room = '', lines: LogLine[] = []) {
    this.#room = room;
    this.lines = lines;
  }

  debug(fields: object, message: string): void {
    this.lines.push({ level: 'debug', room: this.#room, fields, message });
  }

  info(fields: object, message: string): void {
    this.lines.push({ level: 'info', room: this.#room, fields, message });
  }

  warn(fields: object, message: string): void {
    this.lines.push({ level: 'warn', room: this.#room, fields, message });
  }

  error(fields: object, message: string): void {
    this.lines.push({ level: 'error', room: this.#room, fields, message });
  }

  child(room: string): Logger {
    return new RecordingLogger(room, this.lines);
  }
}
