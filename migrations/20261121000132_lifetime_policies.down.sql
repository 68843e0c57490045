drop table lifetime_policies;
