-- Why: after a restore the audit log goes on from an earlier state, and checkpoints kept elsewhere vouch for rows that are
-- gone. A signed checkpoint says that this was a restore.
alter table audit_checkpoints drop constraint audit_checkpoints_kind_check;
alter table audit_checkpoints add constraint audit_checkpoints_kind_check check (kind in ('periodic', 'closing', 'restored'));
