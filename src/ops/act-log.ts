import type { Logger } from '../model/logger.ts';
import { addressOf, type OpsContext, printable } from './answers.ts';
import type { Route } from './route.ts';

/** Told where it is done, with what became of it; and JSON-RPC, whose methods come here one by one. */
const toldElsewhere: ReadonlySet<string> = new Set([
  '/api/v1/extensions/{ext}/features/{feature}',
  '/api/v1/extensions/{ext}/agent',
  '/api/v1/extensions/{ext}/check-sync',
  '/api/v1/reload',
  '/api/v1/log-level',
  '/rpc',
]);

/** One line for each request that may change something, whatever route it is of. */
export function tellAct(c: OpsContext, { method, path, role }: Route, status: number, logger: Logger): void {
  if (method === 'GET' || role === 'read' || toldElsewhere.has(path)) return;
  const named = Object.entries(c.req.param() as Record<string, string>).map(([name, text]) => [name, printable(text)]);
  const who = { who: c.get('who'), role: c.get('role'), from: addressOf(c) };
  logger.info({ ...who, act: `${method} ${path}`, path: Object.fromEntries(named), status }, 'admin act');
}
