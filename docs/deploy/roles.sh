#!/usr/bin/env bash
# Makes Tenantry's roles on a Postgres that is not the private one. Run once as superuser; in the compose file it runs by
# itself on the database's first start. The passwords come from files, never from the environment.
set -euo pipefail

password() { tr -d '\r\n' <"/run/secrets/$1_password"; }

psql -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname "${POSTGRES_DB:-tenantry}" \
  -v migrate="$(password migrate)" -v web="$(password web)" -v keeper="$(password keeper)" -v ops="$(password ops)" <<'SQL'
create role portal_owner nologin;
grant pg_read_all_stats to portal_owner;
create role portal_migrate login password :'migrate' in role portal_owner;
create role portal_web login password :'web';
create role portal_keeper login password :'keeper';
create role portal_ops login password :'ops';
create role portal_backup nologin bypassrls;
alter role portal_ops set default_transaction_read_only = on;
alter database tenantry owner to portal_owner;
alter schema public owner to portal_owner;
SQL
