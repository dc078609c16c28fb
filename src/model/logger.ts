/** From the most talkative on. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof logLevels)[number];

/** The least that is written, of all rooms; may be changed while running. */
export interface LevelSwitch {
  level: LogLevel;
}

/** What every room may say; the one implementation is `src/log.ts`. Fields are plain data and hold no secret. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** True: debug lines are written at this moment. For who would make costly fields for nobody; absent: they are not. */
  readonly verbose?: boolean;
  /** The same log with the name of a room on each line. */
  child(room: string): Logger;
}
