import type { Look } from './look.ts';

/** Ports of PJSIP and of chan_sip, where they are configured. */
export function sipPorts(look: Look): readonly number[] {
  const ports = new Set<number>();
  // FreePBX has these in a file of their own, and megabytes of endpoints in another
  const own = look.files.list(look.folder).filter((name) => /^pjsip\.transports.*\.conf$/.test(name));
  const names = look.isFreepbx && own.length > 0 ? own : ['pjsip.conf'];
  for (const section of names.flatMap((name) => look.read(name, 'warn')?.sections ?? [])) {
    if (section.template || section.variables.findLast(({ name }) => name === 'type')?.value !== 'transport') continue;
    const bind = section.variables.findLast(({ name }) => name === 'bind');
    const protocol = section.variables.findLast(({ name }) => name === 'protocol')?.value ?? 'udp';
    if (bind === undefined || protocol.startsWith('ws')) continue;
    const port = Number(/:(\d+)$/.exec(bind.value)?.[1] ?? (protocol === 'tls' ? 5061 : 5060));
    ports.add(port);
    look.findings.fact('SIP (PJSIP)', `${protocol} ${bind.value}`, bind.at);
  }
  if (ports.size === 0) {
    const fix = 'Lamplighter finds extensions of PJSIP; those of chan_sip it does not see';
    look.findings.problem('warn', 'no-pjsip', 'no PJSIP transport was found', fix, {
      file: `${look.folder}/pjsip.conf`,
      line: null,
    });
  }
  return [...ports];
}
