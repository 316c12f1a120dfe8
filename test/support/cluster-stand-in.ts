import type { Sql } from 'postgres'

/**
 * Gives a database what Keyturn asks of Citus, as far as one server can have it: the catalogs, and functions that note
 * in them what they were asked for. The real ones are used where TEST_CITUS_URL names a cluster.
 */
export async function standInForCitus (sql: Sql, { servers }: { servers: number }): Promise<void> {
  await sql.unsafe(`
    CREATE TABLE pg_dist_partition (logicalrelid regclass PRIMARY KEY, partkey text, colocated_with text);
    CREATE TABLE pg_dist_node (isactive boolean NOT NULL, shouldhaveshards boolean NOT NULL);
    CREATE TABLE freed (logicalrelid regclass);
    CREATE FUNCTION create_distributed_table(name regclass, key text, colocate_with text) RETURNS void LANGUAGE sql AS
      'INSERT INTO pg_dist_partition VALUES (name, key, colocate_with)';
    CREATE FUNCTION create_reference_table(name regclass) RETURNS void LANGUAGE sql AS
      'INSERT INTO pg_dist_partition VALUES (name, NULL, NULL)';
    CREATE FUNCTION truncate_local_data_after_distributing_table(name regclass) RETURNS void LANGUAGE sql AS
      'INSERT INTO freed VALUES (name)';
    INSERT INTO pg_dist_node VALUES (true, false);
    INSERT INTO pg_dist_node SELECT true, true FROM generate_series(1, ${servers});`).simple()
}
