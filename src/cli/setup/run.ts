import { existsSync } from 'node:fs';
import type { Finding } from '../../model/check.ts';
import { sleep, systemClock } from '../../model/clock.ts';
import type { Logger } from '../../model/logger.ts';
import { granted, type Outcome, type Refusal } from '../../model/outcome.ts';
import { systemRandom } from '../../model/random.ts';
import type { PbxAccess } from '../../model/setup.ts';
import { blocked, isDomain, type Plan, typed } from '../../setup/plan.ts';
import { type Applied, type Changed, Setup } from '../../setup/setup.ts';
import { runProgram, thisHost, usualFile } from '../../setup/this-host.ts';
import type { ConfigDone } from '../../setup/write-config.ts';
import { asCalled } from '../called.ts';
import { exits } from '../exits.ts';
import { asJson, printable, type Terminal } from '../terminal.ts';
import { askForHost } from './ask.ts';
import { isHost, remoteAsterisk, remoteFreeswitch } from './remote.ts';
import { checkText, editText, foundText, problemLines } from './report.ts';

/** The command line of `setup`. */
export interface SetupFlags {
  readonly apply?: boolean;
  readonly reload?: boolean;
  readonly replace?: boolean;
  readonly undo?: boolean;
  readonly dryRun?: boolean;
  readonly config?: string;
  readonly domain?: string;
  readonly pbx?: string;
  readonly asterisk?: string;
  readonly freeswitch?: string;
  readonly folder?: string;
  readonly root?: string;
  readonly showSecrets?: boolean;
  readonly json: boolean;
}

/** After a reload a PBX takes a moment until it lets somebody in; milliseconds. */
const settleMs = 15_000;

/** Says everything by what it returns and throws. */
const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

/** What is told at the end, with --json. */
interface Told {
  [name: string]: unknown;
}

/** Ends the command: exit code 1. */
class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** @returns the exit code: 0; 1 where no PBX was found, something could not be done, or does not work; 64. */
export async function run(flags: SetupFlags, terminal: Terminal): Promise<number> {
  const { json } = flags;
  const say = (text: string): void => {
    if (!json && text !== '') terminal.out(`${text}\n`);
  };
  const wrong = contradiction(flags);
  if (wrong !== null) {
    terminal.err(`error: ${wrong}\n`);
    return exits.usage;
  }
  const told: Told = {};
  let code: number;
  try {
    const setup = new Setup({
      root: flags.root ?? '/',
      folder: flags.folder ?? null,
      file: flags.config ?? usualFile(terminal.environment),
      ownPorts: [],
      host: thisHost(),
      run: runProgram,
      tools: { clock: systemClock, random: systemRandom, logger: silent },
    });
    code = flags.undo ? await undo(setup, flags, say, told) : await prepare(setup, flags, say, told);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { code: reason, message } = error.refusal;
    told['error'] = { code: reason, message };
    if (!json) terminal.err(`error: ${message}\n`);
    code = exits.refused;
  }
  if (json) terminal.out(asJson(told));
  return code;
}

function contradiction(flags: SetupFlags): string | null {
  const { root, apply, replace, undo, dryRun, asterisk, freeswitch, folder } = flags;
  for (const [name, isRight] of [
    ['asterisk', isHost],
    ['freeswitch', isHost],
    ['domain', isDomain],
  ] as const) {
    const given = flags[name];
    if (given === undefined || isRight(given)) continue;
    return `--${name} ${printable(given)}: expected a host name or an address, without a port: pbx.example.com, 192.0.2.10`;
  }
  if (root !== undefined && !existsSync(root)) return `--root ${root}: there is no such folder`;
  if (folder !== undefined && !folder.startsWith('/')) return '--folder takes a path that begins with /';
  if (undo && (apply || dryRun || replace)) return '--undo goes with neither --apply nor --replace nor --dry-run';
  if (apply && dryRun) return '--apply and --dry-run exclude each other';
  if (asterisk !== undefined && freeswitch !== undefined) return '--asterisk and --freeswitch: one at a time';
  if (apply && (asterisk ?? freeswitch) !== undefined)
    return '--apply changes files of this host only: paste the lines there';
  return null;
}

async function undo(
  setup: Setup,
  { reload: atOnce }: SetupFlags,
  say: (text: string) => void,
  told: Told,
): Promise<number> {
  const changed = must(setup.undo());
  told['changed'] = changed;
  if (changed.length === 0) {
    say('Nothing of Lamplighter stands in the files of a PBX.');
    return exits.ok;
  }
  for (const { file } of changed) say(`taken out of ${file}`);
  const { plans } = await setup.look();
  let code: number = exits.ok;
  for (const plan of plans.filter(({ pbx }) => changed.some(({ file }) => file.startsWith(`${pbx.folder}/`)))) {
    if (atOnce === true) code = (await reload(setup, plan, say, told)) ? code : exits.refused;
    else say(`Now let the PBX read its files again: ${commands(plan)}`);
  }
  say('The configuration of Lamplighter and its passwords stay.');
  return code;
}

function commands({ found }: Plan): string {
  return (found?.reload ?? []).map(typed).join(' && ');
}

async function prepare(setup: Setup, flags: SetupFlags, say: (text: string) => void, told: Told): Promise<number> {
  const chosen = await choose(setup, flags, say, told);
  if (chosen === null) return exits.refused;
  const settled = setup.settled(chosen, flags.replace === true);
  if (flags.dryRun) {
    lines(chosen, setup, flags, say);
    if (!settled.ok || settled.value.kept !== null) say(`\n${setup.file} stays as it is; with --replace it would be:`);
    else say(`\nThe configuration would be ${setup.file}:`);
    say(`\n${chosen.pbx.config ?? ''}`);
    return exits.ok;
  }
  const problem = blocked(chosen);
  if (problem !== null)
    throw new Refused({ code: 'blocked', message: `nothing is written: ${problem.text}; ${asCalled(problem.fix)}` });
  if (!settled.ok) return strange(setup, chosen, settled.refusal, flags, say, told);
  const mayWrite = settled.value.kept === null;
  const applied = flags.apply ? must(setup.apply(settled.value)) : null;
  const after = applied === null ? settled : await settledAgain(setup, settled.value, flags.domain ?? null);
  const written = after.ok ? setup.writeFor(after.value, mayWrite) : after;
  if (!written.ok) throw applied === null ? new Refused(written.refusal) : takenBack(applied, written.refusal, told);
  const plan = must(after);
  const changed = applied?.changed ?? [];
  if (applied !== null) tellAdded(changed, say, told);
  const known = tellWritten(setup, plan, written.value, say, told);
  if (!flags.apply) lines(plan, setup, flags, say);
  const reloaded = flags.reload === true && plan.found !== null ? await reload(setup, plan, say, told) : false;
  const waiting = changed.length > 0 && !reloaded;
  if (waiting) say(`Now let the PBX read its files again: ${commands(plan)}`);
  // one on another host is tested from the second time on, when somebody has pasted the lines there
  const isComplete = plan.found === null ? known : plan.pbx.edits.length === 0 && !waiting;
  const checks = isComplete ? await test(setup, plan, reloaded) : [];
  told['checks'] = checks;
  say(checkText(checks));
  next(setup, plan, flags, false, say, told);
  const failed = checks.some(({ level }) => level === 'fail') || (flags.reload === true && !reloaded);
  return failed ? exits.refused : exits.ok;
}

/** The configuration that is there would not be let in: only its admin knows what he means by it. */
function strange(
  setup: Setup,
  plan: Plan,
  { code, message }: Refusal,
  flags: SetupFlags,
  say: (text: string) => void,
  told: Told,
): number {
  const cure = 'setup --replace writes it anew, and keeps it as .bak';
  if (flags.apply) throw new Refused({ code, message: `nothing is changed: ${message} (${cure})` });
  told['kept'] = setup.file;
  told['differs'] = message;
  told['error'] = { code, message };
  say(`${message}; nothing is written (${cure}).`);
  if (flags.showSecrets) say('There are no passwords to show before the configuration is written.');
  // as with --dry-run; on another host somebody would paste [hidden] as it stands
  if (plan.found !== null) lines(plan, setup, { ...flags, dryRun: true }, say);
  next(setup, plan, flags, true, say, told);
  return exits.refused;
}

function next(
  setup: Setup,
  plan: Plan,
  flags: SetupFlags,
  replace: boolean,
  say: (text: string) => void,
  told: Told,
): void {
  const given = { domain: flags.domain ?? null, pbx: flags.pbx ?? null, replace };
  const steps = setup.next(plan, given).map((line) => asCalled(line));
  told['next'] = steps;
  say(`\nNext:\n${steps.map((line) => `  ${line}`).join('\n')}`);
}

/** With the lines in the files of the PBX more may be known of it. */
async function settledAgain(setup: Setup, plan: Plan, domain: string | null): Promise<Outcome<Plan>> {
  const { plans } = await setup.look(domain);
  const again = plans.find(({ pbx }) => pbx.id === plan.pbx.id);
  return again === undefined ? granted(plan) : setup.settled(again, plan.kept === null);
}

/** A PBX with lines that no configuration goes with is not left behind. */
function takenBack({ changed, takeBack }: Applied, { code, message }: Refusal, told: Told): Refused {
  const undone = takeBack();
  if (undone.ok) {
    const all = changed.length === 0 ? '' : '; what was added to the files of the PBX is taken out again';
    return new Refused({ code, message: `${message}${all}` });
  }
  told['changed'] = changed;
  const stay = `the lines stay in the files of the PBX (${undone.refusal.message}); setup --undo takes them out`;
  return new Refused({ code, message: `${message}; ${stay}` });
}

function tellAdded(changed: readonly Changed[], say: (text: string) => void, told: Told): void {
  told['changed'] = changed;
  for (const { file, backup } of changed) {
    say(`added to ${file}${backup === null ? ' (new)' : `; as it was: ${backup}`}`);
  }
  if (changed.length === 0) say('The PBX has all that is needed: nothing was changed.');
}

/** The PBX that all of this is about; null: there is none, which has been said. */
async function choose(setup: Setup, flags: SetupFlags, say: (text: string) => void, told: Told): Promise<Plan | null> {
  const domain = flags.domain ?? null;
  const named = elsewhere(flags);
  if (named !== null) return setup.planFor(named, domain);
  const { report, plans } = await setup.look(domain);
  told['report'] = report;
  for (const pbx of report.pbxs) say(`${foundText(pbx)}\n`);
  for (const problem of report.problems) say(problemLines(problem).join('\n'));
  const plan = flags.pbx === undefined ? plans[0] : plans.find(({ pbx }) => pbx.id === flags.pbx);
  if (plan !== undefined) {
    if (plans.length > 1 && flags.pbx === undefined) say(`Taken: ${plan.pbx.id}; another by --pbx ID.`);
    return plan;
  }
  if (plans.length > 0)
    throw new Refused({
      code: 'unknown-pbx',
      message: `--pbx ${flags.pbx}: found are ${plans.map(({ pbx }) => pbx.id).join(', ')}`,
    });
  const asked = flags.json ? null : await askForHost();
  return asked === null ? null : setup.planFor(asked, domain);
}

function elsewhere({ asterisk, freeswitch, domain }: SetupFlags): PbxAccess | null {
  if (asterisk !== undefined) return remoteAsterisk(asterisk);
  if (freeswitch !== undefined) return remoteFreeswitch(freeswitch, domain ?? freeswitch);
  return null;
}

/** @returns true where a configuration was there that stays. */
function tellWritten(
  setup: Setup,
  plan: Plan,
  { changed, backup }: ConfigDone,
  say: (text: string) => void,
  told: Told,
): boolean {
  if (plan.kept !== null) {
    told['kept'] = setup.file;
    say(
      `${setup.file} stays as it is, as it says something else than setup would write; what it logs in with is what the`,
    );
    say('PBX has, or is to have. setup --replace writes it anew, and keeps it as .bak.');
    return true;
  }
  told['config'] = { file: setup.file, backup, changed };
  if (!changed) say(`${setup.file} says all this already.`);
  else say(`written: ${setup.file}${backup === null ? '' : `; as it was: ${backup}`}`);
  return !changed;
}

/** What the admin is to paste where he does not let setup do it. */
function lines(plan: Plan, setup: Setup, flags: SetupFlags, say: (text: string) => void): void {
  const { pbx } = plan;
  if (pbx.edits.length === 0) return;
  const shown = flags.showSecrets && !flags.dryRun ? setup.editsWithPasswords(plan) : pbx.edits;
  const title =
    plan.found === null
      ? 'What the files of the PBX have to say; paste it there, on its host'
      : 'Missing in the files of the PBX; setup --apply adds it';
  say(`\n${title}:\n${editText({ ...pbx, edits: shown })}`);
  if (flags.showSecrets || flags.dryRun) return;
  const isOwn = plan.kept !== null && plan.kept.own.length > 0;
  const where = isOwn ? 'the configuration logs in with' : 'the files of the same name beside the configuration hold';
  say(`For [hidden] stands what ${where}; --show-secrets shows it.`);
}

async function reload(setup: Setup, plan: Plan, say: (text: string) => void, told: Told): Promise<boolean> {
  if (plan.found === null) return false;
  const failed = await setup.reload(plan.found);
  told['reloadFailed'] = failed;
  for (const command of failed) say(`fail  reload: ${command} did not work; run it by hand`);
  if (failed.length === 0) say('The PBX has read its files again.');
  return failed.length === 0;
}

async function test(setup: Setup, plan: Plan, patient: boolean): Promise<readonly Finding[]> {
  const end = systemClock.now() + (patient ? settleMs : 0);
  for (;;) {
    const checks = await setup.test(plan.access, plan.facts.domain);
    if (!checks.some(({ level }) => level === 'fail') || systemClock.now() >= end) return checks;
    await sleep(systemClock, 1_000);
  }
}

function must<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Refused(outcome.refusal);
  return outcome.value;
}
