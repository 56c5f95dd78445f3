/**
 * The schema's versions in order: the statements at index n lead from version n to n + 1 (`PRAGMA user_version`). What has
 * been released is never changed, only followed by another.
 *
 * Rows are keyed so that those of one second lie together: days first by day, periods first by start. A thousand active users
 * then touch a few pages of the file, not a thousand.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE user (
     id         INTEGER PRIMARY KEY,
     name       TEXT NOT NULL UNIQUE,
     up         INTEGER NOT NULL,
     down       INTEGER NOT NULL,
     sessions   INTEGER NOT NULL,
     first_seen INTEGER NOT NULL,
     last_seen  INTEGER NOT NULL,
     listener   TEXT NOT NULL,
     domain     TEXT NOT NULL
   ) STRICT;
   CREATE TABLE day (
     day      INTEGER NOT NULL,
     user     INTEGER NOT NULL,
     up       INTEGER NOT NULL,
     down     INTEGER NOT NULL,
     sessions INTEGER NOT NULL,
     PRIMARY KEY (day, user)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE period (
     start INTEGER NOT NULL,
     user  INTEGER NOT NULL,
     up    INTEGER NOT NULL,
     down  INTEGER NOT NULL,
     PRIMARY KEY (start, user)
   ) STRICT, WITHOUT ROWID;`,
]
