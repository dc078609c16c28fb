import { createMiddleware } from 'hono/factory';
import { type OpsContext, type OpsEnv, refuse } from '../answers.ts';
import type { Access } from '../route.ts';
import { covers, type Role } from './roles.ts';

/** The refusal for a client whose role is not enough; null: it is. */
export function roleRefusal(c: OpsContext, wanted: Access): Response | null {
  if (wanted === 'everybody' || covers(c.get('role'), wanted)) return null;
  return refuse(c, 403, 'role-too-small', tooSmall(wanted));
}

/** Names the role that would do. */
export function tooSmall(wanted: Role): string {
  return `this needs a token of role ${wanted}`;
}

/** For what no declaration says it of: who reads may GET, and only an admin may anything else. */
export const roleByMethod = createMiddleware<OpsEnv>(async (c, next) => {
  const reads = c.req.method === 'GET' || c.req.method === 'HEAD';
  return roleRefusal(c, reads ? 'read' : 'admin') ?? next();
});
