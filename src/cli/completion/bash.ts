import type { CommandNode, OptionNode, WordNode } from '../tree.ts';

/**
 * A completion script for bash 4.4 and newer, which needs no bash-completion package. What the daemon tells is compared as
 * text and never given to `compgen -W`, which would expand it.
 */
export function bashScript(commands: readonly CommandNode[]): string {
  return `# bash completion for lamplighter: source <(lamplighter completion bash)
_lamplighter() {
  local cur words word command='' place=0 at kind='' values=() ask=()
  COMPREPLY=()
  # by spaces: COMP_WORDS is split at : and = too, as in http://127.0.0.1:8090
  read -ra words <<<"\${COMP_LINE:0:COMP_POINT}"
  cur=''
  if [[ \${COMP_LINE:0:COMP_POINT} != *' ' ]]; then
    cur=\${words[\${#words[@]} - 1]}
    unset 'words[\${#words[@]} - 1]'
  fi

  for ((at = 1; at < \${#words[@]}; at++)); do
    word=\${words[at]}
    if [[ -n $kind ]]; then # the value of an option
      [[ $kind == config || $kind == url ]] && ask+=("--$kind" "$word")
      kind=''
    elif [[ $word == -* ]]; then
      _lamplighter_value "$command" "$word"
    elif [[ -z $command ]]; then
      command=$word
    else
      place=$((place + 1))
    fi
  done

  if [[ -z $kind && $cur == -* ]]; then
    case $command in
${commands.map(({ name, options }) => `      ${name}) values=(${[...options.map(({ long }) => long), '--help'].join(' ')}) ;;`).join('\n')}
      *) values=(--help --version) ;;
    esac
  elif [[ -z $kind && -z $command ]]; then
    values=(${[...commands.map(({ name }) => name), 'help'].join(' ')})
  else
    [[ -n $kind ]] || _lamplighter_word "$command" "$place"
    case $kind in
      config | file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
      ext | id | vendor) mapfile -t values < <("\${COMP_WORDS[0]}" complete "$kind" "\${ask[@]}" 2>/dev/null) ;;
      =*) read -ra values <<<"\${kind#=}" ;;
    esac
  fi
  for word in "\${values[@]}"; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$word")
  done
  return 0
}

# kind: what the value of an option is
_lamplighter_value() {
  case "$1 $2" in
${commands.flatMap(valueCases).join('\n')}
  esac
}

# kind: what the argument at this place is
_lamplighter_word() {
  case "$1 $2" in
${commands.flatMap(wordCases).join('\n')}
    help\\ 0) kind='=${commands.map(({ name }) => name).join(' ')}' ;;
  esac
}

complete -F _lamplighter lamplighter
`;
}

function valueCases({ name, options }: CommandNode): readonly string[] {
  return options.flatMap(({ short, long, value, choices }) => {
    if (value === null) return [];
    const flags = [long, ...(short === null ? [] : [short])].map((flag) => `${name}\\ ${flag}`);
    return [`    ${flags.join(' | ')}) kind='${kindOf({ long, value, choices })}' ;;`];
  });
}

function wordCases({ name, words }: CommandNode): readonly string[] {
  return words.map((word, place) => {
    const at = word.many ? '*' : String(place);
    return `    ${name}\\ ${at}) kind='${wordKind(word)}' ;;`;
  });
}

/** Of what kind the value of an option is; `=a b`: one of these, `any`: nobody knows. */
export function kindOf({ long, value, choices }: Pick<OptionNode, 'long' | 'value' | 'choices'>): string {
  if (choices.length > 0) return `=${choices.join(' ')}`;
  if (long === '--config' || long === '--url') return long.slice(2);
  return value !== null && kinds.has(value) ? value : 'any';
}

/** The same of an argument. */
export function wordKind({ name, choices }: Pick<WordNode, 'name' | 'choices'>): string {
  if (choices.length > 0) return `=${choices.join(' ')}`;
  // where a forward goes is an extension as a rule
  return name === 'target' ? 'ext' : kinds.has(name) ? name : 'any';
}

const kinds = new Set(['ext', 'id', 'vendor', 'file']);
