import type { Command } from 'commander';
import { asking, type Session } from '../asking.ts';
import { exits } from '../exits.ts';
import { Failure } from '../failure.ts';
import { isGood, refusalIn } from '../reply.ts';
import { Row } from '../row.ts';
import { asJson, printable, type Terminal } from '../terminal.ts';

export function reload(root: Command, terminal: Terminal): void {
  const command = root
    .command('reload')
    .description('Has the daemon read its configuration again; says what changed, and what needs a restart.');
  asking(command, terminal, run);
}

async function run({ daemon, terminal, json }: Session): Promise<number> {
  const reply = await daemon.ask('POST', '/api/v1/reload');
  const body = new Row(reply.body);
  const refusal = refusalIn(reply.body);
  if (json) terminal.out(asJson(reply.body));
  if (!isGood(reply)) {
    const problems = body.rows('problems');
    if (problems.length > 0) {
      if (!json) terminal.err(problems.map((one) => `${printable(problemText(one))}\n`).join(''));
      terminal.err('nothing was changed: the daemon runs on with what it had\n');
      return exits.configuration;
    }
    if (refusal === null) throw await daemon.strange(`POST /api/v1/reload answers ${reply.status}`);
    if (json) terminal.err(`${printable(refusal.message)}\n`);
    else throw new Failure(refusal.code, exits.refused, refusal.message);
    return exits.refused;
  }
  if (json) return exits.ok;
  const lines = [
    ...body.texts('applied').map((path) => `applied  ${printable(path)}`),
    ...body.texts('requiresRestart').map((path) => `restart  ${printable(path)}`),
  ];
  terminal.out(lines.map((line) => `${line}\n`).join(''));
  if (lines.length === 0) terminal.err('nothing has changed\n');
  else if (body.texts('requiresRestart').length > 0) {
    terminal.err('what is marked "restart" takes effect when the daemon is restarted: systemctl restart lamplighter\n');
  }
  return exits.ok;
}

/** As `check-config` writes it. */
function problemText(problem: Row): string {
  const [where, line] = [problem.text('variable') ?? problem.text('file'), problem.text('line')];
  const path = problem.text('path');
  const near = problem.text('nearest');
  const place =
    where === null && line === null
      ? ''
      : `${where ?? 'line '}${line === null ? '' : `${where === null ? '' : ':'}${line}`}: `;
  const key = path === null || path === '' ? '' : `${path}: `;
  return `${place}${key}${problem.text('message') ?? ''}${near === null ? '' : ` (did you mean ${near}?)`}`;
}
