import t from 'tap'
import { nameSchemas, type SchemaDocument } from '../../src/server/name-schemas.js'

const json = (schema: object) => ({ content: { 'application/json': { schema: { ...schema } } } })
const operation = (contract: string, schema: object, more: object = {}) =>
  ({ tags: [contract], responses: { 200: json(schema) }, ...more })
const user = { type: 'object', title: 'User', properties: { title: { type: 'string', format: 'line' } } }
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })

t.test('a schema with a title becomes a component, wherever it is', async t => {
  const { paths, components } = nameSchemas({
    paths: {
      '/a': {
        get: operation('partner', { type: 'array', items: user }, {
          requestBody: json({ anyOf: [user, { type: 'null' }] })
        }),
        put: { tags: ['partner'], responses: { 204: { description: 'Done' }, 200: { content: { 'text/plain': {} } } } }
      }
    }
  }, 'partner')
  t.same(paths?.['/a']?.get?.responses['200'], json({ type: 'array', items: ref('User') }))
  t.same(paths?.['/a']?.get?.requestBody, { ...json({ anyOf: [ref('User'), { type: 'null' }] }), required: true })
  t.same(paths?.['/a']?.put?.responses, { 200: { content: { 'text/plain': {} } }, 204: { description: 'Done' } })
  t.same(components?.schemas, { User: { type: 'object', properties: { title: { type: 'string' } } } },
    'without its title, and without a format that only the server knows')
})

t.test('a name that two contracts use is preceded by the contract', async t => {
  const { paths, components } = nameSchemas({
    paths: { '/a': { get: operation('spa', user), put: operation('web', { ...user, required: ['title'] }) } }
  }, 'spa')
  t.same(paths?.['/a']?.put?.responses['200'], json(ref('WebUser')))
  t.same(Object.keys(components?.schemas ?? {}), ['SpaUser', 'WebUser'])
})

t.test('what Node refuses has the shape of the first contract', async t => {
  const responses = { 200: json(user), 431: json({ type: 'object', title: 'Error' }) }
  const { components } = nameSchemas({
    paths: { '/a': { get: { tags: ['web'], responses }, put: operation('web', { type: 'string', title: 'Error' }) } }
  }, 'spa')
  t.same(components?.schemas, {
    SpaError: { type: 'object' },
    User: { type: 'object', properties: { title: { type: 'string' } } },
    WebError: { type: 'string' }
  })
})

t.test('two schemas of one contract with one title are an error', async t => {
  const paths: SchemaDocument['paths'] = {
    '/a': { get: operation('web', user), put: operation('web', { type: 'string', title: 'User' }) }
  }
  t.throws(() => nameSchemas({ paths }, 'web'), { message: 'web has two schemas named "User"' })
})

t.test('a document without paths has no schemas', async t => {
  t.same(nameSchemas({}, 'web'), { paths: {}, components: { schemas: {} } })
})
