import type { Findings, HostFiles } from '../discovery.ts';

const fusionpbxFiles: readonly string[] = ['/etc/fusionpbx/config.conf', '/etc/fusionpbx/config.php'];

/** The file that says where a FusionPBX keeps what; null: there is none on this host. */
export function fusionpbxConfig(files: HostFiles): string | null {
  const isThere = (path: string) => {
    const found = files.read(path);
    return found.ok || found.why === 'forbidden';
  };
  return fusionpbxFiles.find(isThere) ?? null;
}

/** FusionPBX keeps its domains in PostgreSQL, which is not asked; folders are named after them. */
export function fusionpbxDomains(files: HostFiles, config: string, findings: Findings): readonly string[] {
  const found = files.read(config);
  const text = found.ok ? found.text : '';
  const setting = (name: string) => new RegExp(`^\\s*switch\\.${name}\\.dir\\s*=\\s*(/\\S+)`, 'm').exec(text)?.[1];
  const folders = [
    `${setting('voicemail') ?? '/var/lib/freeswitch/storage/voicemail'}/default`,
    setting('recordings') ?? '/var/lib/freeswitch/recordings',
  ];
  const names = new Set<string>();
  for (const folder of folders) {
    for (const name of files.list(folder)) {
      if (!/^(?=.{3,253}$)[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(name) || names.size >= 100) continue;
      if (!names.has(name)) findings.fact('domain', name, { file: `${folder}/${name}`, line: null });
      names.add(name);
    }
  }
  if (names.size === 0) {
    const text = 'FusionPBX keeps its domains in its database, which is not read';
    const fix = 'name yours: setup --domain NAME; further ones belong under `domains` of the configuration';
    findings.problem('warn', 'no-domain', text, fix);
  }
  return [...names];
}
