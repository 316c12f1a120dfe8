import { Argument, Command } from 'commander'
import { print } from './output.js'

const shells = ['bash', 'zsh', 'fish'] as const

type Shell = typeof shells[number]

/** What can follow a command: its commands and options. */
interface Completion {
  /** As `account add`; empty for the program itself. */
  path: string
  words: string[]
}

/** `keyturn completion`: prints what a shell needs to complete the command line. */
export function completionCommand (program: Command): Command {
  return new Command('completion').description('print completions for a shell: source <(keyturn completion bash)')
    .addArgument(new Argument('<shell>').choices(shells))
    .action((shell: Shell) => print(scripts[shell](completionsOf(program))))
}

function completionsOf (command: Command, path: string[] = []): Completion[] {
  const names = command.commands.map(each => each.name())
  const options = command.options.map(({ long }) => String(long))
  return [
    { path: path.join(' '), words: [...names, ...options, '--help'] },
    ...command.commands.flatMap(each => completionsOf(each, [...path, each.name()]))
  ]
}

/* eslint-disable no-template-curly-in-string -- what a shell expands */

/** Bash 4.0 or later; names and options have no characters that a shell reads. */
function bash (completions: Completion[]): string {
  const table = completions.map(({ path, words }) => `  ['/${path}']='${words.join(' ')}'`)
  return [
    'declare -A _keyturn_words=(', ...table, ')',
    '_keyturn () {',
    '  local path="" word',
    '  for word in "${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do',
    '    [[ -n "${_keyturn_words[/${path:+$path }$word]}" ]] && path="${path:+$path }$word"',
    '  done',
    '  COMPREPLY=($(compgen -o default -W "${_keyturn_words[/$path]}" -- "${COMP_WORDS[COMP_CWORD]}"))',
    '}',
    'complete -o default -F _keyturn keyturn'
  ].join('\n')
}

/* eslint-enable no-template-curly-in-string */

/** Zsh takes Bash's completions; arrays begin at 0 in its emulation of them. */
const zsh = (completions: Completion[]): string =>
  ['autoload -Uz compinit bashcompinit && compinit -u && bashcompinit', bash(completions)].join('\n')

function fish (completions: Completion[]): string {
  const paths = completions.map(({ path }) => path).filter(path => path !== '')
  return [
    `set -g __keyturn_paths ${paths.map(path => `'${path}'`).join(' ')}`,
    'function __keyturn_path',
    "  set -l path ''",
    '  for word in (commandline -opc)[2..-1]',
    '    set -l longer (string trim -- "$path $word")',
    '    contains -- $longer $__keyturn_paths; and set path $longer',
    '  end',
    '  echo $path',
    'end',
    ...completions.map(({ path, words }) =>
      `complete -c keyturn -n 'test (__keyturn_path) = "${path}"' -a '${words.join(' ')}'`)
  ].join('\n')
}

const scripts: Record<Shell, (completions: Completion[]) => string> = { bash, zsh, fish }
