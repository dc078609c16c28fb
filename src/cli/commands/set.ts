import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { mostRings } from '../../model/feature.ts';
import { asking, type Session } from '../asking.ts';
import { exits } from '../exits.ts';
import { Failure } from '../failure.ts';
import { featureText } from '../feature-words.ts';
import { extensionPath, statusPath, tellAway } from '../listing.ts';
import { isGood, refusalIn } from '../reply.ts';
import { Row } from '../row.ts';
import { table } from '../table.ts';
import { asJson, printable, type Terminal } from '../terminal.ts';
import { wholeNumber } from '../whole-number.ts';

interface Options {
  readonly rings?: number;
}

export function set(root: Command, terminal: Terminal): void {
  const command = root
    .command('set')
    .description(
      'Changes a feature as the key of a phone does, and says what the PBX then holds; exit code 1 if refused.',
    )
    .argument('<ext>', 'whose')
    .addArgument(new Argument('<feature>', 'which').choices(['dnd', 'cfa', 'cfb', 'cfna']))
    .addArgument(new Argument('<state>', 'on or off').choices(['on', 'off']))
    .argument('[target]', 'where a forward goes; without it, where it went the last time')
    .addOption(new Option('--rings <count>', `rings before cfna forwards, 1 to ${mostRings}`).argParser(ringsIn));
  asking<Options>(command, terminal, run);
}

function ringsIn(text: string): number {
  const rings = wholeNumber(text);
  if (rings < 1 || rings > mostRings) throw new InvalidArgumentError(`Expected 1 to ${mostRings} rings.`);
  return rings;
}

async function run(session: Session, words: readonly string[], { rings }: Options): Promise<number> {
  const [ext = '', feature = '', state = '', target] = words;
  if (feature === 'dnd' && target !== undefined) throw new Failure('usage', exits.usage, 'dnd has no target');
  if (feature !== 'cfna' && rings !== undefined) throw new Failure('usage', exits.usage, '--rings is for cfna alone');
  const { daemon, terminal, json, header } = session;
  const wish = { enabled: state === 'on', target, ringCount: rings };
  const reply = await daemon.ask('PUT', `${extensionPath(ext)}/features/${feature}`, wish);
  const refusal = refusalIn(reply.body);
  if (!isGood(reply) && refusal === null) throw await daemon.strange(`PUT of a feature answers ${reply.status}`);
  if (json) terminal.out(asJson(reply.body));
  // a refusal tells the state that stands beside its reason
  const held = refusal === null ? new Row(reply.body) : new Row(reply.body).row('feature');
  const isTold = typeof held.value === 'object' && held.value !== null;
  if (!json && isTold) {
    const columns = [
      { title: 'EXT', of: () => ext },
      { title: 'FEATURE', of: () => feature },
      { title: 'STATE', of: featureText },
    ];
    terminal.out(table(columns, [held], header));
  }
  if (refusal === null) return exits.ok;
  const isKnown = (held.value as { readonly known?: unknown } | null | undefined)?.known !== false;
  const rest = isKnown ? '; the PBX holds what it held' : '; what the PBX holds is not known';
  terminal.err(`refused: ${printable(refusal.message)} (${printable(refusal.code)})${isTold ? rest : ''}\n`);
  if (refusal.code.startsWith('pbx-')) tellAway(session, await daemon.get(statusPath), isKnown);
  return exits.refused;
}
