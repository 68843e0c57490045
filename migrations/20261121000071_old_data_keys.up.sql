-- Why: an old data key is destroyed when nothing names it, and a fingerprint names its data key in its first sixteen bytes.
create function fingerprint_by(fingerprint bytea) returns uuid language sql immutable strict parallel safe
  return encode(substring(fingerprint from 1 for 16), 'hex')::uuid;
grant execute on function fingerprint_by(bytea) to portal_keeper;
