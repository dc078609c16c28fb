import { z } from 'zod';

const call = z.object({
  id: z.string().max(128),
  with: z.string().max(128),
  outgoing: z.boolean(),
  answered: z.boolean(),
  /** This user pressed hold. */
  holding: z.boolean(),
  /** Milliseconds since the epoch. */
  since: z.int(),
});

const user = z.object({
  user: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
  phones: z.int().min(0),
  dnd: z.boolean(),
  forward: z.string().max(64).nullable(),
  messages: z.object({ new: z.int().min(0), old: z.int().min(0) }),
  calls: z.array(call).max(100),
});

/** One user as the PBX tells him, always whole. What comes from the network is read before it is used. */
export type AcmeUser = z.infer<typeof user>;

/** A line of the PBX: an answer has an `id`, an event has none. */
const line = z.object({
  id: z.int().optional(),
  error: z.string().max(200).optional(),
  boot: z.string().max(64).optional(),
  password: z.string().max(128).nullable().optional(),
  user: user.optional(),
  users: z.array(user).max(100_000).optional(),
});

export type AcmeLine = z.infer<typeof line>;

/** null: a line that makes no sense. */
export function readLine(text: string): AcmeLine | null {
  try {
    return line.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
