import type { Command } from 'commander';
import type { Terminal } from '../terminal.ts';

export function checkConfig(root: Command, terminal: Terminal): void {
  root
    .command('check-config')
    .description('Names every error of a configuration file, with its line.')
    .argument('<file>', 'the configuration (YAML)')
    .action(async (file: string) => {
      const work = await import('../check-config.ts');
      terminal.exit(work.checkConfig(file));
    });
}
