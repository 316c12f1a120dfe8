import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mailPlaceholders, type OutgoingMail } from '../core/mail/mail.js'
import { mailKinds, type MailKind } from '../db/stored-values.js'

/** A mail as it is read. */
export interface RenderedMail {
  subject: string
  text: string
  html: string
}

export interface TemplatesOptions {
  /** A folder whose files take the place of those that ship, each by its name. */
  folder: string | undefined
  /** What `{{service}}` stands for. */
  service: string
}

/** A template that cannot be used, with its file and what to do. */
export class TemplateError extends Error {}

/** From `src/mail/` and from `dist/mail/` alike. */
const shipped = fileURLToPath(new URL('../../src/mail/templates/', import.meta.url))

const placeholder = /{{(\w+)}}/g
const subjectLine = /^Subject: (.+)\r?\n\s*\n/

type Fill = (values: OutgoingMail['values']) => string

/**
 * Reads the templates once: of each kind of mail a text, whose first line is the subject, and a page of HTML.
 * @throws TemplateError for a folder that is none, a file without a subject, a placeholder that nothing fills
 */
export function loadTemplates ({ folder, service }: TemplatesOptions) {
  if (folder !== undefined && statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new TemplateError(`MAIL_TEMPLATES names ${folder}, which is no folder`)
  }

  function read (kind: MailKind, extension: 'txt' | 'html'): { path: string, text: string } {
    const name = `${kind}.${extension}`
    const own = folder === undefined ? undefined : join(folder, name)
    const path = own !== undefined && existsSync(own) ? own : join(shipped, name)
    const text = readFileSync(path, 'utf8')
    const known: readonly string[] = [...mailPlaceholders[kind], 'service']
    const unknown = [...text.matchAll(placeholder)].map(([, name = '']) => name).find(name => !known.includes(name))
    if (unknown !== undefined) {
      throw new TemplateError(`${path} has {{${unknown}}}, which nothing fills; there are ${known.join(', ')}`)
    }
    return { path, text }
  }

  const filler = (text: string, encode: (value: string) => string): Fill => values =>
    text.replaceAll(placeholder, (_, name: string) => encode(String({ ...values, service }[name])))

  function compile (kind: MailKind): (values: OutgoingMail['values']) => RenderedMail {
    const { path, text } = read(kind, 'txt')
    const [lines, subject = ''] = subjectLine.exec(text) ?? []
    if (lines === undefined) throw new TemplateError(`${path} does not begin with "Subject: …" and an empty line`)
    const fillSubject = filler(subject, toLine)
    const fillText = filler(text.slice(lines.length), toLine)
    const fillHtml = filler(read(kind, 'html').text, escapeHtml)
    return values => ({ subject: fillSubject(values), text: fillText(values), html: fillHtml(values) })
  }

  const templates = Object.fromEntries(mailKinds.map(kind => [kind, compile(kind)])) as
    Record<MailKind, ReturnType<typeof compile>>
  return ({ kind, values }: Pick<OutgoingMail, 'kind' | 'values'>): RenderedMail => templates[kind](values)
}

export type Render = ReturnType<typeof loadTemplates>

/** Without what could begin another line, of a header least of all. */
function toLine (value: string): string {
  return value.replaceAll(/\p{C}/gu, '')
}

function escapeHtml (value: string): string {
  return toLine(value).replaceAll(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
