import type { AdapterTools } from '../../adapters/adapter.ts';
import { examineOnce } from '../../adapters/examine-once.ts';
import { adapterKind } from '../../adapters/index.ts';
import { broken, type Finding } from '../model/check.ts';
import type { PbxAccess } from '../model/setup.ts';

/** All of it together; milliseconds. */
const deadlineMs = 20_000;

/**
 * Logs in as Lamplighter will, and looks whether all works: the adapter's own checks, with connections of their own, in
 * a thread: what its libraries print would stand among the lines, or in the JSON, of setup. Changes nothing on the PBX.
 * Never rejects.
 */
export async function testLive(
  access: PbxAccess,
  domain: string,
  { clock }: Pick<AdapterTools, 'clock'>,
): Promise<readonly Finding[]> {
  const missing = withoutPassword(access);
  if (missing !== null) {
    const fix = 'let setup make the account (setup --apply), or give its password';
    return [{ check: missing, ...broken(`there is no password for ${missing.toUpperCase()} yet`, fix) }];
  }
  try {
    const { type, ...rest } = access;
    const options = adapterKind(type).options.parse(rest);
    const settings = { name: 'setup', domain, domains: [{ name: domain, aliases: [] }], options, remembered: [] };
    return await examineOnce(type, settings, clock, deadlineMs);
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
