import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, test } from 'node:test';
import type { Hooks } from '../../src/hooks/hooks.ts';
import { ProgramLine } from '../../src/hooks/program.ts';
import { RecordingLogger } from '../support/silent-logger.ts';
import { errorsOf, hooksOn, outcome, question, tools, wellAgain } from './lines.ts';

const script = resolve('test/fixtures/hooks/many-ways-program.mjs');
const open: Hooks[] = [];
after(() => Promise.all(open.map((one) => one.stop())));

function program(words: readonly string[], logger = new RecordingLogger()): { hooks: Hooks; logger: RecordingLogger } {
  const line = new ProgramLine([process.execPath, script, ...words], ['get', 'set'], tools(logger));
  const hooks = hooksOn(line, logger);
  hooks.start();
  open.push(hooks);
  return { hooks, logger };
}

const { hooks, logger } = program(['numbered']);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function gone(pid: number): Promise<void> {
  const end = Date.now() + 10_000;
  while (isAlive(pid)) {
    assert.ok(Date.now() < end, `${pid} still lives`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

test('a program answers line by line, many questions at once, each the one it was asked', async () => {
  await wellAgain(hooks);
  const words = Array.from({ length: 40 }, (_none, index) => (index % 5 === 0 ? 'slow' : `q${index}`));
  const said = await Promise.all(words.map((word) => outcome(hooks, word)));
  for (const [index, word] of words.entries()) {
    assert.ok(word === 'slow' ? said[index] === 'slow' : said[index]!.includes(` ${word} `), said[index]);
  }
  const got = await hooks.get(question());
  assert.equal(got.ok && got.value?.enabled, true);
  assert.equal(hooks.takes('notify'), false);
});

test('a program that gives no numbers answers in order, and a late answer is not taken for the next one', async () => {
  const plain = program([]).hooks;
  await wellAgain(plain);
  assert.equal(await outcome(plain, 'slow', 60), 'hook-failed');
  const said = await outcome(plain, 'after', 1500);
  assert.ok(said.includes(' after '), said);
});

test('no shell reads its arguments', async () => {
  const shelled = new RecordingLogger();
  const line = new ProgramLine(['/bin/echo $(id); sleep 1'], ['set'], tools(shelled));
  const bad = hooksOn(line, shelled);
  bad.start();
  open.push(bad);
  assert.equal(await outcome(bad, 'x'), 'hook-failed');
  assert.match(errorsOf(shelled)[0]!, /ENOENT/);
});

for (const way of ['exit', 'nonsense', 'endless', 'loop']) {
  test(`a program that goes wrong by '${way}' is started again; the outage is said once`, async () => {
    await wellAgain(hooks);
    const before = logger.lines.length;
    for (let round = 0; round < 3; round++) assert.equal(await outcome(hooks, way, 200), 'hook-failed');
    const said = await wellAgain(hooks);
    assert.ok(said.includes(' well '), said);
    const errors = logger.lines.slice(before).filter(({ level }) => level === 'error');
    assert.equal(errors.length, 1);
    assert.ok(logger.lines.slice(before).some(({ message }) => message === 'the hook answers again'));
  });
}

test('at a stop the program ends, and what it started with it, even one that will not', async () => {
  const one = program(['numbered']).hooks;
  const pid = Number((await wellAgain(one, 'stubborn')).split(' ').at(-1));
  const child = Number(await wellAgain(one, 'child'));
  assert.ok(isAlive(pid) && isAlive(child));
  await one.stop();
  await Promise.all([gone(pid), gone(child)]);
});

test('more questions at once than it may have are failed at once', async () => {
  await wellAgain(hooks);
  const said = await Promise.all(Array.from({ length: 80 }, () => outcome(hooks, 'slow')));
  assert.equal(said.filter((one) => one === 'slow').length, 64);
  assert.equal(said.filter((one) => one === 'hook-failed').length, 16);
});
