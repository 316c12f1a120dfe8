import { customType } from 'drizzle-orm/pg-core'

/** A column of bytes. */
/* c8 ignore next */
export const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
