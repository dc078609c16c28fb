import type { Command } from 'commander';
import type { SetupFlags } from '../setup/run.ts';
import type { Terminal } from '../terminal.ts';

export function setup(root: Command, terminal: Terminal): void {
  const command = root
    .command('setup')
    .description(
      'Finds the PBX of this host, writes a configuration for it, and says what it needs; changes no file of it.',
    )
    .option('--apply', 'adds the lines to the files of the PBX, each with a copy as .bak')
    .option(
      '--replace',
      'writes the configuration anew where one is there and says something else; a copy is kept as .bak',
    )
    .option('--reload', 'makes the PBX read its files again; without, the commands are shown')
    .option('--undo', 'takes the lines out of the files of the PBX again')
    .option('--dry-run', 'writes nothing at all')
    .option('-c, --config <file>', 'the configuration to write', terminal.environment['LAMPLIGHTER_CONFIG'])
    .option('--domain <name>', 'what phones have as SIP server')
    .option('--pbx <id>', 'the one to take where several are found: asterisk:/etc/asterisk')
    .option('--asterisk <host>', 'an Asterisk on another host')
    .option('--freeswitch <host>', 'a FreeSWITCH on another host')
    .option('--folder <dir>', 'where the PBX keeps its configuration, if not at the usual places')
    .option('--root <dir>', 'the root of another system, in place of /')
    .option('--show-secrets', 'shows the passwords in the lines')
    .option('--json', 'for programs', false);
  command.action(async () => {
    const work = await import('../setup/run.ts');
    terminal.exit(await work.run(command.opts<SetupFlags>(), terminal));
  });
}
