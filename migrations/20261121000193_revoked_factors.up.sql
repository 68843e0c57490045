-- Why: a factor that somebody lost and took away must not come back with a backup, nor an account of the provider of single
-- sign-on that was untied. (Recovery codes need no lines: a restore ends all of them.)
create trigger technician_factors_removed after delete on technician_factors for each row
  when (old.confirmed_at is not null) execute function note_revocation('factor');
create trigger technician_sign_ons_untied after delete on technician_sign_ons for each row
  execute function note_revocation('sign_on', 'technician_id', 'linked_at');
