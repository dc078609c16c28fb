import { z } from 'zod';
import { printable } from '../answers.ts';
import { groupShape, membersOf } from '../groups.ts';
import { type Route, route } from '../route.ts';
import { groupSchema } from '../schemas.ts';

const name = z
  .string()
  .describe('Its name.')
  .meta({ examples: ['sales'] });

export const groupRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/groups',
    role: 'read',
    rpc: 'groups.list',
    tag: 'Groups',
    about: 'How many phones of each group can take a call.',
    answers: { 200: { about: 'Every configured group.', schema: z.array(groupSchema) } },
    run: ({ c }, { groups, hub }) => c.json(groups.map((group) => groupShape(group, hub))),
  }),
  route({
    method: 'GET',
    path: '/api/v1/groups/{name}',
    role: 'read',
    rpc: 'groups.get',
    tag: 'Groups',
    about: 'One group.',
    params: z.object({ name }),
    answers: {
      200: {
        about: 'As it is now.',
        schema: groupSchema.extend({ members: z.array(z.string()).describe('Its extensions, as `1001@domain`.') }),
      },
    },
    refusals: { 'unknown-group': 404 },
    run: (ask, { groups, hub }) => {
      const group = groups.find((one) => one.name === ask.path.name);
      if (group !== undefined) {
        return ask.c.json({ ...groupShape(group, hub), members: membersOf(group, hub).map(({ aor }) => aor) });
      }
      return ask.no({ code: 'unknown-group', message: `no group ${printable(ask.path.name)} is configured` });
    },
  }),
];
