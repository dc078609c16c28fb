import type { Section } from './vendor.ts';

/** One setting of a form that has a name and a value on each line. */
export type Setting = readonly [name: string, value: string];

/**
 * What a PBX calls somebody, on one line: a line break would begin another setting. Invisible characters go too, as in
 * terminals and logs.
 */
export function plain(text: string, longest: number): string {
  const visible = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu, ' ');
  return [...visible.replace(/\s+/g, ' ').trim()].slice(0, longest).join('').trim();
}

/**
 * The user part of a SIP URI (RFC 3261 25.1). More is escaped than must be: `;`, `=`, `/` and `$` mean something in the key
 * texts of Cisco and Fanvil, `|` and `>` in those of Snom.
 */
export function userPart(name: string): string {
  return encodeURIComponent(name).replace(/[!'()]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** `sip:1002@pbx.example.com` */
export function uriOf(name: string, host: string): string {
  return `sip:${userPart(name)}@${host}`;
}

/** Lines `name = value` under comments. @param joint what stands between name and value. */
export function assignments(sections: readonly Section<Setting>[], joint: string): string {
  return lines(sections, ([name, value]) => `${name}${joint}${value}`.trimEnd());
}

/** Lines `NAME="value"`. The form has no way to write a quotation mark. */
export function quoted(sections: readonly Section<Setting>[]): string {
  return lines(sections, ([name, value]) => `${name}="${value.replaceAll('"', "'")}"`);
}

/** Lines `name=value` and nothing else, for a form whose comments nobody has told us. */
export function bare(sections: readonly Section<Setting>[]): string {
  return sections.flatMap(({ settings }) => settings.map(([name, value]) => `${name}=${value}\n`)).join('');
}

function lines(sections: readonly Section<Setting>[], write: (setting: Setting) => string): string {
  if (sections.length === 0) return '# nothing to set\n';
  return sections.map(({ about, settings }) => [`# ${about}`, ...settings.map(write), ''].join('\n')).join('\n');
}
