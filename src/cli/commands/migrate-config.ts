import type { Command } from 'commander';
import type { Terminal } from '../terminal.ts';

export function migrateConfig(root: Command, terminal: Terminal): void {
  root
    .command('migrate-config')
    .description(
      'Writes a configuration file of an older version as this one has it, and keeps the old one as FILE.bak.',
    )
    .argument('<file>', 'the configuration (YAML); the files of conf.d beside it are migrated too')
    .option('--dry-run', 'says what would be done, and does nothing', false)
    .option('--json', 'for programs', false)
    .action(async (file: string, options: { dryRun: boolean; json: boolean }) => {
      const work = await import('../migrate-config.ts');
      terminal.exit(work.migrateConfig(file, options, terminal));
    });
}
