import type { Argument, Command, Option } from 'commander';

/** What completion, the manual and docs/cli.md are made from: the command line as data. */
export interface CommandNode {
  readonly name: string;
  readonly about: string;
  readonly words: readonly WordNode[];
  readonly options: readonly OptionNode[];
}

/** One argument. */
export interface WordNode {
  /** `ext`: what it is, too. */
  readonly name: string;
  readonly about: string;
  readonly required: boolean;
  readonly many: boolean;
  /** Empty: anything. */
  readonly choices: readonly string[];
}

export interface OptionNode {
  /** `-c`; null: it has none. */
  readonly short: string | null;
  readonly long: string;
  readonly about: string;
  /** What its value is; null: it takes none. */
  readonly value: string | null;
  readonly choices: readonly string[];
  /** Text of its default; null: none, or one that goes without saying. */
  readonly usual: string | null;
}

/** The commands of a program, but hidden ones. Commands of commands are not foreseen, and are an error. */
export function treeOf(root: Command): readonly CommandNode[] {
  return root
    .createHelp()
    .visibleCommands(root)
    .filter((command) => command.name() !== 'help')
    .map((command) => {
      if (command.commands.length > 0) throw new Error(`${command.name()} has commands of its own`);
      const { options } = command;
      return {
        name: command.name(),
        about: command.description(),
        words: command.registeredArguments.map(wordOf),
        options: options.filter(({ hidden }) => !hidden).map(optionOf),
      };
    });
}

/** `<ext>`, `[ext]`, `<id...>` as help shows it; with marks of its own where wanted. */
export function usageOf({ name, required, many }: WordNode): string {
  const text = `${name}${many ? '...' : ''}`;
  return required ? `<${text}>` : `[${text}]`;
}

function wordOf(argument: Argument): WordNode {
  return {
    name: argument.name(),
    about: argument.description,
    required: argument.required,
    many: argument.variadic,
    choices: argument.argChoices ?? [],
  };
}

function optionOf(option: Option): OptionNode {
  const [, value = null] = /[<[]([^>\]]+)[>\]]/.exec(option.flags) ?? [];
  const usual: unknown = option.defaultValue;
  return {
    short: option.short ?? null,
    long: option.long ?? option.flags,
    about: option.description,
    value,
    choices: option.argChoices ?? [],
    usual: typeof usual === 'string' && option.envVar === undefined ? usual : null,
  };
}
