import { Command } from 'commander'

/** `keyturn help account add`: the help of a command, however deep; commander's own stops at the first word. */
export function helpCommand (program: Command): Command {
  return new Command('help').argument('[command...]').description('show the help of a command')
    .action((names: string[]) => {
      let command = program
      for (const name of names) {
        const next = command.commands.find(each => each.name() === name)
        if (next === undefined) program.error(`error: unknown command '${names.join(' ')}'`)
        else command = next
      }
      command.outputHelp()
    })
}
