/** The environment for the admin's code: everything but our own settings, which may hold secrets. */
export function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LAMPLIGHTER_')));
}
