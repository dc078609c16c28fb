/** How this program is called where it runs, and whether as root: what is printed for people to type is worded by it. */
export interface Calling {
  /** `lamplighter`, or `npx lamplighter` in a checkout. */
  readonly name: string;
  readonly root: boolean;
}

/** How this process was called. */
export function thisCalling(): Calling {
  return { name: nameFor(process.argv[1] ?? ''), root: process.getuid?.() === 0 };
}

/**
 * What finds this program once more: packages put a `lamplighter` on the path, a checkout has npm's alone.
 *
 * @param script the path that Node.js was given.
 */
export function nameFor(script: string): string {
  if (script.startsWith('/usr/lib/lamplighter/')) return 'lamplighter';
  return /\/(?:dist\/src\/main\.js|node_modules\/\.bin\/lamplighter)$/.test(script) ? 'npx lamplighter' : 'lamplighter';
}

/** The commands that texts for admins name. Whatever else is called lamplighter is none: a service, a user, a folder. */
const own =
  /(?<=^|[\s`(])lamplighter(?= (?:start|demo|setup|check-config|migrate-config|doctor|ext|subs|features|trace|links|reload|simulate)\b)/g;
const asRoot = /(?<=^|[\s`(])sudo (?=(?:lamplighter|systemctl|chmod) )/g;

/** A text for people with its commands as they are typed here: `npx lamplighter` in a checkout, no `sudo` for root. */
export function asCalled(text: string, { name, root }: Calling = thisCalling()): string {
  return (root ? text.replace(asRoot, '') : text).replace(own, (word, at: number) =>
    name !== word && text.slice(0, at).endsWith('npx ') ? word : name,
  );
}
