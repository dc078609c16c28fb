import type { AdapterTools } from '../../adapters/adapter.ts';
import { adapterKind } from '../../adapters/index.ts';
import { broken, type Finding, odd } from '../model/check.ts';
import type { PbxAccess } from '../model/setup.ts';

/** All of it together; milliseconds. */
const deadlineMs = 20_000;

/**
 * Logs in as Lamplighter will, and looks whether all works: the adapter's own checks, with connections of their own. Changes
 * nothing on the PBX. Never rejects.
 */
export async function testLive(access: PbxAccess, domain: string, tools: AdapterTools): Promise<readonly Finding[]> {
  const missing = withoutPassword(access);
  if (missing !== null) {
    const fix = 'let setup make the account (setup --apply), or give its password';
    return [{ check: missing, ...broken(`there is no password for ${missing.toUpperCase()} yet`, fix) }];
  }
  try {
    const kind = adapterKind(access.type);
    const { type: _type, ...rest } = access;
    const options = kind.options.parse(rest);
    const make = await kind.load();
    const settings = { name: 'setup', domain, domains: [{ name: domain, aliases: [] }], options, remembered: [] };
    const adapter = make(settings, tools);
    const unable = [
      { check: 'live', ...odd('this kind of PBX cannot be tested', 'start the daemon, then: lamplighter doctor') },
    ];
    return (await adapter.checks?.(deadlineMs)) ?? unable;
  } catch (error) {
    // what zod refuses holds no password: it names the setting
    const text = error instanceof Error ? error.message : String(error);
    return [{ check: 'live', ...broken(`cannot be tested: ${text}`, 'correct what was given') }];
  }
}

function withoutPassword(access: PbxAccess): 'ami' | 'ari' | 'esl' | null {
  if (access.type === 'freeswitch') return access.esl.password === undefined ? 'esl' : null;
  if (access.ami.password === undefined) return 'ami';
  return access.ari.password === undefined ? 'ari' : null;
}
