import { hostPort, isLocal } from '../../../src/model/host-port.ts';
import { dialled } from '../../discovery.ts';
import type { ConfFile } from '../conf-file.ts';
import { account, amiAccount, opening } from '../wanted-lines.ts';
import { isTrue, type Look, place } from './look.ts';

/** The rights without which it is blind or may not write (README.md of this folder); `agent` is for queues only. */
const needed = ['system', 'call', 'reporting'] as const;

export interface AmiAccess {
  readonly host: string;
  readonly port: number;
  /** null: there is none yet. */
  readonly password: string | null;
}

/** The manager interface: whether it is on, for whom, and the account. */
export function lookAtAmi(look: Look): AmiAccess {
  const conf = look.read('manager.conf');
  const on = isTrue(conf?.last('general', 'enabled') ?? null);
  const port = Number(conf?.last('general', 'port')?.value ?? 5038) || 5038;
  const bind = conf?.last('general', 'bindaddr') ?? null;
  const address = on ? (bind?.value ?? '0.0.0.0') : '127.0.0.1';
  if (look.isClosed('manager.conf')) return { host: '127.0.0.1', port, password: null };
  look.findings.fact(
    'AMI',
    on ? `on, ${hostPort(address, port)}` : 'off',
    conf?.last('general', 'enabled')?.at ?? null,
  );
  if (!on) {
    look.findings.problem('fail', 'ami-disabled', 'AMI is switched off', look.cure, place(conf, 'general', 'enabled'));
  } else if (!isLocal(address)) {
    const fix = `bindaddr = 127.0.0.1 in [general] of ${bind?.at.file ?? `${look.folder}/manager.conf`}, if nobody else logs in from outside`;
    look.findings.problem(
      'warn',
      'ami-open',
      `AMI listens on ${hostPort(address, port)}, other hosts can reach it`,
      fix,
      bind?.at ?? null,
    );
  }
  const others = new Set(
    conf?.sections.filter(({ name, template }) => !template && name !== 'general').map(({ name }) => name),
  );
  others.delete(account);
  if (others.size > 0) look.findings.fact('AMI accounts of others, left alone', some([...others]));
  const has = conf?.has(account) ?? false;
  if (has && conf !== null) examineRights(look, conf);
  const file = look.fileFor('manager.conf', 'manager_custom.conf');
  const general = on ? [] : opening(conf, ['enabled = yes', 'bindaddr = 127.0.0.1', `port = ${port}`]);
  if (!on || !has) {
    look.wanted.push({
      file,
      why: has ? 'switches AMI on, for this host' : 'an AMI account that may do what Lamplighter needs, and no more',
      syntax: 'conf',
      before: null,
      create: true,
      lines: ({ ami }) => [...general, ...(has ? [] : amiAccount(ami, dialled(address)))],
    });
  }
  return { host: dialled(address), port, password: conf?.last(account, 'secret')?.value ?? null };
}

/** What the account may; `all` is all. */
function examineRights(look: Look, conf: ConfFile): void {
  const at = conf.named(account)[0]?.at ?? null;
  look.findings.fact('AMI account', account, at);
  for (const way of ['read', 'write'] as const) {
    const given = conf.last(account, way);
    const words = (given?.value ?? '').split(',').map((word) => word.trim().toLowerCase());
    const missing = words.includes('all') ? [] : needed.filter((right) => !words.includes(right));
    if (missing.length === 0) continue;
    look.findings.problem(
      'fail',
      'rights-too-small',
      `the AMI account ${account} has no right to ${way} ${missing.join(', ')}`,
      `write there: ${way} = ${needed.join(',')},agent`,
      given?.at ?? at,
    );
  }
  if (conf.last(account, 'secret') !== null) return;
  look.findings.problem(
    'fail',
    'no-secret',
    `the AMI account ${account} has no secret`,
    'give it a line `secret = …`',
    at,
  );
}

function some(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
}
