import type { Config } from './schema.ts';
import type { Source } from './source.ts';
import { asWritten, originOf } from './source.ts';

/** Stands for a secret. */
export const hidden = '[hidden]';

/** Names of settings that nobody may read back. */
const secret =
  /^(?:.*(?:password|passwd|passphrase|secrets?|credentials?|apikey|accesskey|token)|pass|pwd|sha256|ha1|authkey)$/i;

/** A setting with its value, and where that came from. */
export interface EffectiveSetting {
  /** `sip.listen.0` */
  readonly path: string;
  readonly value: unknown;
  /** `FILE:LINE`, the name of an environment variable, or `default`. */
  readonly origin: string;
}

/** A configuration with every default, without its secrets. */
export interface Effective {
  readonly config: unknown;
  readonly settings: readonly EffectiveSetting[];
}

/** What may be shown of a configuration. */
export function effective(config: Config, source: Source): Effective {
  const settings: EffectiveSetting[] = [];
  const shown = show(config, [], (path, value) => {
    settings.push({ path: path.join('.'), value, origin: originOf(source, asWritten(source, path)) });
  });
  return { config: shown, settings };
}

type Keys = readonly (string | number)[];

/** A copy without secrets; `leaf` hears of each value, empty lists and sections among them. */
function show(value: unknown, path: Keys, leaf: (path: Keys, value: unknown) => void): unknown {
  if (Array.isArray(value) && value.length > 0) return value.map((item, index) => show(item, [...path, index], leaf));
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const entries = Object.entries(value).filter(([, one]) => one !== undefined);
    if (entries.length > 0) {
      return Object.fromEntries(
        entries.map(([key, one]) => [
          key,
          secret.test(key) && !isSection(one) ? hide([...path, key], leaf) : show(one, [...path, key], leaf),
        ]),
      );
    }
  }
  const shown = typeof value === 'string' ? withoutUserInfo(value) : value;
  leaf(path, shown);
  return shown;
}

/** It has settings of its own, or entries that have. */
function isSection(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isSection);
  return typeof value === 'object' && value !== null;
}

function hide(path: Keys, leaf: (path: Keys, value: unknown) => void): string {
  leaf(path, hidden);
  return hidden;
}

/** `postgres://user:word@host` with the word hidden, whatever signs it has, and what a web address bears behind its `?`. */
function withoutUserInfo(text: string): string {
  return text
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^/\s:@]*):\S+@/i, `$1:${hidden}@`)
    .replace(/^(https?:\/\/[^\s?#]+)\?\S+/i, `$1?${hidden}`);
}
