import type { HostFiles } from '../../discovery.ts';
import type { ConfValue } from '../conf-file.ts';

/** What says that a FreePBX, or a fork of it, owns the configuration. */
const freepbxFiles: readonly string[] = [
  '/etc/freepbx.conf',
  '/etc/amportal.conf',
  '/etc/issabel.conf',
  '/etc/elastix.conf',
];

/** The file that says so; null: none does. */
export function freepbxOwner(files: HostFiles): string | null {
  return freepbxFiles.find((path) => files.read(path).ok || isForbidden(files, path)) ?? null;
}

function isForbidden(files: HostFiles, path: string): boolean {
  const found = files.read(path);
  return !found.ok && found.why === 'forbidden';
}

/** As the framework of FreePBX says it, and where; null: it does not. */
export function freepbxVersion(files: HostFiles): ConfValue | null {
  for (const file of [
    '/var/www/html/admin/modules/framework/module.xml',
    '/usr/share/freepbx/admin/modules/framework/module.xml',
  ]) {
    const found = files.read(file);
    if (!found.ok) continue;
    const at = found.text.search(/<version>[0-9][0-9.]{0,30}<\/version>/);
    if (at < 0) continue;
    const value = /<version>([0-9.]+)</.exec(found.text.slice(at))?.[1] ?? '';
    return { value, at: { file, line: found.text.slice(0, at).split('\n').length } };
  }
  return null;
}
