alter table api_replies drop column location, drop column etag;
