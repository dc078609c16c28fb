import { z } from 'zod';
import type { HookAdvice, HookCall } from '../model/hook.ts';
import { granted, type Outcome, type Refusal, refused } from '../model/outcome.ts';
import { shortLine } from './line.ts';

/** OpenSIPS scripts write 0 and 1, programs false and true. */
const flag = z
  .union([z.boolean(), z.literal(0), z.literal(1), z.literal('0'), z.literal('1')])
  .transform((given) => given === true || given === 1 || given === '1');

const forwardTo = z.string().max(512);
const ringCount = z.union([
  z.int().min(1).max(20),
  z
    .string()
    .regex(/^(?:[1-9]|1\d|20)$/)
    .transform(Number),
]);

const refusal = z.union([
  z.string().min(1).max(300),
  z.strictObject({
    reason: z.string().min(1).max(300),
    code: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,39}$/)
      .optional(),
    status: z.union([z.literal(403), z.literal(409), z.literal(422), z.literal(429)]).optional(),
  }),
]);

const answer = z.strictObject({
  status: flag.nullish(),
  value: z.strictObject({ forwardTo: forwardTo.nullish(), ringCount: ringCount.nullish() }).nullish(),
  'value/forwardTo': forwardTo.nullish(),
  'value/ringCount': ringCount.nullish(),
  assigned: flag.nullish(),
  notify: flag.nullish(),
  handled: flag.nullish(),
  refuse: refusal.nullish(),
});

/** Fields of the question: a hook may send back what it got, changed or not. */
const readOnly = new Set(['id', 'call', 'presentity', 'feature', 'param', 'current', 'origin']);

/** null: the hook has nothing to say. A refusal (`bad-answer`) says what is wrong with the answer. */
export function parseAnswer(call: HookCall, raw: unknown): Outcome<HookAdvice | null> {
  if (call === 'notify' || raw === null || raw === undefined || raw === true) return granted(null);
  if (raw === false && call === 'assigned') return granted({ ...silent, assigned: false });
  if (raw === false && call === 'set') return granted({ ...silent, refusal: refusalOf('the hook said no') });
  if (typeof raw !== 'object' || Array.isArray(raw)) return refused('bad-answer', 'its answer is no JSON object');
  const said = Object.fromEntries(Object.entries(raw).filter(([name]) => !readOnly.has(name)));
  const parsed = answer.safeParse(said);
  if (parsed.success) return granted(adviceOf(parsed.data));
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.') ?? '';
  return refused('bad-answer', shortLine(`its answer: ${where === '' ? '' : `${where}: `}${issue?.message ?? ''}`));
}

const silent: HookAdvice = { assigned: true, notify: true, handled: false, refusal: null };

function adviceOf(said: z.output<typeof answer>): HookAdvice {
  const target = said['value/forwardTo'] ?? said.value?.forwardTo ?? undefined;
  const rings = said['value/ringCount'] ?? said.value?.ringCount ?? undefined;
  const { status, assigned, notify, handled, refuse } = said;
  return {
    ...(status === null || status === undefined ? {} : { enabled: status }),
    ...(target === undefined || target.trim() === '' ? {} : { target: target.trim() }),
    ...(rings === undefined ? {} : { ringCount: rings }),
    assigned: assigned ?? true,
    notify: notify ?? true,
    handled: handled ?? false,
    refusal: refuse === null || refuse === undefined ? null : refusalOf(refuse),
  };
}

/** Codes of hooks begin with `hook-`, so that nobody takes them for ours. */
function refusalOf(said: z.output<typeof refusal>): Refusal {
  if (typeof said === 'string') return { code: 'hook-refused', message: shortLine(said), status: 403 };
  const { reason, code = 'refused', status = 403 } = said;
  return { code: `hook-${code}`, message: shortLine(reason), status };
}
