import { readdir, readFile } from 'node:fs/promises'
import { extname } from 'node:path'

export const root = new URL('../../', import.meta.url)

/** A text of the repository, under its path from the root. */
export interface File {
  path: string
  text: string
}

/** A line of a file. */
export interface Line {
  path: string
  number: number
  text: string
}

const folders = [
  '.github', 'bench', 'bin', 'deploy', 'docs', 'drizzle', 'examples', 'openapi', 'packages', 'src', 'test'
]
/** Made by a test from the OpenAPI documents, or built. */
const generated = /^(?:test\/generated-clients\/generated\/|packages\/\w+\/(?:dist|node_modules)\b)/

/** The path of every file, without what is installed, built or generated. */
export const paths: readonly string[] = await list()

async function list (): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true })
  const top = entries.filter(entry => entry.isFile()).map(({ name }) => name)
  const nested = await Promise.all(folders.map(async folder =>
    (await readdir(new URL(folder, root), { recursive: true })).map(path => `${folder}/${path}`)))
  return [...top, ...folders, ...nested.flat()].filter(path => !generated.test(path))
}

/** Reads the files under these folders, or at the root (`''`), whose names end in one of the extensions. */
export function read (under: readonly string[], extensions: readonly string[]): Promise<File[]> {
  const isUnder = (path: string) => under.some(folder => folder === '' ? !path.includes('/') : path.startsWith(folder))
  return Promise.all(paths.filter(path => isUnder(path) && extensions.includes(extname(path)))
    .map(async path => ({ path, text: await readFile(new URL(path, root), 'utf8') })))
}

/** Every Markdown document. */
export const readDocuments = () => read(['', 'bench/', 'docs/', 'examples/', 'packages/', 'src/'], ['.md'])

export function linesOf ({ path, text }: File): Line[] {
  return text.split('\n').map((line, index) => ({ path, number: index + 1, text: line }))
}

/** The lines of a document that are not in a code block. */
export function prose (document: File): Line[] {
  let inCode = false
  return linesOf(document).filter(({ text }) => {
    const isFence = text.trimStart().startsWith('```')
    if (isFence) inCode = !inCode
    return !inCode && !isFence
  })
}

/** A whole line of a comment, or one that follows code; a URL is not a comment. */
const comment = /^\s*(?:\/\*+|\*|\/\/|#)(.*)|(?:^|\s)\/\/ (.*)|\/\*\*? (.*)\*\//

/** The comments of a program, line by line. */
export function commentsOf (program: File): Line[] {
  return linesOf(program).flatMap(line => {
    const [match, whole, after, inline] = comment.exec(line.text) ?? []
    return match === undefined ? [] : [{ ...line, text: whole ?? after ?? inline ?? '' }]
  })
}

/** Names a place as editors and compilers do. */
export const placeOf = ({ path, number }: Line) => `${path}:${number}`
