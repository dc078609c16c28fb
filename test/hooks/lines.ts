import assert from 'node:assert/strict';
import { type HookSettings, Hooks } from '../../src/hooks/hooks.ts';
import type { HookLine } from '../../src/hooks/line.ts';
import { aorOf } from '../../src/model/aor.ts';
import { systemClock } from '../../src/model/clock.ts';
import type { HookQuestion } from '../../src/model/hook.ts';
import { systemRandom } from '../../src/model/random.ts';
import { RecordingLogger } from '../support/silent-logger.ts';

export function tools(logger = new RecordingLogger()) {
  return { clock: systemClock, random: systemRandom, logger, restartMs: 20 };
}

export function question(param: string | null = null, ext = '1001'): HookQuestion {
  return {
    aor: aorOf(ext, 'pbx.example.com'),
    feature: 'cfa',
    value: { enabled: true, target: '1002', ringCount: null },
    current: null,
    origin: null,
    param,
  };
}

export function hooksOn(line: HookLine, logger: RecordingLogger, more: Partial<HookSettings> = {}): Hooks {
  const settings: HookSettings = {
    timeoutMs: 1500,
    owns: [],
    targets: 'policy',
    onFailure: { set: 'refuse', get: 'pass' },
    ...more,
  };
  return new Hooks(line, settings, { logger, clock: systemClock });
}

/** What a `set` came to: the reason of a refusal, or the code of a failure. */
export async function outcome(hooks: Hooks, param: string, deadlineMs = 1500): Promise<string> {
  const answer = await hooks.set(question(param), deadlineMs);
  return answer.ok ? (answer.value?.refusal?.message ?? 'passed') : answer.refusal.code;
}

/** Asks until the hook answers again, generously. */
export async function wellAgain(hooks: Hooks, param = 'well'): Promise<string> {
  const end = Date.now() + 20_000;
  for (;;) {
    const said = await outcome(hooks, param);
    if (said !== 'hook-failed') return said;
    assert.ok(Date.now() < end, 'the hook never answered again');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function errorsOf(logger: RecordingLogger): string[] {
  return logger.lines.filter(({ level }) => level === 'error').map(({ message }) => message);
}
