import { z } from 'zod';
import { agentPhases } from '../model/agent.ts';

/**
 * What the API answers (src/ops/shapes.ts makes it), for /openapi.json. A field may be added later: clients ignore what they
 * do not know. The tests hold every answer against these, and there nothing may be added.
 */

const text = z.string();
const count = z.int().min(0);

export const timeSchema = z.iso.datetime().meta({ pattern: undefined, examples: ['2026-01-31T08:15:30.000Z'] });

export const errorSchema = z
  .looseObject({
    error: z.strictObject({
      code: text.describe('For programs: it stays the same.').meta({ examples: ['unknown-extension'] }),
      message: text.describe('For people.'),
    }),
  })
  .describe('Why not; some routes say beside it what stands.')
  .meta({ id: 'Error' });

const assigned = z.literal(false).optional().describe('Said only where the user does not have this feature.');

const known = z
  .literal(false)
  .optional()
  .describe('Said only where no PBX has told it since the start, nor is it remembered: it may be on or off.');

const dndSchema = z.strictObject({ enabled: z.boolean(), assigned, known }).meta({ id: 'DoNotDisturb' });
const target = text.nullable().describe('Where to; also of a forward that is off.');
const forwardSchema = z.strictObject({ enabled: z.boolean(), target, assigned, known }).meta({ id: 'Forward' });
const cfnaSchema = z
  .strictObject({
    enabled: z.boolean(),
    target,
    ringCount: z.int().nullable().describe('Rings before it forwards; null: not known.'),
    assigned,
    known,
  })
  .meta({ id: 'ForwardOnNoAnswer' });

export const featureSchema = z.union([cfnaSchema, forwardSchema, dndSchema]);

const partySchema = z
  .strictObject({ number: text.nullable(), name: text.nullable() })
  .describe('The other side; null where it withholds that, or nobody knows.')
  .meta({ id: 'Party' });

const direction = z.enum(['initiator', 'recipient']).describe('Who called: this extension, or the other side.');

const dialogSchema = z
  .strictObject({
    id: text.describe('Names the call for its life.'),
    state: z.enum(['trying', 'proceeding', 'early', 'confirmed']).describe('As RFC 4235; `early` rings.'),
    direction,
    held: z.boolean().describe('This extension holds it.'),
    remote: partySchema,
    since: timeSchema,
  })
  .meta({ id: 'Dialog' });

export const callSchema = z
  .strictObject({
    ...dialogSchema.shape,
    ext: text,
    aor: text,
    stale: z.boolean().describe('The PBX is away: it was so when it was last heard.'),
  })
  .describe('A call of an extension.')
  .meta({ id: 'Call' });

export const mailboxSchema = z
  .strictObject({ new: count, old: count, newUrgent: count, oldUrgent: count })
  .meta({ id: 'Mailbox' });

export const agentSchema = z
  .strictObject({ state: z.enum(agentPhases), reason: text.nullable() })
  .describe('Of a call centre.')
  .meta({ id: 'Agent' });

export const phoneSchema = z
  .strictObject({
    aor: text,
    ext: text,
    contact: text.nullable(),
    source: text,
    transport: text,
    userAgent: text.nullable(),
    since: timeSchema,
    expiresAt: timeSchema,
    reachable: z.boolean().describe('False: its connection is gone.'),
  })
  .describe('A phone that has registered through Lamplighter.')
  .meta({ id: 'Phone' });

export const extensionSchema = z
  .strictObject({
    aor: text.meta({ examples: ['1001@pbx.example.com'] }),
    ext: text.meta({ examples: ['1001'] }),
    lamp: z.literal(true).optional().describe('It is no user, but a lamp such as `park+5901`.'),
    displayName: text.nullable(),
    untold: z
      .literal(true)
      .optional()
      .describe(
        'No PBX has told of it since the start: its phones are not known, and features only as far as they are remembered.',
      ),
    registered: z.boolean(),
    reachable: count.describe('How many of its phones can take a call now.'),
    dialogs: z.array(dialogSchema).describe('Its calls, oldest first.'),
    features: z.strictObject({ dnd: dndSchema, cfa: forwardSchema, cfb: forwardSchema, cfna: cfnaSchema }),
    mailbox: mailboxSchema.nullable(),
    agent: agentSchema.nullable(),
    subscriptions: count.describe('How many phones watch it.'),
    phones: z.array(phoneSchema).optional().describe('Where phones register through Lamplighter.'),
    stale: z.boolean().describe('Its PBX is away: this is the last truth.'),
  })
  .meta({ id: 'Extension' });

export const linkSchema = z
  .strictObject({
    source: text.describe('Name of the PBX in the configuration.'),
    state: z.enum(['up', 'down', 'stale']),
    reason: text.nullable(),
    since: timeSchema,
  })
  .describe('The link to a PBX.')
  .meta({ id: 'Link' });

export const groupSchema = z
  .strictObject({ name: text, domain: text, extensions: count, reachable: count })
  .describe('Extensions that are counted together.')
  .meta({ id: 'Group' });

export const subscriptionSchema = z
  .strictObject({
    id: z.int(),
    aor: text.describe('Who is watched.'),
    ext: text,
    event: text.meta({ examples: ['dialog'] }),
    eventId: text.nullable(),
    watcher: text.nullable().describe('Who watches; null: the source alone is known.'),
    device: text,
    userAgent: text.nullable(),
    source: text.describe('Where NOTIFYs go.').meta({ examples: ['udp:192.0.2.1:5060'] }),
    createdAt: timeSchema,
    expiresAt: timeSchema,
    lastNotifyAt: timeSchema.nullable(),
    lastStatus: z.int().nullable().describe('Answer to the last NOTIFY; 408: none; null: on its way.'),
    notifies: count.describe('NOTIFYs since the process started.'),
  })
  .meta({ id: 'Subscription' });

const saidSchema = z
  .union([
    z.strictObject({ mailbox: mailboxSchema }),
    z.strictObject({
      presence: z.strictObject({
        basic: z.enum(['open', 'closed']).nullable(),
        activities: z.array(text.nullable()),
        notes: z.array(text.nullable()),
      }),
    }),
    z.strictObject({
      dialogs: z.array(
        z.strictObject({ state: text, direction, held: z.boolean(), remote: partySchema, since: timeSchema }),
      ),
    }),
  ])
  .meta({ id: 'Said' });

export const publicationSchema = z
  .strictObject({
    id: z.int(),
    aor: text,
    ext: text,
    event: text,
    publisher: text.describe('Who; `api`: an admin.'),
    says: saidSchema.nullable(),
    source: text,
    userAgent: text.nullable(),
    createdAt: timeSchema,
    expiresAt: timeSchema.nullable(),
  })
  .meta({ id: 'Publication' });

const auditedValue = z
  .union([
    agentSchema,
    z.strictObject({ enabled: z.boolean(), target: target.optional(), ringCount: z.int().nullish() }),
  ])
  .nullable();

export const auditSchema = z
  .strictObject({
    at: timeSchema,
    aor: text,
    ext: text,
    feature: z.enum(['dnd', 'cfa', 'cfb', 'cfna', 'agent']),
    who: text.describe('The user of the phone, the name of the token, or the PBX.'),
    via: z.enum(['phone', 'api', 'rpc', 'cli', 'pbx', 'simulator', 'hook']),
    from: text.nullable(),
    userAgent: text.nullable(),
    old: auditedValue,
    new: auditedValue,
    wished: auditedValue,
    decision: z.enum(['granted', 'equal', 'refused', 'failed', 'observed']),
    reason: text.nullable(),
  })
  .meta({ id: 'AuditRow' });

export const profileSchema = z
  .strictObject({
    type: text,
    name: text,
    domain: text,
    source: z.enum(['api', 'file']),
    contentType: text,
    bytes: count,
    etag: text,
    owners: z.array(text),
    effectiveBy: z.int().nullable(),
    updatedAt: timeSchema,
  })
  .meta({ id: 'Profile' });

export const changeSchema = z
  .union([
    z
      .strictObject({
        ext: text,
        aor: text,
        topic: z.enum(['dialogs', 'features', 'registration', 'mailbox', 'extension', 'published', 'agent', 'profile']),
        aspects: z.array(text),
        extension: extensionSchema.nullable().describe('As it is now; null: the PBX has it no more.'),
      })
      .describe('`event: message`: something about an extension has changed.'),
    linkSchema,
    groupSchema,
    z.strictObject({ reason: z.enum(['restarted', 'too-much-missed']) }).describe('`event: reset`: read everything.'),
  ])
  .meta({ id: 'Event' });
