import { Command, type CommanderError } from 'commander';
import { audit } from './commands/audit.ts';
import { checkConfig } from './commands/check-config.ts';
import { checkSync } from './commands/check-sync.ts';
import { completion } from './commands/completion.ts';
import { dialogs } from './commands/dialogs.ts';
import { doctor } from './commands/doctor.ts';
import { ext } from './commands/ext.ts';
import { features } from './commands/features.ts';
import { kick } from './commands/kick.ts';
import { links } from './commands/links.ts';
import { logLevel } from './commands/log-level.ts';
import { man } from './commands/man.ts';
import { migrateConfig } from './commands/migrate-config.ts';
import { phones } from './commands/phones.ts';
import { provision } from './commands/provision.ts';
import { reload } from './commands/reload.ts';
import { renotify } from './commands/renotify.ts';
import { set } from './commands/set.ts';
import { setup } from './commands/setup.ts';
import { simulate } from './commands/simulate.ts';
import { demo, start } from './commands/start.ts';
import { subs } from './commands/subs.ts';
import { trace } from './commands/trace.ts';
import { exits } from './exits.ts';
import { processTerminal, type Terminal } from './terminal.ts';
import { version } from './version.ts';

/**
 * One file a command, in the order of `--help` and the manual. Such a file says what the command is called and takes, and
 * loads what does the work only where it is to be done: every command waits for all of these.
 */
const commands: readonly ((root: Command, terminal: Terminal) => void)[] = [
  start,
  demo,
  setup,
  checkConfig,
  migrateConfig,
  doctor,
  ext,
  subs,
  dialogs,
  features,
  trace,
  set,
  renotify,
  kick,
  checkSync,
  audit,
  links,
  phones,
  reload,
  logLevel,
  provision,
  simulate,
  completion,
  man,
];

/** The command line. */
export function program(terminal: Terminal = processTerminal()): Command {
  const root = new Command('lamplighter')
    .description('Lamps and feature keys for desk phones, next to an existing PBX.')
    .version(version)
    .showHelpAfterError('(--help says what there is)')
    .showSuggestionAfterError()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    // subcommands inherit it: set before they are made
    .exitOverride((error: CommanderError) => terminal.abort(error.exitCode === 0 ? exits.ok : exits.usage));
  for (const add of commands) add(root, terminal);
  return root;
}
