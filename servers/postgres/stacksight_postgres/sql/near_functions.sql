-- $1: the name asked for
SELECT DISTINCT p.proname FROM pg_proc AS p
WHERE p.prorettype <> 'trigger'::regtype AND left(p.proname, 1) = left($1, 1)
LIMIT 20000
