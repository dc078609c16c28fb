import { z } from 'zod';
import { logLevels } from '../../model/logger.ts';
import { addressOf } from '../answers.ts';
import type { LogLevelView } from '../log-levels.ts';
import { type Route, route } from '../route.ts';

const level = z.enum(logLevels).describe('The least that is written.');
const aDay = 86_400;

const answer = z
  .strictObject({
    level,
    until: z.iso.datetime().nullable().describe('When the one before comes back; null: this one stays.'),
  })
  .meta({ id: 'LogLevel' });

const body = z
  .strictObject({
    level,
    seconds: z.int().min(1).max(aDay).optional().describe('For so long; default: until the next start or change.'),
  })
  .meta({ examples: [{ level: 'debug', seconds: 600 }] });

const about = 'How much is logged';
const refusals = { 'no-log-level': 404 } as const;

/** The log's level while running. */
export const logLevelRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/log-level',
    role: 'read',
    rpc: 'log-level.get',
    tag: 'Health',
    about: `${about}.`,
    answers: { 200: { about: 'The level.', schema: answer } },
    refusals,
    run: ({ c, no }, { logLevels: desk }) => {
      if (desk === undefined) return no(fixed);
      return c.json(shape(desk.view));
    },
  }),
  route({
    method: 'PUT',
    path: '/api/v1/log-level',
    role: 'admin',
    rpc: 'log-level.set',
    tag: 'Health',
    about: `${about} from now on, or for a while.`,
    body,
    answers: { 200: { about: 'The level now.', schema: answer } },
    refusals,
    run: async (ask, { logLevels: desk, logger }) => {
      if (desk === undefined) return ask.no(fixed);
      const asked = await ask.body();
      if (!asked.ok) return ask.no(asked.refusal);
      const { level: wanted, seconds = null } = asked.value;
      const old = desk.view.level;
      // a warning: whoever reads a log of warnings only wants to know why it fell silent, or did not
      const said = { old, new: wanted, seconds, who: ask.c.get('who'), from: addressOf(ask.c) };
      logger.warn(said, 'log level changed');
      desk.set(wanted, seconds);
      return ask.c.json(shape(desk.view));
    },
  }),
];

const fixed = { code: 'no-log-level', message: 'the level of this log cannot be changed' };

function shape({ level: now, until }: LogLevelView): object {
  return { level: now, until: until === null ? null : new Date(until).toISOString() };
}
