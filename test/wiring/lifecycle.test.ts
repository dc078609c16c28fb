import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lifecycle, type LifecycleObserver } from '../../src/wiring/lifecycle.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/silent-logger.ts';

function watched() {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const lifecycle = new Lifecycle({ clock, logger, beatMs: 1000 });
  const heard: string[] = [];
  const observer: LifecycleObserver = {
    moment: (moment) => heard.push(moment),
    heartbeat: () => heard.push('♥'),
  };
  return { clock, logger, lifecycle, heard, observer };
}

test('an observer hears of the present moment, of each that follows, and of none after it stopped', () => {
  const { lifecycle, heard, observer } = watched();
  const stop = lifecycle.observe(observer);
  for (const moment of ['ready', 'reloading', 'ready', 'stopping'] as const) lifecycle.enter(moment);
  assert.deepEqual(heard, ['starting', 'ready', 'reloading', 'ready', 'stopping']);
  assert.equal(lifecycle.moment, 'stopping');
  stop();
  lifecycle.enter('ready');
  assert.equal(heard.length, 5);
});

test('one that fails is logged, and the others hear of it all the same', () => {
  const { lifecycle, logger, heard, observer } = watched();
  lifecycle.observe({
    moment: () => {
      throw new Error('broken');
    },
    heartbeat: () => undefined,
  });
  lifecycle.observe(observer);
  lifecycle.enter('ready');
  assert.deepEqual(heard, ['starting', 'ready']);
  assert.equal(logger.lines.filter(({ message }) => message.includes('observer')).length, 2);
});

test('the heart beats while the store answers, pauses while it does not, and stops in the end', () => {
  const { clock, lifecycle, logger, heard, observer } = watched();
  lifecycle.observe(observer);
  let well = true;
  lifecycle.watch(() => {
    if (!well) throw new Error('disk I/O error');
  });
  clock.advance(2000);
  assert.equal(heard.filter((it) => it === '♥').length, 2);
  well = false;
  clock.advance(3000);
  assert.equal(heard.filter((it) => it === '♥').length, 2);
  assert.ok(logger.lines.some(({ message }) => message.includes('no heartbeat')));
  well = true;
  clock.advance(1000);
  assert.equal(heard.filter((it) => it === '♥').length, 3);
  lifecycle.stop();
  clock.advance(5000);
  assert.equal(heard.filter((it) => it === '♥').length, 3);
});
