import t from 'tap'
import type postgres from 'postgres'
import { isAddress, parseAddresses, serverName } from '../../src/db/address.js'
import { connect } from '../../src/db/client.js'
import { postgresDatabase } from '../support/test-database.js'

t.test('a connection URI is read in every form of libpq', async t => {
  for (const [uri, address] of [
    ['postgres://u:p@db:5433/k?sslmode=require', { url: 'postgres://u:p@db:5433/k?sslmode=require' }],
    ['postgres://u@/k?host=/run/pg', { url: 'postgres://u@localhost/k', host: '/run/pg' }],
    ['postgresql:///k?host=/run/pg&port=5433&user=u&password=p%25', {
      url: 'postgresql://localhost/k', host: '/run/pg', port: 5433, user: 'u', password: 'p%'
    }],
    ['postgres://u@%2Frun%2Fpg:5433/k', { url: 'postgres://u@localhost:5433/k', host: '/run/pg' }],
    ['postgres://u@?host=/run/pg&dbname=k', { url: 'postgres://u@localhost', host: '/run/pg', database: 'k' }],
    ['postgres://u@[::1]/k', { url: 'postgres://u@[::1]/k' }]
  ] as const) {
    t.equal(isAddress(uri), true)
    t.same(parseAddresses(uri), [address], uri)
  }
  for (const text of ['postgres://u@host:port/k', '/run/pg', 'redis://host', '']) t.equal(isAddress(text), false)
})

t.test('a connection URI may name several servers, in every form of libpq', async t => {
  for (const [uri, addresses] of [
    ['postgres://u:p@a:5433,b/k?sslmode=require&target_session_attrs=read-write', [
      { url: 'postgres://u:p@a:5433/k?sslmode=require' }, { url: 'postgres://u:p@b/k?sslmode=require' }
    ]],
    ['postgres://u@[::1]:5433,10.0.0.1/k?target_session_attrs=primary', [
      { url: 'postgres://u@[::1]:5433/k' }, { url: 'postgres://u@10.0.0.1/k' }
    ]],
    ['postgres://u@%2Frun%2Fa,%2Frun%2Fb:5433/k', [
      { url: 'postgres://u@localhost/k', host: '/run/a' }, { url: 'postgres://u@localhost:5433/k', host: '/run/b' }
    ]],
    ['postgres:///k?host=/run/a,b&port=5433,5434&user=u', [
      { url: 'postgres://localhost/k', host: '/run/a', port: 5433, user: 'u' },
      { url: 'postgres://localhost/k', host: 'b', port: 5434, user: 'u' }
    ]],
    ['postgres:///k?host=a,b&port=5433', [
      { url: 'postgres://localhost/k', host: 'a', port: 5433 }, { url: 'postgres://localhost/k', host: 'b', port: 5433 }
    ]]
  ] as const) {
    t.equal(isAddress(uri), true)
    t.same(parseAddresses(uri), addresses, uri)
  }
  t.same(parseAddresses('postgres://u:p@a:5433,[::1],%2Frun%2Fa/k?sslmode=require').map(serverName),
    ['a:5433', '[::1]:5432', '/run/a:5432'], 'and can be named without a password')
  for (const text of [
    'postgres:///k?host=a&port=x', 'postgres:///k?host=a,b,c&port=1,2', 'postgres://a,b/k?host=/run/a', 'postgres://a,b:x/k',
    'postgres://a,b/k?target_session_attrs=standby', 'postgres://a,b/k?target_session_attrs=any'
  ]) t.equal(isAddress(text), false, text)
})

t.test('a Unix socket is connected to by its folder', async t => {
  const url = new URL(await postgresDatabase(t))
  const [{ folder }] = await ask<{ folder: string }>(url.href, 'SELECT setting AS folder FROM pg_settings' +
    " WHERE name = 'unix_socket_directories'")
  const { username, port, pathname } = url
  const socket = encodeURIComponent(folder)
  for (const uri of [
    `postgres://${username}@/${pathname.slice(1)}?host=${socket}&port=${port}`,
    `postgres://${username}@${socket}:${port}${pathname}`
  ]) t.same(await ask(uri, 'SELECT inet_server_addr() AS address'), [{ address: null }], 'not over TCP')
})

async function ask<Row extends postgres.Row> (url: string, statement: string): Promise<[Row]> {
  const sql = connect({ url }, { max: 1 })
  return sql.unsafe<[Row]>(statement).finally(() => sql.end())
}
