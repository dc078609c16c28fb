import { Command, type CommanderError } from 'commander';
import { nearest } from '../config/nearest.ts';
import { checkConfig } from './check-config.ts';
import { doctor } from './doctor.ts';
import { version } from './version.ts';

/** The exit code for a command line that makes no sense: EX_USAGE of sysexits. */
const usage = 64;

/** Only who runs the daemon waits for the whole of it to be loaded: half of the time of all other commands. */
async function start(config: string | null): Promise<number> {
  const daemon = await import('./start.ts');
  return daemon.start(config);
}

/** The command line: one file a command. */
export function program(): Command {
  const root = new Command('lamplighter')
    .description('Lamps and feature keys for desk phones, next to an existing PBX.')
    .version(version)
    .showHelpAfterError()
    .showSuggestionAfterError()
    // subcommands inherit it: set before they are made
    .exitOverride((error: CommanderError) => process.exit(error.exitCode === 0 ? 0 : usage));
  root
    .command('start', { isDefault: true })
    .description('Runs the daemon; without --config the demo with a simulated PBX.')
    .option('-c, --config <file>', 'configuration file (YAML)', process.env['LAMPLIGHTER_CONFIG'])
    .allowExcessArguments()
    .action(async (options: { config?: string }, { args: [word] }: Command) => {
      if (word !== undefined) root.error(unknown(root, word));
      process.exitCode = await start(options.config ?? null);
    });
  root
    .command('demo')
    .description('Runs the demo: a simulated PBX, extensions 1001 to 1010.')
    .action(async () => {
      process.exitCode = await start(null);
    });
  root
    .command('check-config <file>')
    .description('Names every error of a configuration file, with its line.')
    .action((file: string) => {
      process.exitCode = checkConfig(file);
    });
  root
    .command('doctor')
    .description('Says which way phones come, and what is wrong with it, each with its fix.')
    .option('-c, --config <file>', 'the file the daemon runs with', process.env['LAMPLIGHTER_CONFIG'])
    .option('--json', 'for programs', false)
    .action(async ({ config = null, json }: { config?: string | null; json: boolean }) => {
      process.exitCode = await doctor(config, { json });
    });
  return root;
}

/** As `start` is the default, commander takes a misspelt command for its argument. */
function unknown(root: Command, word: string): string {
  const near = nearest(
    word,
    root.commands.map((command) => command.name()),
  );
  return `error: unknown command '${word}'${near === null ? '' : ` (did you mean ${near}?)`}`;
}
