/** A command in a text for admins; a service or a folder of that name has no such word behind it. */
const commands =
  /(^|[\s`(])lamplighter(?= (?:start|demo|setup|check-config|migrate-config|doctor|ext|subs|features|trace|links|reload|simulate)\b)/g;

/** A text with its commands as they are typed where the daemon runs: `npx lamplighter setup` in a checkout. */
export function typedAs(text: string, program: string): string {
  return text.replace(commands, (_, before: string) => before + program);
}
