import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { contracts, type ContractName } from '../../contracts/index.js'
import type { Contract } from '../../http/contract.js'
import { describeRoute, type RouteSchema } from '../describe-route.js'
import { nameSchemas, type SchemaDocument } from '../name-schemas.js'
import { version } from '../../version.js'

type Names = readonly [ContractName, ...ContractName[]]

/** The OpenAPI document of a listener at /openapi.json, made from its routes. */
export async function registerSwagger (app: FastifyInstance, names: Names, title: string): Promise<void> {
  const [first] = names
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title,
        version,
        description: names.map(name => `${contracts[name].description}.`).join(' '),
        license: { name: 'MIT', identifier: 'MIT' }
      },
      // A route that requires credentials declares it itself.
      security: [],
      servers: [{ url: '/' }],
      components: { securitySchemes: securitySchemes(names) },
      tags: names.map(name => ({ name, description: contracts[name].description }))
    },
    transform: ({ schema, url }) =>
      ({ schema: schema.hide === true ? schema : describeRoute(schema as RouteSchema, first), url }),
    transformObject: document => nameSchemas((document as { openapiObject: SchemaDocument }).openapiObject, first)
  })
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
}

type SecurityScheme =
  | { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' | 'opaque', description: string }
  | { type: 'http', scheme: 'basic', description: string }
  | { type: 'apiKey', in: 'cookie', name: string, description: string }

/** The credentials of the clients of these contracts. */
function securitySchemes (names: Names): Record<string, SecurityScheme> {
  return Object.assign({}, ...names.map(name => schemesOf(contracts[name]))) as Record<string, SecurityScheme>
}

function schemesOf ({ credentials: { bearer, cookie, client, operator } }: Contract): Record<string, SecurityScheme> {
  return {
    ...(bearer === true && {
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'An access token (RFC 6750)' }
    }),
    ...(cookie !== undefined && {
      [cookie]: { type: 'apiKey', in: 'cookie', name: cookie, description: 'An access token, as sign-in sets it' }
    }),
    ...(operator === true && {
      operator: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'opaque',
        description: 'The admin token, or an access token that a client with scopes for it got with the grant ' +
          '`client_credentials`'
      }
    }),
    ...(client === true && {
      client_secret_basic: {
        type: 'http',
        scheme: 'basic',
        description: 'The id and secret of the client (RFC 6749 2.3.1). In the body instead: `client_id` and ' +
          '`client_secret` (client_secret_post), or `client_assertion` and `client_assertion_type` (private_key_jwt).'
      },
      client_token: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: 'An access token of the client itself, which it got with the grant `client_credentials` (RFC 6750)'
      }
    })
  }
}
