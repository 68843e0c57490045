-- Why: a connection that is down fails with the same words every few minutes. Equal errors (one tenant, one cause, one
-- resource) are one line with a count, and the count is kept, because counting reads every row. Written when an error is
-- recorded, which is seldom; a refresh that goes well never comes here.
create table msal_error_folds (
  tenant_id uuid not null references tenants,
  category text not null,
  resource text not null,
  -- Errors of it that are still recorded.
  errors bigint not null,
  -- Every AADSTS number that stood for it.
  codes integer[] not null,
  -- The first ever, even when its record is past retention; and the last.
  first_id bigint not null,
  first_at timestamptz not null,
  last_id bigint not null,
  last_at timestamptz not null,
  primary key (tenant_id, category, resource)
) with (fillfactor = 80);
create index msal_error_folds_last_idx on msal_error_folds (last_id desc);
create index msal_error_folds_tenant_idx on msal_error_folds (tenant_id, last_id desc);
create index msal_error_folds_category_idx on msal_error_folds (category, last_id desc);
create index msal_error_folds_codes_idx on msal_error_folds using gin (codes);

insert into msal_error_folds
select tenant_id, category, resource, count(*), coalesce(array_agg(distinct code) filter (where code is not null), '{}'),
  min(id), (array_agg(at order by id))[1], max(id), (array_agg(at order by id desc))[1]
from msal_errors group by tenant_id, category, resource;

create function fold_msal_errors() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into msal_error_folds as f (tenant_id, category, resource, errors, codes, first_id, first_at, last_id, last_at)
  select tenant_id, category, resource, count(*), coalesce(array_agg(distinct code) filter (where code is not null), '{}'),
    min(id), (array_agg(at order by id))[1], max(id), (array_agg(at order by id desc))[1]
  from added group by tenant_id, category, resource order by tenant_id, category, resource
  on conflict (tenant_id, category, resource) do update set
    errors = f.errors + excluded.errors,
    codes = case when f.codes @> excluded.codes then f.codes
      else array(select distinct unnest(f.codes || excluded.codes) order by 1) end,
    last_at = case when excluded.last_id > f.last_id then excluded.last_at else f.last_at end,
    last_id = greatest(f.last_id, excluded.last_id);
  return null;
end
$$;
create trigger msal_errors_fold after insert on msal_errors referencing new table as added
  for each statement execute function fold_msal_errors();
revoke execute on function fold_msal_errors() from public;

grant select on msal_error_folds to portal_web, portal_backup;
