import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { printable as foreignText } from '../model/printable.ts';
import type { Role } from './access/roles.ts';
import type { Holder } from './access/tokens.ts';

/** What every route can read of its request. */
export interface OpsEnv {
  readonly Bindings: HttpBindings & {
    /** The request stands for a method of JSON-RPC: who asks, and his word for the hooks. */
    readonly rpc?: { readonly who: string; readonly role: Role; readonly param: string | null };
  };
  readonly Variables: {
    /** Who asks; null: he has said nothing that is true. */
    holder: Holder | null;
    /** Counts further requests of his; answers the seconds to wait, 0: none. */
    spend: (cost: number) => number;
    /** Name of who asks, for the audit trail. */
    who: string;
    /** What he may. */
    role: Role;
    /** Method and path as they are declared; absent: no declared route was reached. */
    route?: string;
  };
}

export type OpsContext = Context<OpsEnv>;

/** The one form of an error: `{"error":{"code","message"}}`, and what else helps the client. */
export function refuse(
  c: OpsContext,
  status: ContentfulStatusCode,
  code: string,
  message: string,
  more: Readonly<Record<string, unknown>> = {},
): Response {
  return c.json({ error: { code, message }, ...more }, status);
}

/** `ext` or `aor` as a client gave it, made fit to stand in a message or a log line. */
export function printable(text: string, longest = 80): string {
  return foreignText(text, longest);
}

/** Where the client is: `127.0.0.1`. */
export function addressOf(c: OpsContext): string {
  return c.env.incoming.socket.remoteAddress ?? 'unknown';
}
