/** What every room may say; the one implementation is `src/log.ts`. Fields are plain data and hold no secret. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** The same log with the name of a room on each line. */
  child(room: string): Logger;
}
