import type { Command } from 'commander';
import type { Terminal } from '../terminal.ts';

export function doctor(root: Command, terminal: Terminal): void {
  root
    .command('doctor')
    .description('Says which way phones come, and what is wrong with it, each with its fix.')
    .option('-c, --config <file>', 'the file the daemon runs with', terminal.environment['LAMPLIGHTER_CONFIG'])
    .option('--json', 'for programs', false)
    .action(async ({ config, json }: { config?: string; json: boolean }) => {
      const [work, { fileOf }] = await Promise.all([import('../doctor.ts'), import('../address.ts')]);
      // a unit file may set the variable to nothing
      terminal.exit(await work.doctor(config || fileOf(), { json }));
    });
}
