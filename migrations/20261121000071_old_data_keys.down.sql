drop function fingerprint_by(bytea);
