import { Findings, type HostFiles, type WantedLines } from '../discovery.ts';
import { type AmiAccess, lookAtAmi } from './discover/ami.ts';
import { type AriAccess, lookAtAri } from './discover/ari.ts';
import { freepbxOwner, freepbxVersion } from './discover/freepbx.ts';
import { isTrue, Look } from './discover/look.ts';
import { sipPorts } from './discover/sip.ts';

/** Where an Asterisk keeps its configuration, the usual place first. */
export const asteriskFolders: readonly string[] = [
  '/etc/asterisk',
  '/usr/local/etc/asterisk',
  '/opt/asterisk/etc/asterisk',
];

/** Every file that setup may ever have added lines to. */
export const asteriskEditable: readonly string[] = [
  'manager.conf',
  'manager_custom.conf',
  'http.conf',
  'http_custom.conf',
  'ari.conf',
  'ari_additional_custom.conf',
];

export interface FoundAsterisk {
  readonly type: 'asterisk';
  readonly flavour: 'asterisk' | 'freepbx';
  readonly folder: string;
  readonly findings: Findings;
  readonly wanted: readonly WantedLines[];
  /** How it is reached. A password of null is one that does not exist yet. */
  readonly ami: AmiAccess;
  readonly ari: AriAccess;
  /** Ports that its own SIP has. */
  readonly sipPorts: readonly number[];
  /** What makes it read its files again: commands, word by word. */
  readonly reload: readonly (readonly string[])[];
}

/** null: there is no Asterisk in this folder. Touches nothing, runs nothing. */
export function discoverAsterisk(files: HostFiles, folder: string): FoundAsterisk | null {
  if (!files.list(folder).some((name) => /^(?:asterisk|manager|pjsip|extensions|sip)\.conf$/.test(name))) return null;
  const findings = new Findings();
  const owner = freepbxOwner(files);
  const isFreepbx = owner !== null && files.list(folder).includes('extensions_additional.conf');
  const flavour = isFreepbx ? 'freepbx' : 'asterisk';
  findings.fact('configuration', folder, { file: folder, line: null });
  if (isFreepbx) {
    const version = freepbxVersion(files);
    findings.fact('FreePBX', version?.value ?? 'found', version?.at ?? { file: owner ?? '', line: null });
  }
  const look = new Look(files, folder, isFreepbx, findings);
  const ami = lookAtAmi(look);
  const ari = lookAtAri(look);
  lookForDangers(look);
  return {
    type: 'asterisk',
    flavour,
    folder,
    findings,
    wanted: look.wanted,
    ami,
    ari,
    sipPorts: sipPorts(look),
    reload: ['manager', 'http', 'res_ari'].map((module) => ['asterisk', '-rx', `module reload ${module}`]),
  };
}

function lookForDangers(look: Look): void {
  const asterisk = look.read('asterisk.conf', 'warn');
  const danger = asterisk?.last('options', 'live_dangerously') ?? null;
  if (!isTrue(danger)) return;
  const text = 'live_dangerously is on: who may set a variable may run programs on this host';
  look.findings.problem('warn', 'live-dangerously', text, 'switch it off; Lamplighter never needs it', danger?.at);
}
