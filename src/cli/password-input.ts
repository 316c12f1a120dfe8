import { text } from 'node:stream/consumers'
import password from '@inquirer/password'

/** Reads a password from a prompt, or all of standard input without its last line end; never from an argument. */
export async function readPassword ({ passwordStdin = false }: { passwordStdin?: boolean }): Promise<string> {
  if (passwordStdin) return (await text(process.stdin)).replace(/\r?\n$/, '')
  if (!process.stdin.isTTY) throw new Error('there is no terminal to ask for the password; use --password-stdin')
  return password({ message: 'Password', mask: true })
}
