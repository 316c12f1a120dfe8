import t from 'tap'
import { paths, prose, read } from '../support/documents.js'

const [readme, design] = await Promise.all(['src/core/', 'docs/'].map(async folder =>
  (await read([folder], ['.md'])).find(({ path }) => ['src/core/README.md', 'docs/design.md'].includes(path))))

/** The rows of a document's tables of rooms: the first cell is a room, the second may name its files. */
const rows = (document: typeof readme) => prose(document ?? { path: '', text: '' }).flatMap(({ text }) => {
  const [, room, rest = ''] = /^\| `([a-z-]+)` \| (.*) \|$/.exec(text) ?? []
  return room === undefined ? [] : [{ room, files: [...rest.matchAll(/`([\w-]+\.ts)`/g)].map(([, file]) => file) }]
})

const folders = paths.filter(path => /^src\/core\/[a-z-]+$/.test(path)).map(path => path.slice('src/core/'.length))
const rooms = rows(readme).map(({ room }) => room)
const files = rows(design).filter(({ files }) => files.length > 0)

t.test('src/core/README.md has every room of the core, and no other', async t => {
  t.same([...rooms].sort(), folders.sort())
})

t.test('docs/design.md has the same rooms in the same order', async t => {
  t.same(files.map(({ room }) => room), rooms)
  const text = design?.text.replaceAll(/\s+/g, ' ') ?? ''
  t.ok(text.includes(rooms.map(room => `\`${room}\``).join(', ')), 'in its list, too')
})

t.test('docs/design.md names files of a room that are in its folder', async t => {
  const named = files.flatMap(({ room, files }) => files.map(file => `src/core/${room}/${file}`))
  t.ok(named.length > 30)
  t.same(named.filter(path => !paths.includes(path)), [])
})
