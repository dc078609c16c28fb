import { type Aor, domainOf, userOf } from '../../src/model/aor.ts';
import type { PbxGroup } from '../../src/model/pbx-event.ts';
import type { Domains } from './domains.ts';
import type { EslCommands } from './esl/commands.ts';
import { safeAor } from './features/words.ts';

/** A user as `list_users` shows him. */
export interface Listed {
  readonly aor: Aor;
  readonly displayName: string | null;
}

/**
 * The users of `list_users` in domains of ours, each once: the listing has a row for each group of a user. Empty where
 * the directory is made by a script for each question (FusionPBX, mod_xml_curl): FreeSWITCH then has nothing to list.
 */
export function readUsers(listing: string, domains: Domains): readonly Listed[] {
  const [head = '', ...rows] = listing.split('\n');
  if (!head.startsWith('userid|')) return [];
  const columns = head.split('|');
  const [user, domain, name] = ['userid', 'domain', 'effective_caller_id_name'].map((it) => columns.indexOf(it));
  const found = new Map<Aor, Listed>();
  for (const row of rows) {
    const cells = row.split('|');
    // A name or a contact with a bar in it has moved the others.
    const usable = cells.length === columns.length;
    const aor = domains.aor(cells[user ?? 0], cells[domain ?? 2]);
    if (aor === null || found.has(aor) || !safeAor.test(aor)) continue;
    found.set(aor, { aor, displayName: usable ? shownName(cells[name ?? -1], aor) : null });
  }
  return [...found.values()];
}

/** The groups of the directory that `list_users` names, each in the domain of its users. */
export function readGroups(listing: string, domains: Domains): readonly PbxGroup[] {
  const [head = '', ...rows] = listing.split('\n');
  if (!head.startsWith('userid|')) return [];
  const columns = head.split('|');
  const [user, domain, named] = ['userid', 'domain', 'group'].map((it) => columns.indexOf(it));
  const groups = new Map<string, { readonly name: string; readonly domain: string; readonly members: Set<Aor> }>();
  for (const row of rows) {
    // These stand before the contact, so that a bar in a name or contact does not move them.
    const cells = row.split('|');
    const aor = domains.aor(cells[user ?? 0], cells[domain ?? 2]);
    const name = cells[named ?? -1] ?? '';
    if (aor === null || !safeAor.test(aor) || !/^[\w.+-]{1,64}$/.test(name)) continue;
    const key = `${name}@${domainOf(aor)}`;
    const there = groups.get(key) ?? { name, domain: domainOf(aor), members: new Set<Aor>() };
    there.members.add(aor);
    groups.set(key, there);
  }
  return [...groups.values()].map((group) => ({ ...group, members: [...group.members] }));
}

/** Domains of the listing that are not served here, some of them at least: what an admin may have forgotten. */
export function strangeDomains(listing: string, domains: Domains): readonly string[] {
  const [head = '', ...rows] = listing.split('\n');
  const at = head.split('|').indexOf('domain');
  if (!head.startsWith('userid|') || at === -1) return [];
  const named = rows.map((row) => row.split('|')[at] ?? '').filter((it) => /^[\w.:[\]-]{1,128}$/.test(it));
  return [...new Set(named)].filter((it) => domains.canonical(it) === null).slice(0, 10);
}

/** null: nothing that the number does not say already. */
function shownName(name: string | undefined, aor: Aor): string | null {
  const text = (name ?? '').trim();
  return text === '' || text === userOf(aor) ? null : text;
}

/** What the directory says of one user: `param password`, `var effective_caller_id_name`; null where it says nothing. */
export async function userData(
  esl: EslCommands,
  aor: Aor,
  kind: 'param' | 'var' | 'attr',
  name: string,
): Promise<string | null> {
  if (!safeAor.test(aor)) return null;
  const text = await esl.api('user_data', `${aor} ${kind} ${name}`);
  // COMPAT(FreeSWITCH 1.11): an empty answer, of whatever cause, is `-ERR no reply`.
  return text === '' || text.startsWith('-ERR') ? null : text;
}

/** Asked by `user_data`, which the account may run anyway. It finds a user by his number-alias too, and then names his id. */
export async function userExists(esl: EslCommands, aor: Aor): Promise<boolean> {
  return (await userData(esl, aor, 'attr', 'id')) === userOf(aor);
}
