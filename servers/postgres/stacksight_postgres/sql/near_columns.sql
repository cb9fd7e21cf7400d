-- $1: names of relations
SELECT DISTINCT a.attname
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
WHERE c.relname = ANY ($1::text[]) AND a.attnum > 0 AND NOT a.attisdropped
LIMIT 20000
