import { createInterface } from 'node:readline/promises';
import type { PbxAccess } from '../../model/setup.ts';
import { isHost, remoteAsterisk, remoteFreeswitch } from './remote.ts';

/** Asks a person where the PBX is; null: nobody is there to be asked, or he does not say. */
export async function askForHost(): Promise<PbxAccess | null> {
  const { stdin, stdout } = process;
  if (stdin.isTTY !== true || stdout.isTTY !== true) return null;
  const talk = createInterface({ input: stdin, output: stdout });
  try {
    return await questions((text) => talk.question(text));
  } finally {
    talk.close();
  }
}

/** The questions, one after the other; an empty answer ends it. */
export async function questions(ask: (text: string) => Promise<string>): Promise<PbxAccess | null> {
  const kind = (await ask('Is the PBX on another host? asterisk, freeswitch, or Enter to stop: ')).trim().toLowerCase();
  if (kind !== 'asterisk' && kind !== 'freeswitch') return null;
  const host = (await ask('Its address or name: ')).trim();
  if (!isHost(host)) return null;
  if (kind === 'asterisk') return remoteAsterisk(host);
  const domain = (await ask(`The domain of its users (Enter: ${host}): `)).trim();
  return remoteFreeswitch(host, domain === '' ? host : domain);
}
