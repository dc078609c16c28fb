import type { Source } from '../config/source.ts';
import type { Readings } from './current.ts';

/** What a reload finds different. */
export interface Difference {
  readonly before: Readings;
  readonly after: Readings;
  /** Where the values of the new one come from. */
  readonly source: Source;
  /** Something at this place of the configuration, or below it, is different: `phones`, `sip.tls`. */
  touches(...paths: readonly string[]): boolean;
}

/** What one room has made ready; nothing of it is in use yet. */
export interface Prepared {
  /** Puts it in place. Must not throw for what `prepare` could have found out. */
  commit(): void | Promise<void>;
  /** Lets it go, where another room could not make its own ready. */
  abandon?(): void | Promise<void>;
}

/** A room's part in a reload. */
export interface Stage {
  readonly name: string;
  /** Makes everything new that may fail. Rejects with a Fault that names the setting; null: nothing here is different. */
  prepare(difference: Difference): Promise<Prepared | null> | Prepared | null;
}
