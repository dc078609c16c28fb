import { resolve } from 'node:path';
import type { PbxAccess } from '../model/setup.ts';
import { RootFiles } from './host.ts';
import { type Plan, typed } from './plan.ts';

/** What setup was told: the next command is to be told the same. */
export interface Given {
  /** The configuration that was written. */
  readonly file: string;
  readonly root: string;
  /** null: none was named; the others alike. */
  readonly folder: string | null;
  readonly domain: string | null;
  readonly pbx: string | null;
  /** The configuration that is there is for another PBX: it has to give way first. */
  readonly replace: boolean;
}

/** What to do after the configuration has been written, a line each. */
export function nextSteps({ pbx, found, access }: Plan, given: Given): readonly string[] {
  if (given.replace && found === null) {
    // nothing else would work before: the lines shown until then hold no passwords
    const what = 'write the configuration anew, and see the lines to add on the PBX';
    return [`${what}: lamplighter setup --show-secrets ${typed(flagsElsewhere(access, given))}`];
  }
  const missing = pbx.edits.length > 0;
  const lines: string[] = [];
  if (missing && found !== null) {
    const what = given.replace ? 'write the configuration anew, and add' : 'add';
    lines.push(`${what} the lines to the PBX: sudo lamplighter setup --apply --reload ${typed(flags(given))}`);
  }
  if (missing && found === null) lines.push('add the lines shown on the PBX, and let it read them again');
  return [
    ...lines,
    start(given.file),
    `look whether all is well: lamplighter doctor ${typed(['--config', given.file])}`,
    'bring the phones here: docs/deploy/README.md',
    ...callHandling(access),
  ];
}

function flagsElsewhere(access: PbxAccess, given: Given): readonly string[] {
  if (access.type === 'asterisk') return ['--asterisk', access.ami.host, ...flags(given)];
  const { host, user } = access.esl;
  // somebody who was asked where the PBX is may have said it without a flag
  const said = user?.split('@')[1] ?? host;
  return ['--freeswitch', host, ...flags({ ...given, domain: given.domain ?? (said === host ? null : said) })];
}

function flags({ file, root, folder, domain, pbx, replace }: Given): readonly string[] {
  const named = { '--folder': folder, '--domain': domain, '--pbx': pbx };
  const whole = resolve(root);
  return [
    ...(replace ? ['--replace'] : []),
    '--config',
    file,
    ...(whole === '/' ? [] : ['--root', whole]),
    ...Object.entries(named).flatMap(([flag, value]) => (value === null ? [] : [flag, value])),
  ];
}

/** As a service where packages made it one of this file. */
function start(file: string): string {
  const units = ['/lib/systemd/system', '/etc/systemd/system'];
  const isService = units.some((folder) => new RootFiles('/').list(folder).includes('lamplighter.service'));
  if (isService && file === '/etc/lamplighter/lamplighter.yaml') {
    return 'let the daemon begin with it: sudo systemctl restart lamplighter';
  }
  return `start the daemon, or start it anew where it runs: lamplighter start ${typed(['--config', file])}`;
}

/** A PBX without forwards of its own obeys the keys by its dialplan, which nobody but its admin should change. */
function callHandling({ features }: PbxAccess): readonly string[] {
  if (features === 'freepbx' || features === 'fusionpbx') return [];
  const where =
    features === 'astdb' ? 'config/asterisk/extensions.conf' : 'config/freeswitch/dialplan.xml (docs/freeswitch.md)';
  return [`let calls obey do-not-disturb and forwards: take over the dialplan of ${where}`];
}
