import { Argument, type Command, Option } from 'commander';
import { asking } from '../asking.ts';
import { exits } from '../exits.ts';
import { Failure } from '../failure.ts';
import { Row } from '../row.ts';
import { stamp } from '../table.ts';
import { asJson, printable, type Terminal } from '../terminal.ts';
import { wholeNumber } from '../whole-number.ts';

const path = '/api/v1/log-level';

export function logLevel(root: Command, terminal: Terminal): void {
  const command = root
    .command('log-level')
    .description(
      'Changes how much the daemon logs, until its next start, or for a while; without a level says how much.',
    )
    .addArgument(new Argument('[level]', 'the least that is written').choices(['debug', 'info', 'warn', 'error']))
    .addOption(new Option('--for <seconds>', 'then as it was').argParser(wholeNumber));
  asking<{ for?: number }>(command, terminal, async ({ daemon, json }, [level], { for: seconds }) => {
    if (level === undefined && seconds !== undefined) throw new Failure('usage', exits.usage, '--for needs a level');
    const reply = level === undefined ? await daemon.get(path) : await daemon.must('PUT', path, { level, seconds });
    const row = new Row(reply.body);
    const now = row.text('level');
    if (now === null) throw await daemon.strange(`${path} answers something else`);
    const until = stamp(row.time('until'));
    if (json) terminal.out(asJson(reply.body));
    else terminal.out(`log level ${printable(now)}${until === null ? '' : ` until ${until}`}\n`);
    return exits.ok;
  });
}
