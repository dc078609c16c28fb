import type { Command } from 'commander';
import { exits } from '../exits.ts';
import type { Terminal } from '../terminal.ts';
import { version } from '../version.ts';

export function man(root: Command, terminal: Terminal): void {
  root
    .command('man')
    .description('Prints the manual page: lamplighter man | man -l -.')
    .action(async () => {
      const { manualPage } = await import('../manual.ts');
      terminal.mayBeCut();
      terminal.out(manualPage(root, version));
      terminal.exit(exits.ok);
    });
}
