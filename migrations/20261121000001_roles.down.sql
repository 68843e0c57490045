-- Roles belong to the cluster and may serve another database: only what this database granted is taken back.
revoke usage on schema public from portal_web, portal_keeper, portal_ops, portal_backup;
