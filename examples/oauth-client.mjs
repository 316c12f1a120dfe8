// What a service does with a user's token, with an OAuth client library: introspection and token exchange.
//
//   KEYTURN_URL=http://localhost:3000 CLIENT_ID=… CLIENT_SECRET=… node oauth-client.mjs USERS_TOKEN
import * as oauth from 'oauth4webapi'

const { KEYTURN_URL, CLIENT_ID, CLIENT_SECRET } = process.env
const [, , token] = process.argv

// Plain HTTP, for localhost; remove this where KEYTURN_URL is https.
const options = { [oauth.allowInsecureRequests]: true }
const issuer = new URL(KEYTURN_URL)
const client = { client_id: CLIENT_ID }
const authentication = oauth.ClientSecretBasic(CLIENT_SECRET)
const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'

const server = await oauth.processDiscoveryResponse(
  issuer, await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oauth2' }))

async function introspect (token) {
  return await oauth.processIntrospectionResponse(
    server, client, await oauth.introspectionRequest(server, client, authentication, token, options))
}

const user = await introspect(token)
console.log(user.active ? `${user.username} until ${new Date(user.exp * 1000).toISOString()}` : 'no valid token')

if (user.active) {
  const traded = await oauth.processGenericTokenEndpointResponse(server, client,
    await oauth.genericTokenEndpointRequest(server, client, authentication, tokenExchange, {
      subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      scope: 'sessions:read'
    }, options))
  console.log(`a token with scope ${traded.scope}, for ${(await introspect(traded.access_token)).aud} only`)
}
