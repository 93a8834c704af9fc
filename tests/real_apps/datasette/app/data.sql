CREATE TABLE fruit (name TEXT, kilos INTEGER);
INSERT INTO fruit VALUES ('apples', 12), ('pears', 30);
CREATE TABLE wages (name TEXT, euros INTEGER);
INSERT INTO wages VALUES ('Grace', 4000);
