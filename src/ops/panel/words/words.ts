import { isKeyLamp, isParked, lampOf, lampOfCall, lampText } from './lamp.ts';
import type { AuditValue, Call, Extension, Feature, FeatureName, Party } from './shapes.ts';

/** Pure: what the page says. */

export const featureWords: Readonly<Record<FeatureName, string>> = {
  dnd: 'Do not disturb',
  cfa: 'Forward always',
  cfb: 'Forward on busy',
  cfna: 'Forward on no answer',
};

export const keyWords: Readonly<Record<FeatureName, string>> = {
  dnd: 'DND',
  cfa: 'All',
  cfb: 'Busy',
  cfna: 'No ans.',
};

/** Without the signs that turn round what stands behind them: a caller's name could make his number look like another. */
export function upright(text: string): string {
  return text.replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '');
}

export function whoText({ number, name }: Party): string {
  const digits = number === null ? null : upright(number);
  const words = name === null || name === '' ? null : upright(name);
  if (digits === null) return words ?? 'number withheld';
  return words === null ? digits : `${words} (${digits})`;
}

export function callText(call: Call): string {
  const who = whoText(call.remote);
  const lamp = lampOfCall(call);
  if (lamp === 'ringing') return `${who} is calling`;
  if (lamp === 'calling') return `calling ${who}`;
  return (lamp === 'held' ? 'holds ' : 'talks with ') + who;
}

/**
 * What the card says of a call. Of a lamp it is who stands behind it, as in a parking slot; null: nobody, as with most of
 * them, which are only lit.
 */
export function talkText(extension: Extension, call: Call): string | null {
  if (!isKeyLamp(extension)) return callText(call);
  const { number, name } = call.remote;
  return number || name || isParked(extension) ? whoText(call.remote) : null;
}

/** What stands under the name; an item each. */
export function facts(extension: Extension): readonly string[] {
  const told: string[] = [];
  const phones = extension.phones?.length ?? 0;
  // Where the lamp itself says so, once is enough.
  if (!extension.registered && lampOf(extension) !== 'away' && !isKeyLamp(extension)) told.push('not registered');
  if (phones > 1) told.push(`${phones} phones`);
  if (extension.agent) told.push(`agent ${agentWords[extension.agent.state] ?? extension.agent.state}`);
  if (extension.subscriptions > 0) told.push(counted(extension.subscriptions, 'subscription'));
  return told;
}

const agentWords: Readonly<Record<string, string>> = {
  loggedOff: 'logged off',
  notReady: 'on a break',
  ready: 'ready',
  workingAfterCall: 'wrapping up',
};

/** New messages, urgent ones among them; 0: none, or no mailbox. */
export function newMessages({ mailbox }: Pick<Extension, 'mailbox'>): number {
  return mailbox === null ? 0 : mailbox.new + mailbox.newUrgent;
}

export function counted(count: number, word: string): string {
  return `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;
}

/** Where the extension is, if that is not plain: nothing for those of the default domain. */
export function placeText({ aor, ext }: Pick<Extension, 'aor' | 'ext'>, usual: string): string {
  const place = aor.slice(ext.length);
  return place === `@${usual}` ? '' : place;
}

/** What the key shows besides its name: with the rings where there is room. */
export function keyText(feature: FeatureName, value: Feature): string {
  if (value.known === false) return '–';
  if (!value.enabled) return 'off';
  if (feature === 'dnd') return 'on';
  const rings = feature === 'cfna' && value.ringCount ? ` (${value.ringCount})` : '';
  return upright(value.target ?? '?') + rings;
}

/** `on`, `on → 1002 (4 rings)`, `off (1002)`; of an agent, what he is. */
export function valueText(value: AuditValue | null): string {
  if (value === null) return '–';
  if (value.enabled === undefined) {
    const state = agentWords[value.state ?? ''] ?? value.state ?? '–';
    return value.reason ? `${state} (${upright(value.reason)})` : state;
  }
  const target = value.target ? upright(value.target) : '';
  if (!value.enabled) return target === '' ? 'off' : `off (${target})`;
  const rings = value.ringCount ? ` (${counted(value.ringCount, 'ring')})` : '';
  return target === '' ? 'on' : `on → ${target}${rings}`;
}

/** What a search looks through, lower case; `usual`: the default domain, which goes without saying. */
export function haystack(extension: Extension): string {
  const on = Object.entries(extension.features).flatMap(([name, value]) =>
    value.enabled ? [name, value.target ?? ''] : [],
  );
  const mail = newMessages(extension) > 0 ? ['voicemail'] : [];
  const { aor, displayName, dialogs } = extension;
  return [
    aor,
    displayName ?? '',
    lampText(extension),
    ...on,
    ...mail,
    ...dialogs.map((call) => talkText(extension, call) ?? ''),
  ]
    .join('\n')
    .toLowerCase();
}

type Named = Pick<Extension, 'aor' | 'ext' | 'lamp'>;

/** Extensions by their numbers, then lamps. */
export function compare(a: Named, b: Named): number {
  const lamps = Number(isKeyLamp(a)) - Number(isKeyLamp(b));
  return lamps || byNumber.compare(a.ext, b.ext) || (a.aor < b.aor ? -1 : a.aor > b.aor ? 1 : 0);
}

const byNumber = new Intl.Collator('en', { numeric: true });

/**
 * How much of all is shown: `3 of 5 extensions, 1 lamp`.
 *
 * @param shown extensions, lamps not among them; `total`: so many there are.
 */
export function shownText(shown: number, total: number, lamps: number): string {
  const lit = counted(lamps, 'lamp');
  if (lamps > 0 && shown === 0) return lit;
  const extensions = shown === total ? counted(total, 'extension') : `${shown} of ${counted(total, 'extension')}`;
  return lamps > 0 ? `${extensions}, ${lit}` : extensions;
}

/** Why there is nothing to see. `count`: so many extensions there are. */
export function emptyText(count: number, filtered: boolean): string {
  if (count > 0 && filtered) return 'No extension fits this search and these filters.';
  return 'No extension is known. If a PBX is up and this stays so, its users are in none of the domains of the configuration, or it does not list them.';
}
