import type { Command } from 'commander';
import type { Terminal } from '../terminal.ts';

export function doctor(root: Command, terminal: Terminal): void {
  root
    .command('doctor')
    .description('Says which way phones come, and what is wrong with it, each with its fix.')
    .option('-c, --config <file>', 'the file the daemon runs with', terminal.environment['LAMPLIGHTER_CONFIG'])
    .option('--json', 'for programs', false)
    .action(async ({ config = null, json }: { config?: string | null; json: boolean }) => {
      const work = await import('../doctor.ts');
      terminal.exit(await work.doctor(config, { json }));
    });
}
