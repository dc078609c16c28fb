import { z } from 'zod';
import type { TracedMessage } from '../model/trace.ts';
import { timeSchema } from './schemas.ts';

const text = z.string();
const end = text.meta({ examples: ['192.0.2.21:5060'] });

export const tracedSchema = z
  .strictObject({
    id: text
      .describe('`<start of process>-<n>`; n grows by one with each message that is recorded.')
      .meta({ examples: ['1769847330000-42'] }),
    at: timeSchema,
    direction: z.enum(['in', 'out']).describe('`in`: to Lamplighter.'),
    transport: z.enum(['udp', 'tcp', 'tls', 'ws', 'wss']),
    local: end,
    remote: end,
    callId: text.nullable(),
    cseq: z.int().nullable(),
    method: text.nullable().describe('Of a response that of its request; null: it is no SIP.'),
    status: z.int().nullable().describe('null: a request.'),
    summary: text.describe('One line for a ladder.').meta({ examples: ['NOTIFY dialog, active'] }),
    retransmission: z.boolean().describe('The same message has passed before.'),
    ext: text.nullable().describe('The extension it is about; null: none of ours.'),
    unserved: text
      .nullable()
      .describe(
        'The domain that is asked in, where it is not served: name it in `aliases`. null: all is well with it.',
      ),
    watcher: text.nullable().describe('Whose phone it is from or to, as `user@domain`.'),
    subscription: z.int().nullable().describe('The number of the subscription it belongs to.'),
    missed: z.int().min(0).describe('So many passed just before it that were not recorded: too many at once.'),
    text: text.describe('The whole message; stars stand for secrets, `\\xNN` for what cannot be shown.'),
  })
  .meta({ id: 'TracedMessage' });

export function traceShape(message: TracedMessage): object {
  return { ...message, at: new Date(message.at).toISOString() };
}
