import type { Command } from 'commander';
import { nearest } from '../../config/nearest.ts';
import type { Terminal } from '../terminal.ts';

/** Only who runs the daemon waits for the whole of it to be loaded: most of the time of all other commands. */
async function run(config: string | null): Promise<number> {
  const daemon = await import('../start.ts');
  return daemon.start(config);
}

export function start(root: Command, terminal: Terminal): void {
  root
    .command('start', { isDefault: true })
    .description('Runs the daemon; without --config the demo with a simulated PBX.')
    .option('-c, --config <file>', 'configuration file (YAML)', terminal.environment['LAMPLIGHTER_CONFIG'])
    .allowExcessArguments()
    .action(async (options: { config?: string }, { args: [word] }: Command) => {
      if (word !== undefined) root.error(unknown(root, word));
      terminal.exit(await run(options.config ?? null));
    });
}

export function demo(root: Command, terminal: Terminal): void {
  root
    .command('demo')
    .description('Runs the demo: a simulated PBX, extensions 1001 to 1010.')
    .action(async () => terminal.exit(await run(null)));
}

/** As `start` is the default, commander takes a misspelt command for its argument. */
function unknown(root: Command, word: string): string {
  const near = nearest(
    word,
    root.commands.map((command) => command.name()),
  );
  return `error: unknown command '${word}'${near === null ? '' : ` (did you mean ${near}?)`}`;
}
