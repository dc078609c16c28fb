import { Command } from 'commander';
import { checkConfig } from './check-config.ts';
import { start } from './start.ts';
import { version } from './version.ts';

/** The command line: one file a command. */
export function program(): Command {
  const root = new Command('lamplighter')
    .description('Lamps and feature keys for desk phones, next to an existing PBX.')
    .version(version)
    .showHelpAfterError()
    .showSuggestionAfterError();
  root
    .command('start', { isDefault: true })
    .description('Runs the daemon; without --config the demo with a simulated PBX.')
    .option('-c, --config <file>', 'configuration file (YAML)', process.env['LAMPLIGHTER_CONFIG'])
    .action(async (options: { config?: string }) => {
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
  return root;
}
