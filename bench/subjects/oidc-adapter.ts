import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider'
import type { Pool } from 'pg'

interface Row {
  payload: AdapterPayload
  consumed: boolean
}

/** Makes the adapter's table. The provider sets only few of the references, so only those are in the indexes. */
export async function createOidcTable (pool: Pool): Promise<void> {
  await pool.query(`
    CREATE TABLE oidc_payloads (
      model text NOT NULL,
      id text NOT NULL,
      payload jsonb NOT NULL,
      grant_id text,
      user_code text,
      uid text,
      expires_at timestamptz,
      consumed_at timestamptz,
      PRIMARY KEY (model, id)
    ) WITH (fillfactor = 80);
    CREATE INDEX ON oidc_payloads (grant_id) WHERE grant_id IS NOT NULL;
    CREATE INDEX ON oidc_payloads (user_code) WHERE user_code IS NOT NULL;
    CREATE INDEX ON oidc_payloads (uid) WHERE uid IS NOT NULL`)
}

/**
 * oidc-provider's documented way to Postgres: an adapter for each model, every call one statement that each
 * connection prepares once. As in its example adapters it is the provider that looks at when things expire.
 */
export function oidcAdapter (pool: Pool): AdapterFactory {
  async function find (name: string, column: string, values: string[]): Promise<AdapterPayload | undefined> {
    const { rows: [row] } = await pool.query<Row>({
      name,
      text: `
        SELECT payload, consumed_at IS NOT NULL AS consumed FROM oidc_payloads
        WHERE model = $1 AND ${column} = $2`,
      values
    })
    return row?.consumed === true ? { ...row.payload, consumed: true } : row?.payload
  }

  async function run (name: string, text: string, values: unknown[]): Promise<void> {
    await pool.query({ name, text, values })
  }

  return (model): Adapter => ({
    upsert: (id, payload, expiresIn) => run('upsert', `
      INSERT INTO oidc_payloads (model, id, payload, grant_id, user_code, uid, expires_at)
      VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))
      ON CONFLICT (model, id) DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id,
        user_code = excluded.user_code, uid = excluded.uid, expires_at = excluded.expires_at`,
    [model, id, JSON.stringify(payload), payload.grantId, payload.userCode, payload.uid, expiresIn]),

    find: id => find('find', 'id', [model, id]),
    findByUserCode: userCode => find('find-by-user-code', 'user_code', [model, userCode]),
    findByUid: uid => find('find-by-uid', 'uid', [model, uid]),

    consume: id => run('consume',
      'UPDATE oidc_payloads SET consumed_at = now() WHERE model = $1 AND id = $2', [model, id]),
    destroy: id => run('destroy', 'DELETE FROM oidc_payloads WHERE model = $1 AND id = $2', [model, id]),
    revokeByGrantId: grantId => run('revoke-by-grant-id',
      'DELETE FROM oidc_payloads WHERE model = $1 AND grant_id = $2', [model, grantId])
  })
}
