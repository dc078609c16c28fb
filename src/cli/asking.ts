import type { Command } from 'commander';
import { asCalled } from './called.ts';
import type { Daemon } from './daemon.ts';
import { Failure } from './failure.ts';
import { asJson, printable, type Terminal } from './terminal.ts';

/** What every command that asks the daemon can be told. */
interface AskingOptions {
  readonly json: boolean;
  readonly header: boolean;
  readonly config?: string;
  readonly url?: string;
}

/** A command at work. */
export interface Session {
  readonly daemon: Daemon;
  readonly terminal: Terminal;
  /** The API's JSON is wanted, and no table. */
  readonly json: boolean;
  /** Tables have a line of titles. */
  readonly header: boolean;
}

/** What a command does; resolves to its exit code. */
export type Work<Options> = (session: Session, words: readonly string[], options: Options) => Promise<number>;

/**
 * Gives a command the options of all that ask the running daemon, and its work. Whatever ends it early is told here, once:
 * on standard error for people, with `--json` also on standard output in the form of the API.
 */
export function asking<Options = unknown>(command: Command, terminal: Terminal, work: Work<Options>): Command {
  return command
    .option('--json', 'prints the JSON of the API as it is', false)
    .option('--no-header', 'prints no line of titles')
    .option('-c, --config <file>', 'the configuration the daemon runs with, which says where it is and its token')
    .option('--url <url>', 'where the daemon is, in place of what a configuration says')
    .action(async () => {
      const options = command.opts<AskingOptions & Options>();
      const words = command.processedArgs.flatMap((word) => (word === undefined ? [] : (word as string | string[])));
      terminal.exit(await ended(terminal, options, (session) => work(session, words, options)));
    });
}

async function ended(
  terminal: Terminal,
  { json, header, config, url }: AskingOptions,
  work: (session: Session) => Promise<number>,
): Promise<number> {
  terminal.mayBeCut();
  try {
    const [{ addressOf }, { Daemon }] = await Promise.all([import('./address.ts'), import('./daemon.ts')]);
    const daemon = new Daemon(await addressOf({ config, url }, terminal.environment));
    return await work({ daemon, terminal, json, header });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    complain(terminal, json, error);
    return error.exit;
  }
}

function complain(terminal: Terminal, json: boolean, { code, message, fix }: Failure): void {
  if (json) terminal.out(asJson({ error: { code, message } }));
  terminal.err(`${printable(message)}\n${fix === null ? '' : `To do: ${asCalled(printable(fix))}\n`}`);
}
