import type { YAMLError } from 'yaml';

const column = 'does not begin in the column of its neighbours: settings of one section begin in the same column';
const setting = 'a setting is `name: value`, with a space behind the colon';

/** What the parser says in YAML's own terms, and what an admin has to look for; other words of the parser are plain enough. */
const words: readonly (readonly [said: RegExp, meant: string])[] = [
  [/^Tabs are not allowed/, 'begins with a tab, which YAML does not take for indentation: write spaces'],
  [/^All \w+ items must start at the same column|^Sequence item without -/, column],
  [/^Map keys must be unique/, 'this setting stands there already: keep one of the two'],
  [/^Implicit keys need to be on a single line/, `is no setting: ${setting}`],
  [/^Implicit map keys need to be followed by map values/, `has no value: ${setting}`],
  [
    /^Nested mappings are not allowed/,
    'has a value and then another setting: the next line is indented too far, or a text with a colon in it wants quotes',
  ],
];

/** Why a text is no YAML, for people. */
export function whyNoYaml({ code, message }: Pick<YAMLError, 'code' | 'message'>): string {
  if (code === 'BAD_ALIAS' || code === 'BAD_SCALAR_START') return `${message}; write it in quotes`;
  if (code === 'BAD_DQ_ESCAPE') return `${message}; write it in single quotes, where \\ is a sign like others`;
  return words.find(([said]) => said.test(message))?.[1] ?? message;
}
