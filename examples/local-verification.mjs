// A service that verifies Keyturn's access tokens locally, and still refuses an ended session within a second.
//
//   KEYTURN_URL=http://localhost:3000 CLIENT_ID=… CLIENT_SECRET=… PORT=4000 node local-verification.mjs
import { createServer } from 'node:http'
import { keyturn } from '@keyturn/partner/express'

const { KEYTURN_URL: issuer, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret, PORT: port } = process.env
const auth = keyturn({ issuer, clientId, clientSecret, onError: error => console.error(error.message) })

const server = createServer((request, response) => {
  auth.authenticate(request, response, () => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ hello: request.account.email }))
  })
})
server.listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
