/** What a client may do. Each may all that those before it may. */
export const roles = ['read', 'operate', 'admin'] as const;

/** `read`: look; `operate`: what the admin's helpers do all day: features, agents, subscriptions; `admin`: everything. */
export type Role = (typeof roles)[number];

/** True where `held` is as much as `wanted`, or more. */
export function covers(held: Role, wanted: Role): boolean {
  return roles.indexOf(held) >= roles.indexOf(wanted);
}
