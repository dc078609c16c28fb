import type { CommandNode, OptionNode, WordNode } from '../tree.ts';
import { kindOf, wordKind } from './bash.ts';

/** A completion script for zsh: sourced after `compinit`, or a file `_lamplighter` in a folder of `fpath`. */
export function zshScript(commands: readonly CommandNode[]): string {
  return `#compdef lamplighter
# zsh completion for lamplighter: source <(lamplighter completion zsh)

# what the running daemon has; silent where it is not there
_lamplighter_ask() {
  local -a found ask
  local at
  for ((at = 2; at < CURRENT; at++)); do
    case $words[at] in
      -c | --config) ask+=(--config "$words[at + 1]") ;;
      --url) ask+=(--url "$words[at + 1]") ;;
    esac
  done
  found=(\${(f)"$("\${_lamplighter_program:-lamplighter}" complete "$1" "\${ask[@]}" 2>/dev/null)"})
  compadd -a found
}

_lamplighter() {
  local _lamplighter_program=$words[1] context state state_descr line
  typeset -A opt_args
  local -a commands
  commands=(
${commands.map(({ name, about }) => `    ${quoted(`${name}:${about}`)}`).join('\n')}
    'help:Shows help for a command.'
  )
  _arguments -C '(- *)--help[shows help]' '(- *)--version[prints the version]' '1:command:->command' '*::word:->word'
  case $state in
    command) _describe command commands ;;
    word)
      case $words[1] in
${commands.map(commandCase).join('\n')}
        help) _arguments '1:command:(${commands.map(({ name }) => name).join(' ')})' ;;
      esac
      ;;
  esac
}

if [[ $funcstack[1] == _lamplighter ]]; then
  _lamplighter "$@"
else
  compdef _lamplighter lamplighter
fi
`;
}

function commandCase({ name, words, options }: CommandNode): string {
  const specs = [...options.flatMap(optionSpecs), ...words.map(wordSpec)];
  const lines = ["'(- *)--help[shows help]'", ...specs].map((spec) => `            ${spec}`);
  return `        ${name})\n          _arguments \\\n${lines.join(' \\\n')}\n          ;;`;
}

function optionSpecs({ short, long, about, value, choices }: OptionNode): readonly string[] {
  const flags = [...(short === null ? [] : [short]), long];
  const text = inBrackets(about);
  const takes = value === null ? '' : `:${value}:${actionOf(kindOf({ long, value, choices }))}`;
  return flags.map((flag) => quoted(`(${flags.join(' ')})${flag}[${text}]${takes}`));
}

function wordSpec(word: WordNode, index: number): string {
  const place = word.many ? '*' : String(index + 1);
  return quoted(`${place}${word.required || word.many ? ':' : '::'}${word.name}:${actionOf(wordKind(word))}`);
}

function actionOf(kind: string): string {
  if (kind.startsWith('=')) return `(${kind.slice(1)})`;
  if (kind === 'config' || kind === 'file') return '_files';
  // behind a space: called as it stands, without the arguments for compadd
  return kind === 'ext' || kind === 'id' || kind === 'vendor' ? ` _lamplighter_ask ${kind}` : ' ';
}

function inBrackets(text: string): string {
  return text.replace(/[[\]\\:]/g, '\\$&');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
