import { Argument, type Command } from 'commander';
import { asking, type Session } from '../asking.ts';
import { exits } from '../exits.ts';
import { Failure } from '../failure.ts';
import { Row } from '../row.ts';
import { asJson, printable, type Terminal } from '../terminal.ts';

interface Action {
  /** What stands behind it, as help shows it; one in [] may be missing. */
  readonly words: readonly string[];
  readonly body: (words: readonly string[]) => object;
}

const actions: Readonly<Record<string, Action>> = {
  call: { words: ['FROM', 'TO', '[NAME]'], body: ([from, to, fromName]) => ({ from, to, fromName }) },
  answer: { words: ['ID'], body: ([id]) => ({ id }) },
  hold: { words: ['ID', 'BY'], body: ([id, by]) => ({ id, by }) },
  resume: { words: ['ID', 'BY'], body: ([id, by]) => ({ id, by }) },
  hangup: { words: ['ID'], body: ([id]) => ({ id }) },
  register: { words: ['EXT', 'on|off'], body: ([ext, state]) => ({ ext, registered: isOn(state) }) },
  mailbox: {
    words: ['EXT', 'NEW', '[OLD]'],
    body: ([ext, fresh, old = '0']) => ({ ext, new: count(fresh), old: count(old) }),
  },
};

export function simulate(root: Command, terminal: Terminal): void {
  const command = root
    .command('simulate')
    .description('Makes something happen at the simulated PBX of the demo: a call, its end, a message in a mailbox.')
    .addArgument(new Argument('<action>', 'what').choices(Object.keys(actions)))
    .argument('<words...>', usage);
  asking(command, terminal, run);
}

const usage = Object.entries(actions)
  .map(([name, { words }]) => [name, ...words].join(' '))
  .join(', ');

async function run({ daemon, terminal, json }: Session, [name = '', ...words]: readonly string[]): Promise<number> {
  const action = actions[name];
  const most = action?.words.length ?? 0;
  const least = action?.words.filter((word) => !word.startsWith('[')).length ?? 0;
  if (action === undefined || words.length < least || words.length > most) {
    throw new Failure('usage', exits.usage, `expected: ${[name, ...(action?.words ?? [])].join(' ')}`);
  }
  const reply = await daemon.must('POST', `/api/v1/simulator/${name}`, action.body(words));
  const id = new Row(reply.body).text('id');
  if (json) terminal.out(asJson(reply.body));
  // a script takes it for the next step
  else if (id !== null) terminal.out(`${printable(id)}\n`);
  return exits.ok;
}

function count(text: string | undefined): number {
  if (text === undefined || !/^\d{1,9}$/.test(text))
    throw new Failure('usage', exits.usage, 'expected a number of messages');
  return Number(text);
}

function isOn(text: string | undefined): boolean {
  if (text !== 'on' && text !== 'off') throw new Failure('usage', exits.usage, 'expected on or off');
  return text === 'on';
}
