drop table api_replies;
