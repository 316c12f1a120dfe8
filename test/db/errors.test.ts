import t from 'tap'
import { violatedConstraint } from '../../src/db/errors.js'

const failure = (code: string, message: string, more: object = {}) =>
  Object.assign(new Error(message), { code, ...more })

t.test('the constraint that a statement violated has the same name on one server and on several', async t => {
  const one = failure('23505', 'duplicate key value violates unique constraint "clients_own_audience"', {
    constraint_name: 'clients_own_audience'
  })
  const several = failure('23505', 'duplicate key value violates unique constraint "clients_own_audience_102048"')
  t.equal(violatedConstraint(one), 'clients_own_audience')
  t.equal(violatedConstraint(several), 'clients_own_audience')
  t.equal(violatedConstraint(failure('23503', 'insert or update on table "sessions_102017" violates foreign key ' +
    'constraint "sessions_account_id_accounts_id_fk_102017"')), 'sessions_account_id_accounts_id_fk')
})

t.test('another failure violates none', async t => {
  t.equal(violatedConstraint(failure('23502', 'null value in column "email"')), null)
  t.equal(violatedConstraint(failure('42P01', 'constraint "x" is not there')), null)
  t.equal(violatedConstraint('constraint "x"'), null)
})
