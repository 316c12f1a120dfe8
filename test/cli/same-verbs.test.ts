import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import t from 'tap'
import { createProgram } from '../../src/cli/program.js'
import { readDocument } from '../support/matches-openapi.js'

/** The rows of the table in docs/admin.md: what is in code quotes on each side. */
async function documentedVerbs (): Promise<{ commands: string[], routes: string[] }> {
  const guide = await readFile(new URL('../../docs/admin.md', import.meta.url), 'utf8')
  const section = guide.split(/^## /m).find(part => part.startsWith('By command')) ?? ''
  const rows = [...section.matchAll(/^\| (`.*) \| (.*) \|$/gm)]
  const quoted = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, inside = '']) => inside)
  const cells = (side: 1 | 2) => rows.flatMap(row => side === 2 && row[2]?.startsWith('none') === true
    ? []
    : quoted(row[side] ?? ''))
  return { commands: cells(1), routes: cells(2) }
}

function leavesOf (command: Command, path: string[] = []): string[] {
  if (command.commands.length === 0) return [path.join(' ')]
  return command.commands.flatMap(each => leavesOf(each, [...path, each.name()]))
}

t.test('every command has its route of contract admin, or a reason for none, and every route its command', async t => {
  const { commands, routes } = await documentedVerbs()
  t.same(commands.toSorted(), leavesOf(createProgram({})).toSorted())
  const served = Object.entries(readDocument('admin').paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`))
  t.same(routes.toSorted(), served.toSorted())
})

t.test('every command that changes something takes a reason, and all but a few print JSON', async t => {
  const program = createProgram({})
  const optionsOf = (path: string) => path.split(' ')
    .reduce((command, name) => command.commands.find(each => each.name() === name) ?? command, program)
    .options.map(({ long }) => long)
  const changing = [
    'account add', 'account update', 'account subscription', 'account delete', 'account disable', 'account enable',
    'account send-reset', 'account require-reset', 'account set-password', 'session revoke', 'client add',
    'client update', 'client rotate-secret', 'client remove', 'key rotate'
  ]
  for (const path of changing) t.ok(optionsOf(path).includes('--reason'), path)
  const withoutJson = leavesOf(program).filter(path => !optionsOf(path).includes('--json'))
  t.same(withoutJson.toSorted(), ['account export', 'account personal-data', 'completion', 'help', 'openapi', 'serve'],
    'the first two print JSON anyway')
})
