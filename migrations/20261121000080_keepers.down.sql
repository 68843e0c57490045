drop table keepers;
