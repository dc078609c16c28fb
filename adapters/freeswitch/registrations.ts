import type { Domains } from './domains.ts';
import type { Fact } from './facts.ts';

/**
 * What `sofia xmlstatus profile NAME reg` shows: every device of every user, where `show registrations` has one for each
 * (FreeSWITCH 1.11, unless switch.conf says `multiple-registrations`). Read line by line, as mod_sofia writes it, because
 * the text is no document one could trust: its encoding is announced as Latin-1, whatever the phones wrote, and the
 * Call-ID, where RFC 3261 25.1 allows angle brackets, is not escaped. Whatever a phone puts there, it cannot be a line.
 */
export function readRegistrations(xml: string, profile: string, domains: Domains): Fact[] {
  const facts: Fact[] = [];
  let row: Map<string, string> | null = null;
  for (const line of xml.split('\n').map((it) => it.trim())) {
    if (line === '<registration>') row = new Map();
    if (line === '</registration>' && row !== null) {
      facts.push(...registration(row, profile, domains));
      row = null;
    }
    const [, name, value] = /^<([a-z-]+)>(.*)<\/\1>$/.exec(line) ?? [];
    if (row !== null && name !== undefined && value !== undefined && !row.has(name)) row.set(name, unescaped(value));
  }
  return facts;
}

function registration(row: ReadonlyMap<string, string>, profile: string, domains: Domains): Fact[] {
  const aor = domains.parse(row.get('user')) ?? domains.aor(row.get('sip-auth-user'), row.get('sip-auth-realm'));
  const callId = row.get('call-id');
  if (aor === null || !callId) return [];
  const contact = row.get('contact') ?? '';
  return [{ fact: 'contact', aor, profile, callId, contact, registered: true, userAgent: row.get('agent') }];
}

/** Is this an answer of a profile that runs? COMPAT(FreeSWITCH 1.11): `Invalid Profile!` else. */
export function isProfile(xml: string): boolean {
  return xml.includes('<registrations>');
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function unescaped(text: string): string {
  return text.replace(/&(?:#(\d{1,6})|(\w{2,4}));/g, (whole, code: string | undefined, name: string | undefined) => {
    if (code !== undefined) return String.fromCharCode(Number(code));
    return entities[name ?? ''] ?? whole;
  });
}
