import { idleSettings } from './drachtio-schema.ts';
import { inlineSchema, upstreamsOf } from './inline-schema.ts';
import { nearest } from './nearest.ts';
import { type Config, hasDemoPbx } from './schema.ts';

type SipSettings = Pick<Config['sip'], 'engine' | 'drachtio' | 'upstream' | 'inline' | 'identity' | 'auth' | 'users'>;

/** What proxies are known to write. */
const usualHeaders = ['P-Asserted-Identity', 'Remote-Party-ID'] as const;

/** What an admin should know of settings that are good, and do nothing or probably not what was meant. One line each. */
export function notesOn(sip: SipSettings): readonly string[] {
  const idle = idleSettings(sip);
  return [...(idle === null ? [] : [idle]), ...unusedRooms(sip), ...unasked(sip), ...repeated(sip), ...misspelt(sip)];
}

/** Nobody writes a file to have the demo's passwords in his domain; null: a PBX is named. */
export function demoNote(config: Pick<Config, 'pbx'>): string | null {
  if (!hasDemoPbx(config)) return null;
  return (
    'pbx is not set: this is the simulated PBX of the demo, extensions 1001 to 1010, ' +
    'with SIP passwords (secret<ext>) that everybody knows'
  );
}

function unusedRooms({ engine, drachtio, upstream, inline }: SipSettings): readonly string[] {
  const notes = [];
  if (drachtio !== undefined && engine !== 'drachtio') notes.push('sip.drachtio is not used without engine: drachtio');
  const isSet = JSON.stringify(inline) !== JSON.stringify(inlineSchema.parse(undefined));
  if (isSet && upstream === undefined) {
    notes.push('sip.inline is not used: without sip.upstream, the PBX behind, Lamplighter is not inline');
  }
  return notes;
}

/** Passwords that nobody is asked for, and the other way round. */
function unasked({ auth, users }: SipSettings): readonly string[] {
  if (auth === 'users' && users.length === 0) return ['sip.auth: users, and sip.users is empty: no phone can log in'];
  if (auth === 'users' || users.length === 0) return [];
  return [`sip.users is not used: with auth: ${auth} the passwords are those of the PBX; auth: users takes these`];
}

function repeated({ upstream }: SipSettings): readonly string[] {
  const [first, second] = upstreamsOf({ upstream });
  if (first === undefined || first !== second) return [];
  return [`sip.upstream: ${first} stands there twice: nothing is used while it does not answer`];
}

/** A header of one's own is allowed, so a slip of the pen would be one: every request then lacks the right one. */
function misspelt({ identity }: SipSettings): readonly string[] {
  const header = identity?.header;
  if (header === undefined || usualHeaders.some((usual) => usual.toLowerCase() === header.toLowerCase())) return [];
  const meant = nearest(header, usualHeaders);
  if (meant === null) return [];
  return [`sip.identity.header: ${header} has to be what the proxy writes; did you mean ${meant}?`];
}
